import { formatPosition } from '../../contracts/position.js'
import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import { groupBy } from '../../core/group-by.js'
import { sayDeath } from '../../core/report/say-death.js'
import {
  FLEET_STATES,
  type Alarm,
  type Fleet,
  type FleetMember,
  type HistoryEntry,
  type Publisher,
  type RunningVersion,
} from '../../publisher/index.js'
import { describe } from '../../publisher/history.js'
import { sayNotProtected } from '../../rollouts/index.js'
import { namespacesOf, withBoard, type OpenBoard } from '../boards.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import type { CommandLineConfig } from '../config-file.js'
import { newestFor, type NewestQuery } from '../newest.js'
import { openPublisherOn, withPublisher, type Desk } from '../open-publisher.js'
import { EXIT, type ExitStatus } from '../exit.js'
import { foldMissing, type MissingGroup } from '../fold-missing.js'
import { sayActivation, sayLength, sayRange } from '../instant.js'
import { readMs } from '../quantities.js'
import { headlines, originsOf, type Origins } from '../headlines.js'
import { shortDigest, shortTime } from '../references.js'
import { readSettings } from '../settings.js'
import { sayStageAtHand, stageAtHand, type StageAtHand } from '../stage-at-hand.js'
import type { Style, Tone } from '../style.js'
import type { Cell } from '../table.js'
import { readSystem } from '../../system/system.js'

export const statusCommand: Command = {
  name: 'status',
  summary: 'show who runs what',
  usage: '[NAMESPACE]',
  text: `Shows the newest release of a namespace and what its clients report: how many run it, and one by one those that do not, fifty of a state.
Alarms come first: what somebody should look at. Without a namespace it lists all of them. Over a server this needs the token.`,
  options: {
    ...BOARD_OPTIONS,
    all: { text: 'list every client one by one, also those that are current or stopped' },
    'missing-for': {
      value: 'TIME',
      text: 'list those that are missing for at least so long, one by one: 30min, 2h',
    },
    check: { text: `exit with ${EXIT.alarm} when there is an alarm, for a monitor that runs commands` },
  },
  examples: [
    'noticeboard status checkout/prod',
    'noticeboard status',
    'noticeboard status checkout/prod --all --json',
    'noticeboard status --check',
  ],
  positionals: [0, 1],
  async run(context): Promise<ExitStatus | void> {
    const { io, args } = context
    const settings = await readSettings(context, { namespace: args.positionals[0] })
    // How far it is with all of them says more than what each call does.
    const { doing: _, ...quiet } = io
    const alarms =
      settings.optionalNamespace() === undefined
        ? await withBoard({ io: quiet, address: settings.address() }, board =>
            printAll(context, board, settings.rollouts),
          )
        : await withPublisher(context, { namespace: args.positionals[0] }, desk => printOne(context, desk))
    return args.flag('check') && alarms > 0 ? EXIT.alarm : undefined
  },
}

/** Prints one namespace, and returns how many alarms it has. */
async function printOne(
  context: CommandContext,
  { publisher, board: { store }, namespace }: Desk,
): Promise<number> {
  const found = await look(publisher, { io: context.io, store, namespace })
  const { newest } = found
  // As JSON the newest release speaks for itself.
  const isTold = newest?.release.candidate !== undefined && !context.json
  show(context, publisher, { ...found, origins: isTold ? await originsOf(publisher, newest) : new Map() })
  return found.alarms.length
}

function show(
  { io, args, print, json }: CommandContext,
  { namespace }: Pick<Publisher, 'namespace'>,
  { newest, stage, fleet, alarms, origins }: Look & { readonly origins: Origins },
): void {
  if (json)
    return print.jsonLine({
      namespace,
      newest: newest === undefined ? null : plain(newest),
      ...(stage !== undefined && { rollout: stage }),
      alarms,
      fleet,
    })
  if (newest === undefined) print.data(`${namespace}: nothing was published yet\n`)
  else for (const line of headlines(namespace, newest, origins)) print.data(`${line}\n`)
  if (stage !== undefined) print.data(`${sayStageAtHand(stage)}\n`)
  if (newest?.activateAt !== undefined) {
    const isStaged = newest.release.rollout !== undefined
    const nowMs = readSystem('status', io.system).clock.now()
    print.data(`${sayActivation(newest.activateAt, { isStaged, nowMs })}\n`)
  }
  for (const { name, severity, says } of alarms)
    print.data(`${print.style(SEVERITY_TONES[severity], `alarm ${name}`)}: ${says}\n`)
  if (fleet.type === 'unknown') return print.data(`fleet: unknown (${UNKNOWN[fleet.why]})\n`)
  print.data(`fleet: ${countsIn(fleet, print.style)}\n`)
  const runs = fleet.running.map(running => `${sayRunning(running)}: ${running.instances}`)
  if (runs.length > 0) print.data(`running: ${runs.join(', ')}\n`)
  const live = fleet.running.reduce((sum, { instances }) => sum + instances, 0)
  if (fleet.heardBefore !== undefined)
    print.data(
      `heard before: the last words of ${fleet.heardBefore} of ${live} instances are from before this server was started, and may be out of a backup\n`,
    )
  if (fleet.unprotected > 0)
    print.data(`protection: ${sayNotProtected(fleet.unprotected, live, 'instances')}\n`)
  const { listed, groups } = toList(fleet.members, {
    all: args.flag('all'),
    missingForMs: readMs(args, 'missing-for'),
  })
  if (listed.length + groups.length === 0) return
  print.data('\n')
  const shown = args.flag('all') || args.text('missing-for') !== undefined ? listed : fewOfEach(listed)
  print.table(
    ['state', 'client', 'instance', 'labels', 'strategy', 'version', 'seen', 'heard', 'why'],
    [...shown.map(rowOf), ...groups.map(groupRow)],
  )
  if (shown.length < listed.length) print.data(`and ${listed.length - shown.length} more; --all lists them\n`)
}

