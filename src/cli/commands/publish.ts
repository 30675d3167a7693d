import { formatPosition } from '../../contracts/position.js'
import { canonicalize } from '../../core/json/canonical.js'
import { diffDocuments, everyone, type Publisher, type Rollout } from '../../publisher/index.js'
import { formatChanges } from '../changes.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { sourceFor } from '../documents.js'
import { refusing, usageError } from '../exit.js'
import { withPublisher, type Desk } from '../open-publisher.js'
import { shortDigest } from '../references.js'

export const publishCommand: Command = {
  name: 'publish',
  summary: 'validate a document and publish it',
  usage: 'FILE',
  text: `Reads a JSON or YAML file (or JSON from stdin, for -), checks it and publishes it. It is checked by the schema of
the configuration file, else by the JSON Schema kept on the board. Clients get it as soon as they look: say so with
--everyone, and say why with --reason.`,
  options: {
    ...BOARD_OPTIONS,
    everyone: { text: 'every client at once; nothing holds it back' },
    reason: { value: 'TEXT', short: 'm', text: 'why, for the history' },
    author: {
      value: 'NAME',
      text: 'who, for the history; NOTICEBOARD_AUTHOR, or "author" in the configuration file',
    },
    'if-version': { value: 'N', text: 'only on top of this version; 0 for a namespace that is empty' },
    'dry-run': { text: 'check everything, print what would change, write nothing' },
    'spread-ms': { value: 'N', text: 'clients spread the fetching over this long' },
    'activate-at': { value: 'TIME', text: 'clients switch at this time, such as 2026-11-21T09:30:00Z' },
    schema: { value: 'FILE', text: 'check by this JSON Schema instead' },
    watch: { text: 'go on, and publish the file whenever it changes' },
    supersede: { text: 'replace a rollout that is under way' },
    'ignore-reports': { text: 'publish although clients claim to have seen more than the board has' },
  },
  examples: [
    'noticeboard publish service.yaml --everyone --reason "bigger pool"',
    'noticeboard publish service.json --everyone --reason "bigger pool" --if-version 7',
    'noticeboard publish service.json --everyone --reason "bigger pool" --dry-run',
  ],
  positionals: [1, 1],
  async run(context) {
    const { args } = context
    const options = readOptions(context)
    const source = sourceFor(context.io, args.positionals[0] ?? '')
    await withPublisher(context, { checking: true }, async desk => {
      if (desk.checks.from === 'none')
        context.print.warning(`no schema is known for ${desk.namespace}; only the form is checked`)
      if (args.flag('watch')) return followFile(context, desk, { source, options })
      // Read before anything else is asked, so that what cannot be read is told first.
      const document = await source.read(context.io.signal)
      await refusing(async () => canonicalize(document))
      const dryRun = args.flag('dry-run')
      const ifVersion = args.integer('if-version', 0)
      const rollout = await desk.publisher.publish(document, {
        ...options,
        dryRun,
        ...(ifVersion !== undefined && { ifVersion }),
      })
      printRollout(context, desk, rollout)
      if (dryRun && !context.json)
        context.print.data(formatChanges(await changesTo(desk.publisher, document), context.print.style))
    })
  },
}

type Options = ReturnType<typeof readOptions>

function readOptions({ args }: CommandContext) {
  if (!args.flag('everyone')) {
    throw usageError(
      'this would reach every client at once, and nothing says that you want that: add --everyone, and --reason "why"',
    )
  }
  const reason = args.text('reason')
  if (reason === undefined || reason.trim() === '')
    throw usageError('say why: --reason "bigger pool for the sale"; it is kept in the history')
  if (args.flag('watch') && (args.flag('dry-run') || args.text('if-version') !== undefined))
    throw usageError('--watch goes with neither --dry-run nor --if-version')
  const spreadMs = args.integer('spread-ms', 0)
  const written = args.text('activate-at')
  const activateAt = written === undefined ? undefined : new Date(written)
  if (activateAt !== undefined && Number.isNaN(activateAt.getTime()))
    throw usageError('--activate-at wants a time such as 2026-11-21T09:30:00Z')
  return {
    rollout: everyone(),
    reason,
    supersede: args.flag('supersede'),
    ignoreReports: args.flag('ignore-reports'),
    ...(spreadMs !== undefined && { spreadMs }),
    ...(activateAt !== undefined && { activateAt }),
  }
}

interface Followed {
  readonly source: ReturnType<typeof sourceFor>
  readonly options: Options
}

async function followFile(context: CommandContext, desk: Desk, { source, options }: Followed): Promise<void> {
  const { io, print, json } = context
  const { activateAt: _once, ...settings } = options
  for await (const step of desk.publisher.follow(source, { ...settings, signal: io.signal })) {
    if (step.type === 'published') printRollout(context, desk, step.rollout)
    else print.error(step.error, { command: 'publish', json })
  }
}

/** What a publish, a rollback or a new epoch came to. */
export function printRollout(
  { print, json }: CommandContext,
  { namespace }: Pick<Desk, 'namespace'>,
  rollout: Rollout,
): void {
  const { outcome, version, position, digest, withdrawn, mirrors } = rollout
  if (json)
    return print.jsonLine({
      outcome,
      namespace,
      version,
      position,
      digest,
      ...(withdrawn.length > 0 && { withdrawn }),
      ...(mirrors.length > 0 && { mirrors }),
    })
  const what = { published: 'published', unchanged: 'unchanged, runs already:', 'dry-run': 'would publish' }[
    outcome
  ]
  print.data(`${what} ${namespace} version ${version} (${formatPosition(position)}) ${shortDigest(digest)}\n`)
  for (const digestLeft of withdrawn) print.note(`withdrew ${shortDigest(digestLeft)}`)
}

async function changesTo(publisher: Publisher, document: unknown): Promise<ReturnType<typeof diffDocuments>> {
  const current = await publisher.current()
  return current === undefined
    ? []
    : diffDocuments(current.document, JSON.parse(JSON.stringify(document)) as typeof current.document)
}
