import { formatPosition, parsePosition } from '../../contracts/position.js'
import { canonicalize } from '../../core/json/canonical.js'
import type {
  ProposedDocument,
  Publisher,
  PublishOptions,
  ReleaseChange,
  Rollout,
} from '../../publisher/index.js'
import { byFlags } from '../by-flags.js'
import { formatChanges } from '../changes.js'
import { BOARD_OPTIONS, CREATE_OPTION, type Command, type CommandContext } from '../command.js'
import { assertWatchable, FORMAT_OPTION, sourceFor } from '../documents.js'
import { noteEditorsSchema } from '../editors-schema.js'
import { refusing, usageError, type ExitStatus } from '../exit.js'
import { readInstant, sayActivation } from '../instant.js'
import { withPublisher, type Desk } from '../open-publisher.js'
import { readReason, REASON_OPTION } from '../reason.js'
import { policyBy, readRolloutFlags } from '../rollout-flags.js'
import { shortDigest } from '../references.js'
import { sayStageOf } from '../progress.js'
import { readWaiting, WAIT_OPTIONS } from '../wait.js'
import { blastLines, foreseeBlast, forecastLines } from '../forecast.js'
import { waitForEnd } from '../wait-for-end.js'
import { readSystem } from '../../system/system.js'
import { VARIANT_OPTION, readVariants } from '../variant-files.js'
import { variantLines } from '../variants.js'

export const publishCommand: Command = {
  name: 'publish',
  summary: 'validate a document and publish it',
  usage: 'FILE',
  text: `Reads a JSON or YAML file (or stdin, for -), checks it and publishes it. It is checked by the schema of
the configuration file, else by the JSON Schema kept on the board, which holds types and limits, but no rules of code (refine,
transforms, validators). It goes out in stages, each on the evidence of the one before, which a
controller moves on; the first document of a namespace goes to everyone. Say why with --reason. Whoever stays with --wait moves the
rollout on meanwhile, by the gates and policies of the configuration file here. With --wait the status says how it ended:
6 rolled back, 7 paused (also by a gate or a doubt that lasts for a minute), 8 still running or clients are behind, 10 clients
refused what went out. Status 0 is for when every live client runs it, or none is there, which is said.`,
  options: {
    ...BOARD_OPTIONS,
    create: CREATE_OPTION,
    everyone: { text: 'every client at once; nothing holds it back' },
    stages: { value: 'LIST', text: 'numbers of clients and shares, the last one all: 1,10%,50%,all' },
    rehearse: { text: 'one client tries the way back before the first stage: forward, back, forward' },
    timed: { text: 'in equal steps by the clock, for boards that clients cannot report to' },
    ...WAIT_OPTIONS,
    reason: { ...REASON_OPTION, text: 'why, for the history; a dry run needs none' },
    author: {
      value: 'NAME',
      text: 'who, for the history; NOTICEBOARD_AUTHOR, or "author" in the configuration file',
    },
    'if-version': { value: 'N', text: 'only on top of this version; 0 for a namespace that is empty' },
    'if-position': {
      value: 'RELEASE',
      text: 'only right after this one, by its position, as status names it: 1-9f3a01bc:42',
    },
    'dry-run': { text: 'check everything, print what would change, write nothing' },
    'spread-ms': { value: 'N', text: 'clients spread the fetching over this long' },
    'bytes-per-second': {
      value: 'N',
      text: 'what the way to the clients may carry: they spread the fetching over as long as that takes',
    },
    'activate-at': {
      value: 'TIME',
      text: 'clients switch together then, in stages those of the last one: 2026-11-21T09:30:00Z, or +10min',
    },
    format: FORMAT_OPTION,
    variant: VARIANT_OPTION,
    schema: { value: 'FILE', text: 'check by this JSON Schema instead, this once' },
    'keep-schema': { text: 'keep that JSON Schema on the board, for whoever publishes next' },
    watch: { text: 'go on, and publish the file whenever it changes' },
    readmit: { value: 'TEXT', text: 'why a document that was withdrawn may come back' },
    'below-floor': { value: 'TEXT', text: 'why it may be looser than the floor of the configuration file' },
    supersede: { text: 'replace a rollout that is under way' },
    'ignore-reports': { text: 'publish although clients claim to have seen more than the board has' },
  },
  examples: [
    'noticeboard publish service.yaml --reason "bigger pool"',
    'noticeboard publish service.yaml --reason "bigger pool" --wait=completed --timeout 3600',
    'noticeboard publish service.json --everyone --reason "bigger pool" --if-version 7',
    'noticeboard publish service.yaml --rehearse --reason "new storage format"',
    'noticeboard publish service.json --reason "bigger pool" --dry-run',
    'noticeboard publish prod.yaml --variant region=eu:prod.eu.yaml --reason "the EU has hosts of its own"',
    'noticeboard publish <(envsubst < service.yaml) --reason "bigger pool"',
  ],
  positionals: [1, 1],
  async run(context) {
    const { args } = context
    const given = readOptions(context)
    const asked = readRolloutFlags(args)
    if (args.flag('keep-schema') && args.text('schema') === undefined)
      throw usageError('--keep-schema keeps the schema of --schema FILE; name one')
    const name = args.positionals[0] ?? ''
    const source = sourceFor(context, name)
    if (args.flag('watch')) await assertWatchable(context, name)
    return withPublisher(context, { checking: true }, async (desk): Promise<ExitStatus | void> => {
      if (desk.checks.from === 'none')
        context.print.warning(`no schema is known for ${desk.namespace}; only the form is checked`)
      const options: Options = {
        ...given,
        ...(asked !== undefined && { rollout: policyBy(asked, desk.rollout) }),
      }
      if (args.flag('watch')) return followFile(context, desk, { source, options })
      // Read before anything else is asked, so that what cannot be read is told first.
      context.io.doing?.(`reading ${source.name}`)
      const document = await source.read(context.io.signal)
      await refusing(async () => canonicalize(document))
      const variants = await readVariants(context)
      const dryRun = args.flag('dry-run')
      const ifVersion = args.integer('if-version', 0)
      const ifPosition = args.text('if-position')
      const readmit = args.text('readmit')
      const waiting = readWaiting(args)
      const rollout = await desk.publisher.publish(document, {
        ...options,
        ...(variants.length > 0 && { variants }),
        dryRun,
        drive: waiting !== undefined,
        ...(ifVersion !== undefined && { ifVersion }),
        ...(ifPosition !== undefined && { ifPosition: parsePosition(ifPosition) }),
        ...(readmit !== undefined && { readmit }),
      })
      noteEditorsSchema(context.print, { document, name: source.name, schema: desk.checks.schema })
      if (dryRun) return printDryRun(context, desk, { rollout, proposed: { document, variants } })
      // Who waits prints one document: how it ended.
      if (waiting === undefined || !context.json) printRollout(context, desk, rollout)
      if (waiting === undefined) return
      return waitForEnd(context, { publisher: desk.publisher, rollout }, waiting)
    })
  },
}

