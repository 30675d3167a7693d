import { comparePositions, formatPosition, type Position } from '../../contracts/position.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Digest } from '../../contracts/names.js'
import type { Session } from '../../contracts/strategy.js'
import type { Transport } from '../../contracts/transport.js'
import { createLeaps } from '../../core/release/leaps.js'
import { assertDigest } from '../../core/release/digest.js'
import { decodeRelease, positionOf, type Release } from '../../core/release/release.js'
import { parseCanonical } from '../../core/json/strict-parse.js'
import { readSystem, systemHasher } from '../../system/system.js'
import { diffArms, type ReleaseChange } from '../../publisher/diff-arms.js'
import { mainVariant, severalIn } from '../../publisher/history.js'
import { hybrid } from '../../strategies/index.js'
import { withBoard, type OpenBoard } from '../boards.js'
import { formatChanges } from '../changes.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { asError } from '../exit.js'
import type { Io } from '../io.js'
import { shortDigest, shortTime } from '../references.js'
import { readSettings } from '../settings.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { variantLines } from '../variants.js'

export const watchCommand: Command = {
  name: 'watch',
  summary: 'print each change as it arrives',
  usage: '[NAMESPACE]',
  text: `Follows a namespace over a stream, without being counted as a client, and prints what changes until it is interrupted. With --json each release is
one line with its document.`,
  options: BOARD_OPTIONS,
  examples: ['noticeboard watch checkout/prod', 'noticeboard watch checkout/prod --json | jq .version'],
  lasts: true,
  positionals: [0, 1],
  async run(context) {
    const settings = await readSettings(context, { namespace: context.args.positionals[0] })
    const namespace = settings.namespace()
    await withBoard({ io: context.io, address: settings.address() }, board =>
      follow(context, board, namespace),
    )
  },
}

async function follow(
  { io, print, json }: CommandContext,
  { store, name }: OpenBoard,
  namespace: string,
): Promise<void> {
  let seen: Position | undefined
  let before: Documents | undefined
  let lost = false
  let missed = false
  const leaps = createLeaps({ clock: readSystem('watch', io.system).clock, seen })
  let leapt = false
  const session = sessionFor(io, { namespace, seen: () => seen, missed: () => missed })
  for await (const arrival of hybrid(store).deliver(session)) {
    if (arrival.type === 'interrupted') {
      // One word for a whole outage: the strategy goes on by itself.
      if (!lost) print.note(`lost: ${arrival.error.message} (${arrival.error.code}); trying again`)
      // A stranger to this board will not be let in by asking again.
      if (arrival.error.code === 'unauthorized' || arrival.error.code === 'forbidden') throw arrival.error
      lost = true
      continue
    }
    if (arrival.type === 'silent') {
      print.note(`${arrival.error.message}; polling meanwhile`)
      continue
    }
    if (lost) print.note(`back: ${name}`)
    lost = false
    if (arrival.type === 'none' && seen === undefined)
      print.note(`nothing was published in ${namespace} yet; waiting`)
    if (arrival.type !== 'release') continue
    try {
      const { release } = decodeRelease(arrival.bytes)
      if (
        release.namespace !== namespace ||
        (seen !== undefined && comparePositions(release, seen) !== 'newer')
      )
        continue
      if (arrival.from.unmanaged !== true && !leaps.follows(release)) {
        if (!leapt)
          print.note(
            `${name} says that ${formatPosition(release)} is the newest, but no log grows that far at once; ignored`,
          )
        leapt = true
        continue
      }
      missed = true
      const documents = await readDocuments(arrival.from, release, io.signal)
      missed = false
      seen = positionOf(release)
      const { cause, issuedAt, stable } = release
      const now = { stable, documents }
      const { digest } = mainVariant(release)
      const { variants } = severalIn(stable)
      if (json)
        print.jsonLine({
          namespace,
          version: stable.version,
          position: seen,
          digest,
          cause,
          issuedAt,
          document: documents.get(digest),
          ...(variants !== undefined && {
            variants: variants.map(variant => ({ ...variant, document: documents.get(variant.digest) })),
          }),
        })
      else {
        print.data(
          `${shortTime(issuedAt)} ${namespace} version ${stable.version} (${formatPosition(seen)}) ${cause} ${shortDigest(digest)}\n`,
        )
        for (const line of variantLines(variants)) print.data(`${line}\n`)
        if (before !== undefined) print.data(formatChanges(await changesBetween(before, now), print.style))
      }
      before = now
    } catch (thrown) {
      if (io.signal.aborted) return
      // The next look, which comes soon then, brings it again, since it does not count as seen.
      const { code, message } = asError(thrown)
      print.warning(`${message} (${code})`)
    }
  }
}

/** What runs by a release, with the document of each of its stable snapshots. */
interface Documents {
  readonly stable: Release['stable']
  readonly documents: ReadonlyMap<Digest, Json>
}

async function readDocuments(
  from: Transport,
  { namespace, stable }: Release,
  signal: AbortSignal,
): Promise<ReadonlyMap<Digest, Json>> {
  const documents = new Map<Digest, Json>()
  for (const { digest } of stable.variants) {
    if (documents.has(digest)) continue
    const query = { namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }
    const bytes = await from.snapshot(query, signal)
    assertDigest(systemHasher, { bytes, digest, what: `the snapshot of ${namespace}` })
    documents.set(digest, parseCanonical(bytes, { what: 'the snapshot', maxBytes: MAX_SNAPSHOT_BYTES }))
  }
  return documents
}

/** What changed for each group of clients; all documents of both are known. */
async function changesBetween(before: Documents, now: Documents): Promise<readonly ReleaseChange[]> {
  return diffArms(before.stable, now.stable, async digest => {
    const document = before.documents.get(digest) ?? now.documents.get(digest)
    if (document === undefined) throw new NoticeboardError('internal', 'a release without its document')
    return document
  })
}

/**
 * How long after a release whose document could not be read the next look comes, in milliseconds.
 */
const AGAIN_MS = 5_000

interface Progress extends Pick<Session, 'namespace' | 'seen'> {
  /** Whether the document of the newest release could not be read. */
  readonly missed: () => boolean
}

function sessionFor({ signal, system }: Io, { namespace, seen, missed }: Progress): Session {
  const { clock, random } = readSystem('watch', system)
  return {
    namespace,
    signal,
    seen,
    identity: { clientId: 'command-line', instanceId: 'command-line', ephemeral: true, labels: {} },
    clock,
    random,
    tag: () => undefined,
    have: () => undefined,
    wait: async (delayMs, within) => {
      const sooner = missed() && delayMs > AGAIN_MS
      await clock.sleep(sooner ? AGAIN_MS : delayMs, within)
      return sooner && !within.aborted ? 'asked' : 'elapsed'
    },
  }
}