/**
 * How many of one state are listed one by one, unless all are asked for: strangers may be
 * thousands.
 */
const LISTED = 50

function fewOfEach(members: readonly FleetMember[]): readonly FleetMember[] {
  return [...groupBy(members, ({ state }) => state).values()].flatMap(alike => alike.slice(0, LISTED))
}

const QUIET: ReadonlySet<string> = new Set(['current', 'stopped', 'replaced'])

/** What is shown one by one, and what in one row. */
function toList(
  members: readonly FleetMember[],
  { all, missingForMs }: { readonly all: boolean; readonly missingForMs: number | undefined },
): { readonly listed: readonly FleetMember[]; readonly groups: readonly MissingGroup[] } {
  if (missingForMs !== undefined) {
    const gone = members.filter(({ state, silentMs = 0 }) => state === 'missing' && silentMs >= missingForMs)
    return { listed: gone, groups: [] }
  }
  if (all) return { listed: members, groups: [] }
  const { single, groups } = foldMissing(members.filter(({ state }) => !QUIET.has(state)))
  return { listed: single, groups }
}

function groupRow({ members, labels, silentMs: [least, most] }: MissingGroup): readonly Cell[] {
  return [
    { text: 'missing', tone: TONES['missing'] ?? 'dim' },
    `${members.length} instances`,
    '',
    sayLabels(labels),
    '',
    '',
    '',
    `${sayRange(least, most)} ago`,
    '--all lists them',
  ]
}

/** How many UTF-16 code units of labels a row has room for. */
const LABELS_LENGTH = 120

function sayLabels(labels: Readonly<Record<string, string>>): string {
  const text = Object.entries(labels)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
  return text.length <= LABELS_LENGTH ? text : `${text.slice(0, LABELS_LENGTH).trimEnd()}…`
}

/** Prints every namespace, and returns how many alarms there are. */
async function printAll(
  { io, print, json }: CommandContext,
  board: OpenBoard,
  { policies }: Pick<CommandLineConfig, 'policies'>,
): Promise<number> {
  io.doing?.('listing the namespaces')
  const namespaces = await namespacesOf(board, io.signal)
  const rows: Cell[][] = []
  const found: unknown[] = []
  let count = 0
  let done = 0
  const looks = await inGroups(namespaces, AT_ONCE, async namespace => {
    io.doing?.(`looking at the namespaces, ${done} of ${namespaces.length} so far`)
    const publisher = openPublisherOn(board, { io, namespace, policies })
    const seen = { namespace, ...(await look(publisher, { io, store: board.store, namespace })) }
    done += 1
    return seen
  })
  for (const { namespace, newest, stage, fleet, alarms } of looks) {
    found.push({
      namespace,
      newest: newest === undefined ? null : plain(newest),
      ...(stage !== undefined && { rollout: stage }),
      alarms,
      fleet: fleet.type === 'known' ? { type: fleet.type, counts: fleet.counts } : fleet,
    })
    count += alarms.length
    const counts = fleet.type === 'known' ? fleet.counts : undefined
    const [alarm] = alarms
    rows.push([
      namespace,
      newest?.version,
      newest && formatPosition(newest.position),
      newest && shortTime(newest.issuedAt),
      ...(['current', 'ahead', 'behind', 'rejected', 'failed', 'missing'] as const).map((state): Cell =>
        counts === undefined ? { text: '?', tone: 'dim' } : counts[state],
      ),
      alarm && {
        text: `${alarm.name}${alarms.length > 1 ? ` +${alarms.length - 1}` : ''}`,
        tone: SEVERITY_TONES[alarm.severity],
      },
    ])
  }
  if (json) print.jsonLine(found)
  else if (rows.length === 0)
    print.note('no namespace holds a release yet: noticeboard publish FILE --reason "…" makes the first')
  else print.table(HEADINGS, rows)
  return count
}