type Options = ReturnType<typeof readOptions> & Pick<PublishOptions, 'rollout'>

function readOptions({ io, args }: CommandContext) {
  // Nothing of a dry run is kept, and so neither is a reason.
  const reason =
    args.flag('dry-run') && args.text('reason') === undefined
      ? 'a dry run'
      : readReason(args, 'say why: --reason "bigger pool for the sale"; it is kept in the history')
  const follows = args.flag('watch')
  const expects = ['if-version', 'if-position'].some(name => args.text(name) !== undefined)
  if (follows && args.text('wait') !== undefined)
    throw usageError('--watch and --wait exclude each other; drop one')
  if (follows && (args.flag('dry-run') || expects))
    throw usageError('--watch excludes --dry-run, --if-version and --if-position; drop it or them')
  if (follows && args.texts('variant').length > 0)
    throw usageError('--watch follows one file; leave --variant out')
  const spreadMs = args.integer('spread-ms', 0)
  const bytesPerSecond = args.integer('bytes-per-second', 1)
  if (spreadMs !== undefined && bytesPerSecond !== undefined)
    throw usageError('--spread-ms and --bytes-per-second exclude each other; drop one')
  const activateAt = readInstant(args, 'activate-at', readSystem('publish', io.system).clock.now())
  const belowFloor = args.text('below-floor')
  return {
    ...(belowFloor !== undefined && { belowFloor }),
    reason,
    supersede: args.flag('supersede'),
    ignoreReports: args.flag('ignore-reports'),
    ...(spreadMs !== undefined && { spreadMs }),
    ...(bytesPerSecond !== undefined && { bytesPerSecond }),
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
  // It goes on until it is interrupted.
  io.doing?.(undefined)
  for await (const step of desk.publisher.follow(source, { ...settings, signal: io.signal })) {
    if (step.type === 'published') printRollout(context, desk, step.rollout)
    else print.error(step.error, { command: 'publish', json })
  }
}

/** What a dry run is about. */
interface Tried {
  readonly rollout: Rollout
  readonly proposed: ProposedDocument
}

/** What would be done, what would change, and what is foreseen: in JSON the same as for people. */
async function printDryRun(context: CommandContext, desk: Desk, { rollout, proposed }: Tried): Promise<void> {
  const { print, json } = context
  const changes = await changesTo(desk.publisher, proposed)
  const blast = rollout.forecast.length > 0 ? foreseeBlast(rollout, await desk.publisher.fleet()) : undefined
  if (json) {
    const { namespace } = desk
    return print.jsonLine({ ...plain(namespace, rollout, 'published'), changes, ...(blast && { blast }) })
  }
  printRollout(context, desk, rollout)
  print.data(formatChanges(changes, print.style))
  for (const line of [...forecastLines(rollout, desk.checks), ...blastLines(blast)]) print.data(`${line}\n`)
}

/**
 * What was done, where a release was appended: the outcome in JSON, and the first word for people.
 */
type Done =
  | 'published'
  | 'rolled-back'
  | 'paused'
  | 'resumed'
  | 'promoted'
  | 'aborted'
  | 'retreated'
  | 'readmitted'
  | 'killed'

/** What a publish, a rollback, a step of a rollout or a new epoch came to. */
export function printRollout(
  { io, print, json }: CommandContext,
  { namespace }: Pick<Desk, 'namespace'>,
  rollout: Rollout,
  done: Done = 'published',
): void {
  if (json) return print.jsonLine(plain(namespace, rollout, done))
  const { version, position, digest, withdrawn, state, controllers } = rollout
  const { activateAt, previousVersion, variants } = rollout
  // Versions can go back, and then a number alone looks like another one's.
  const goesBack = previousVersion !== undefined && previousVersion > version
  const numbers = goesBack ? `from version ${previousVersion} to version ${version}` : `version ${version}`
  print.data(
    `${whatOf(rollout, done)} ${namespace} ${numbers} (${formatPosition(position)}) ${shortDigest(digest)}${whereOf(rollout, done)}\n`,
  )
  for (const line of variantLines(variants)) print.data(`${line}\n`)
  if (controllers.length > 0) print.data(`moved on by: ${controllers.join(', ')}\n`)
  if (activateAt !== undefined) {
    const nowMs = readSystem('publish', io.system).clock.now()
    print.data(`${sayActivation(activateAt, { isStaged: state !== 'everyone', nowMs })}\n`)
  }
  for (const note of notesOf(rollout, done)) print.note(note)
  for (const digestLeft of withdrawn) print.note(`withdrew ${shortDigest(digestLeft)}`)
}

/** What was done, in the words that a line begins with. */
function whatOf({ outcome, state }: Rollout, done: Done): string {
  switch (outcome) {
    case 'published':
      return done.replaceAll('-', ' ')
    case 'dry-run':
      return 'would publish'
    case 'unchanged':
      return `unchanged, ${alreadySo(state, done)}:`
  }
}

/** Why nothing was appended: it stands already where it was to be brought. */
function alreadySo(state: Rollout['state'], done: Done): string {
  switch (done) {
    case 'killed':
      return 'the patch changes nothing'
    case 'paused':
      return 'paused already'
    case 'aborted':
    case 'retreated':
      return 'taken back already'
    case 'published':
    case 'readmitted':
    case 'rolled-back':
    case 'resumed':
    case 'promoted':
      return state === 'running' || state === 'paused' ? 'under way already' : 'runs already'
  }
}

/** Whom it reaches: where a rollout stands, and of a kill that no stage holds it up. */
function whereOf(rollout: Rollout, done: Done): string {
  const { outcome, state } = rollout
  const reach = done === 'killed' && outcome === 'published' ? ', for everybody at once' : ''
  if (state === 'everyone') return reach
  const stands = `${state}, ${sayStageOf(rollout)}`
  return reach === '' ? `, ${stands}` : `${reach}; the rollout is ${stands}`
}

/**
 * What is to be said of it besides; of a step that was taken already, what becomes of its reason.
 */
function notesOf({ outcome, notes }: Rollout, done: Done): readonly string[] {
  if (outcome !== 'unchanged' || done === 'published') return notes
  return [...notes, 'nothing was appended, so the reason is not kept in the history']
}

function plain(namespace: string, rollout: Rollout, done: Done): object {
  const { version, position, digest, withdrawn, mirrors, id, state, stage, of } = rollout
  const { controllers, forecast, builds, rehearsal, awaitsGates, skipped, activateAt } = rollout
  const { previousVersion, variants } = rollout
  const notes = notesOf(rollout, done)
  return {
    outcome: rollout.outcome === 'published' ? done : rollout.outcome,
    namespace,
    version,
    ...(previousVersion !== undefined && { previousVersion }),
    position,
    digest,
    ...(variants !== undefined && { variants }),
    ...(activateAt !== undefined && { activateAt }),
    state,
    ...(state !== 'everyone' && {
      stage,
      of,
      ...(rehearsal !== undefined && { rehearsal }),
      ...(awaitsGates !== undefined && { awaitsGates }),
      ...(skipped.length > 0 && { skipped }),
      ...(id !== undefined && { rollout: id }),
      ...(done === 'published' && { controllers }),
    }),
    ...(withdrawn.length > 0 && { withdrawn }),
    ...(mirrors.length > 0 && { mirrors }),
    ...(notes.length > 0 && { notes: notes.map(byFlags) }),
    ...(forecast.length > 0 && { forecast }),
    ...(builds.length > 0 && { builds }),
  }
}

async function changesTo(
  publisher: Publisher,
  proposed: ProposedDocument,
): Promise<readonly ReleaseChange[]> {
  return (await publisher.current()) === undefined ? [] : publisher.diff('current', proposed)
}
