import { NoticeboardError } from '../../contracts/errors.js'
import { formatPosition } from '../../contracts/position.js'
import {
  FLEET_STATES,
  type Fleet,
  type FleetMember,
  type HistoryEntry,
  type Publisher,
} from '../../publisher/index.js'
import { withBoard, type OpenBoard } from '../boards.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { openPublisherOn, withPublisher } from '../open-publisher.js'
import { shortDigest, shortTime } from '../references.js'
import { readSettings } from '../settings.js'
import type { Style, Tone } from '../style.js'
import type { Cell } from '../table.js'

export const statusCommand: Command = {
  name: 'status',
  summary: 'show who runs what',
  usage: '[NAMESPACE]',
  text: `Shows the newest release of a namespace and what its clients report: how many run it, and one by one those that do not.
Without a namespace it lists all of them. Over a server this wants the token.`,
  options: { ...BOARD_OPTIONS, all: { text: 'list every client, also those that are current or stopped' } },
  examples: [
    'noticeboard status checkout/prod',
    'noticeboard status',
    'noticeboard status checkout/prod --all --json',
  ],
  positionals: [0, 1],
  async run(context) {
    const { io, args } = context
    const settings = await readSettings(io, args, { namespace: args.positionals[0] })
    if (settings.optionalNamespace() === undefined)
      return withBoard({ io, address: settings.address() }, board => printAll(context, board))
    await withPublisher(context, { namespace: args.positionals[0] }, ({ publisher }) =>
      printOne(context, publisher),
    )
  },
}

async function printOne({ args, print, json }: CommandContext, publisher: Publisher): Promise<void> {
  const { newest, fleet } = await look(publisher)
  const { namespace } = publisher
  if (json) return print.jsonLine({ namespace, newest: newest === undefined ? null : plain(newest), fleet })
  print.data(
    newest === undefined ? `${namespace}: nothing was published yet\n` : `${headline(namespace, newest)}\n`,
  )
  if (fleet.type === 'unknown')
    return print.data(
      `fleet: unknown (${fleet.why === 'no-reports' ? 'this board keeps no reports' : 'no client was heard yet'})\n`,
    )
  print.data(`fleet: ${countsIn(fleet, print.style)}\n`)
  const runs = fleet.running.map(
    ({ version, instances }) => `${version === undefined ? 'defaults' : `version ${version}`}: ${instances}`,
  )
  if (runs.length > 0) print.data(`running: ${runs.join(', ')}\n`)
  const quiet = new Set(['current', 'stopped', 'replaced'])
  const listed = fleet.members.filter(({ state }) => args.flag('all') || !quiet.has(state))
  if (listed.length === 0) return
  print.data('\n')
  print.table(
    ['state', 'client', 'instance', 'labels', 'strategy', 'version', 'seen', 'heard', 'why'],
    listed.map(rowOf),
  )
}

async function printAll({ io, print, json }: CommandContext, board: OpenBoard): Promise<void> {
  const { store } = board
  if (store.namespaces === undefined)
    throw new NoticeboardError('unsupported', `${board.name} cannot list its namespaces; name one`)
  const namespaces = [...(await store.namespaces(io.signal))].sort()
  const rows: Cell[][] = []
  const found: unknown[] = []
  for (const namespace of namespaces) {
    const { newest, fleet } = await look(openPublisherOn(board, { io, namespace }))
    found.push({
      namespace,
      newest: newest === undefined ? null : plain(newest),
      fleet: fleet.type === 'known' ? { type: fleet.type, counts: fleet.counts } : fleet,
    })
    const counts = fleet.type === 'known' ? fleet.counts : undefined
    rows.push([
      namespace,
      newest?.version,
      newest && formatPosition(newest.position),
      newest && shortTime(newest.issuedAt),
      ...(['current', 'behind', 'rejected', 'failed', 'missing'] as const).map((state): Cell =>
        counts === undefined ? { text: '?', tone: 'dim' } : counts[state],
      ),
    ])
  }
  if (json) return print.jsonLine(found)
  if (rows.length === 0)
    return print.note(
      'no namespace holds a release yet: noticeboard publish FILE --everyone --reason "…" makes the first',
    )
  print.table(
    ['namespace', 'version', 'position', 'published', 'current', 'behind', 'rejected', 'failed', 'missing'],
    rows,
  )
}

interface Look {
  readonly newest: HistoryEntry | undefined
  readonly fleet: Fleet
}

async function look(publisher: Publisher): Promise<Look> {
  let newest: HistoryEntry | undefined
  for await (const entry of publisher.history({ limit: 1 })) newest = entry
  return { newest, fleet: await publisher.fleet() }
}

function plain({ version, position, digest, cause, issuedAt, audit }: HistoryEntry): object {
  return { version, position, digest, cause, issuedAt, ...audit }
}

function headline(
  namespace: string,
  { version, position, digest, cause, issuedAt, audit }: HistoryEntry,
): string {
  const who = audit?.author === undefined ? '' : ` by ${audit.author}`
  const why = audit === undefined ? '' : `: ${audit.reason}`
  return `${namespace}: version ${version} (${formatPosition(position)}) ${shortDigest(digest)}, ${cause} ${shortTime(issuedAt)}${who}${why}`.replace(
    /\p{Cc}/gu,
    '�',
  )
}

const TONES: { readonly [state: string]: Tone } = {
  current: 'green',
  ahead: 'red',
  failed: 'red',
  rejected: 'red',
  missing: 'yellow',
  behind: 'yellow',
  paused: 'cyan',
}

function countsIn({ counts }: Extract<Fleet, { type: 'known' }>, style: Style): string {
  const told = [...FLEET_STATES].reverse().filter(state => counts[state] > 0)
  return ['current', ...told.filter(state => state !== 'current')]
    .map(state => style(TONES[state] ?? 'dim', `${counts[state as keyof typeof counts]} ${state}`))
    .join(', ')
}

function rowOf({ state, report, silentMs }: FleetMember): readonly Cell[] {
  const { clientId, instanceId, labels, strategy, version, seen, code, validator, path } = report
  const why = [code, path, validator && `(${validator})`].filter(part => part !== undefined).join(' ')
  return [
    { text: state, tone: TONES[state] ?? 'dim' },
    clientId,
    instanceId.slice(0, 8),
    Object.entries(labels)
      .map(([name, value]) => `${name}=${value}`)
      .join(' '),
    strategy,
    version,
    seen && formatPosition(seen),
    silentMs === undefined ? undefined : `${Math.round(silentMs / 1000)} s ago`,
    why,
  ]
}
