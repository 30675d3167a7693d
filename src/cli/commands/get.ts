import { NoticeboardError } from '../../contracts/errors.js'
import type { Identity } from '../../contracts/identity.js'
import { assertDigest } from '../../core/release/digest.js'
import { parseCanonical } from '../../core/json/strict-parse.js'
import { sayMatch } from '../../core/release/labels.js'
import type { Arm } from '../../core/release/release.js'
import { target } from '../../core/release/target.js'
import { readSystem, systemHasher } from '../../system/system.js'
import { withBoard, type OpenBoard } from '../boards.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { usageError } from '../exit.js'
import { sayInstant } from '../instant.js'
import { inForce } from '../newest.js'
import { withPublisher } from '../open-publisher.js'
import { parseReference } from '../references.js'
import { readSettings } from '../settings.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'

export const getCommand: Command = {
  name: 'get',
  summary: 'print the document that runs',
  usage: '[NAMESPACE]',
  text: `Prints the document that clients run now, also while a newer one waits for its --activate-at: indented on a terminal, else the exact bytes of the snapshot. With --client and --label it is
the one for a client of that name and those labels; where clients with certain labels get another one, and none is given, stderr says so.`,
  options: {
    ...BOARD_OPTIONS,
    at: {
      value: 'VERSION',
      text: 'another one, also what a rollout tries: a version, a position, or the first 8 digits of a digest; needs the token',
    },
    client: { value: 'ID', text: 'as a client of this name gets it' },
    label: {
      value: 'NAME=VALUE',
      multiple: true,
      text: 'as a client with this label gets it; several are allowed',
    },
  },
  examples: [
    'noticeboard get checkout/prod',
    'noticeboard get checkout/prod --label region=eu',
    'noticeboard get checkout/prod --at 5 > old.json',
  ],
  positionals: [0, 1],
  async run(context) {
    const { io, args } = context
    const namespace = args.positionals[0]
    const at = args.text('at')
    const identity = readIdentity(context)
    if (at !== undefined) {
      const ref = parseReference(at)
      return withPublisher(context, { namespace }, async ({ publisher, board }) => {
        const { digest, version, release } = await publisher.read(ref, { labels: identity.labels })
        const { stable, candidate } = release
        noteVariants(context, candidate?.version === version ? candidate : stable)
        await printSnapshot(context, board, { namespace: publisher.namespace, digest })
      })
    }
    const settings = await readSettings(context, { namespace })
    const name = settings.namespace()
    await withBoard({ io, address: settings.address() }, async board => {
      const { release, coming } = await inForce('get', { io, store: board.store, namespace: name })
      if (coming !== undefined) {
        const then = sayInstant(coming.activateAt, readSystem('get', io.system).clock.now())
        context.print.note(
          release === coming
            ? `this is not in force yet: clients switch to it at ${then}`
            : `version ${coming.stable.version} waits: clients switch to it at ${then}; noticeboard get --at ${coming.stable.version} prints it`,
        )
      }
      noteVariants(context, release.stable)
      const wanted = target(release, { identity, refused: () => false, hasher: systemHasher })
      if (wanted.arm === 'keep')
        throw new NoticeboardError(
          'internal',
          'a release asked a client that refused nothing to keep what it has',
        )
      await printSnapshot(context, board, { namespace: name, digest: wanted.digest })
    })
  },
}

/** Says which labels get another document, to who asked for none. */
function noteVariants({ args, print }: CommandContext, { variants }: Arm): void {
  if (args.texts('label').length > 0 || args.text('client') !== undefined) return
  for (const { when } of variants) {
    if (when === undefined) continue
    const labels = Object.entries(when).map(([name, [value = '']]) => `--label ${name}=${value}`)
    print.note(`clients with ${sayMatch(when)} get another document: noticeboard get ${labels.join(' ')}`)
  }
}

async function printSnapshot(
  { io, print, json }: CommandContext,
  { store }: OpenBoard,
  query: { readonly namespace: string; readonly digest: string },
): Promise<void> {
  const maxSnapshotBytes = Math.max(store.maxSnapshotBytes, MAX_SNAPSHOT_BYTES)
  const bytes = await store.snapshot({ ...query, maxSnapshotBytes }, io.signal)
  assertDigest(systemHasher, { bytes, digest: query.digest, what: `the snapshot of ${query.namespace}` })
  if (json || io.stdout.isTTY !== true) return print.data(bytes)
  const document = parseCanonical(bytes, { what: 'the snapshot', maxBytes: maxSnapshotBytes })
  print.data(`${JSON.stringify(document, null, 2)}\n`)
}

function readIdentity({ args }: CommandContext): Identity {
  const labels = args.texts('label').map(label => {
    const at = label.indexOf('=')
    if (at < 1 || at === label.length - 1) throw usageError('--label must be NAME=VALUE, such as region=eu')
    return [label.slice(0, at), label.slice(at + 1)] as const
  })
  return {
    clientId: args.text('client') ?? '',
    instanceId: 'command-line',
    ephemeral: true,
    labels: Object.fromEntries(labels),
  }
}