/** How many namespaces are asked for at the same time. */
const AT_ONCE = 16

async function inGroups<Item, Result>(
  items: readonly Item[],
  size: number,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = []
  for (let from = 0; from < items.length; from += size)
    results.push(...(await Promise.all(items.slice(from, from + size).map(work))))
  return results
}

const HEADINGS = [
  'namespace',
  'version',
  'position',
  'published',
  'current',
  'ahead',
  'behind',
  'rejected',
  'failed',
  'missing',
  'alarm',
]

const UNKNOWN: Readonly<Record<Extract<Fleet, { type: 'unknown' }>['why'], string>> = {
  'no-reports': 'this board keeps no reports',
  'never-heard': 'no client was heard',
  'not-yet-heard': 'no client was heard yet',
}

interface Look {
  readonly newest: HistoryEntry | undefined
  /** Undefined while no rollout goes on. */
  readonly stage: StageAtHand | undefined
  readonly fleet: Fleet
  readonly alarms: readonly Alarm[]
}

async function look(publisher: Publisher, query: NewestQuery): Promise<Look> {
  const newest = await newestIn(publisher, query)
  // At once, so that they are told by the same reports.
  const [fleet, alarms] = await Promise.all([publisher.fleet(), publisher.alarms()]).catch(
    (error: unknown): never => {
      if (!isNoticeboardError(error, 'not-found')) throw error
      throw new NoticeboardError(
        'not-found',
        `${query.store.name} shows no reports: a server without tokens shows them to nobody. Start it with the option \`tokens\`, which a relay takes too, or ask the server of the board itself`,
        { cause: error },
      )
    },
  )
  const { hasher } = readSystem('status', query.io.system)
  return { newest, stage: newest && stageAtHand(newest.release, fleet, hasher), fleet, alarms }
}

/** The newest release with its audit record; from a relay, which has no history, without it. */
async function newestIn(publisher: Publisher, query: NewestQuery): Promise<HistoryEntry | undefined> {
  try {
    for await (const entry of publisher.history({ limit: 1 })) return entry
    return undefined
  } catch (error) {
    if (!isNoticeboardError(error, 'not-found')) throw error
    return describe((await newestFor('status', query)).release)
  }
}

function plain({ release: { candidate }, audit, ...entry }: HistoryEntry): object {
  return { ...entry, ...(candidate !== undefined && { candidate }), ...audit }
}

const SEVERITY_TONES: Readonly<Record<Alarm['severity'], Tone>> = { critical: 'red', warning: 'yellow' }

const TONES: { readonly [state: string]: Tone } = {
  current: 'green',
  ahead: 'red',
  diverged: 'red',
  crashed: 'red',
  failed: 'red',
  rejected: 'red',
  unsupported: 'red',
  missing: 'yellow',
  behind: 'yellow',
  paused: 'cyan',
}

/** What some clients run. A pin file has no version, and a client that is paused may have none. */
function sayRunning({ version, paused }: RunningVersion): string {
  if (version !== undefined) return `version ${version}`
  return paused === true ? 'pin file, or defaults of paused ones' : 'defaults'
}

function countsIn({ counts, pinned }: Extract<Fleet, { type: 'known' }>, style: Style): string {
  const told = [...FLEET_STATES].reverse().filter(state => counts[state] > 0)
  const held = pinned === undefined ? '' : ` (${pinned} by a pin file)`
  return (['current', ...told.filter(state => state !== 'current')] as const)
    .map(state => style(TONES[state] ?? 'dim', `${counts[state]} ${state}${state === 'paused' ? held : ''}`))
    .join(', ')
}

function rowOf({ state, report, silentMs, unprotected }: FleetMember): readonly Cell[] {
  const { clientId, instanceId, labels, strategy, version, seen, code, validator, path } = report
  const { phase, refused, reason, previous } = report
  const held =
    phase === 'quarantined' && refused !== undefined ? `quarantined ${shortDigest(refused)}` : undefined
  const death = state === 'crashed' && previous !== undefined ? sayDeath(previous) : undefined
  const why = [
    held,
    death,
    code,
    path,
    validator && `(${validator}${reason === undefined ? '' : ` ${reason}`})`,
    unprotected === true ? 'not protected' : undefined,
  ]
    .filter(part => part !== undefined)
    .join(' ')
  return [
    { text: state, tone: TONES[state] ?? 'dim' },
    clientId,
    instanceId.slice(0, 8),
    sayLabels(labels),
    strategy,
    version,
    seen && formatPosition(seen),
    silentMs === undefined ? undefined : `${sayLength(silentMs)} ago`,
    why,
  ]
}
