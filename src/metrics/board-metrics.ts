import { ALARM_NAMES, ALARM_SEVERITIES } from '../alarms/index.js'
import { canAppend, canRead } from '../contracts/capabilities.js'
import { NoticeboardError } from '../contracts/errors.js'
import { parseNamespace, type Namespace } from '../contracts/names.js'
import type { System } from '../contracts/system.js'
import type { Store } from '../contracts/transport.js'
import { checkOptions, checkPositive } from '../core/options.js'
import { stageNumberOf } from '../core/release/rollout.js'
import { FLEET_STATES } from '../fleet/summary.js'
import { lookAtBoard, type BoardLook } from '../publisher/look-at-board.js'
import { readSystem } from '../system/system.js'
import type { Prometheus, PrometheusCounter, PrometheusGauge } from './prometheus.js'

/** What the metrics of a board are made of. */
export interface BoardMetricsOptions<Register> {
  /** The module prom-client. */
  readonly prom: Prometheus<Register>
  /** Default: the registry of the module. */
  readonly register?: Register
  /** Which namespaces are shown. Default: all that the store names. */
  readonly namespaces?: readonly Namespace[]
  /**
   * The server that serves the board, for the number of its connections:
   * `() => server.handler.load`. Default: none, and those numbers are left out.
   */
  readonly load?: () => ServerLoad
  /**
   * How long one look at the board serves the scrapes that follow, in milliseconds. Default 5,000.
   */
  readonly maxAgeMs?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
}

/** How much of what it takes a server has taken. */
export interface ServerLoad {
  /** How many connections of the event stream are open. */
  readonly connections: number
  /** How many of them there may be. */
  readonly maxConnections: number
  /** Of how many instances reports are kept. */
  readonly instances: number
  /** How many of them there is room for. */
  readonly maxInstances: number
  /** What deltas have saved since the server began. */
  readonly deltas?: ServerSavings
  /** What encoded snapshots have saved. */
  readonly encodings?: ServerSavings
}

/** What a shorter form of snapshots has saved a server. */
export interface ServerSavings {
  /** How many it made. */
  readonly made: number
  /** How many it gave to readers in the place of whole snapshots. */
  readonly served: number
  /** How many bytes it did not send for that. */
  readonly bytesSaved: number
}

/** The share of what a server takes from which on it is called saturated. */
const SATURATED = 0.9

interface Look {
  readonly atMs: number
  readonly namespaces: readonly BoardLook[]
  readonly load: ServerLoad | undefined
}

type Fill = (look: Look, set: (labels: Readonly<Record<string, string>>, value: number) => void) => void

/**
 * Shows the namespaces of a store in Prometheus: what was released, who runs it, where rollouts
 * stand, and every alarm of docs/alarms.md. The board is read when metrics are collected, once for
 * all of them. Throws `invalid-option`.
 *
 * ```ts
 * import * as prom from 'prom-client'
 *
 * boardMetrics(store, { prom })
 * app.get('/metrics', async (_request, response) => response.send(await prom.register.metrics()))
 * ```
 */
export function boardMetrics<Register extends object>(
  store: Store,
  options: BoardMetricsOptions<Register>,
): void {
  checkOptions('boardMetrics()', options, {
    prom: true,
    register: true,
    namespaces: true,
    load: true,
    maxAgeMs: true,
    system: true,
  })
  const { prom, register = prom.register, load, maxAgeMs = 5_000 } = options
  checkPositive('boardMetrics()', { maxAgeMs })
  if (!canRead(store) || !canAppend(store))
    throw new NoticeboardError(
      'invalid-option',
      'boardMetrics(): store must be a store that can append, such as fileStore(folder)',
    )
  if (store.namespaces === undefined && options.namespaces === undefined)
    throw new NoticeboardError(
      'invalid-option',
      `boardMetrics(): ${store.name} cannot list its namespaces; pass { namespaces: ['checkout/prod'] }`,
    )
  const system = readSystem('boardMetrics()', options.system)
  const namespaces = options.namespaces?.map(parseNamespace)

  let last: { readonly atMs: number; readonly look: Promise<Look> } | undefined
  const lookNow = async (atMs: number): Promise<Look> => ({
    atMs,
    // A scrape is not called off: stores bound each call in time by themselves.
    namespaces: await lookAtBoard(store, { namespaces, system, signal: new AbortController().signal }),
    load: load?.(),
  })
  // All gauges are collected at the same time, and each asks.
  const look = (): Promise<Look> => {
    const nowMs = system.clock.monotonic()
    if (last === undefined || nowMs - last.atMs >= maxAgeMs) last = { atMs: nowMs, look: lookNow(nowMs) }
    return last.look
  }
  for (const { name, help, labelNames, fill } of GAUGES)
    new prom.Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [register],
      async collect(this: PrometheusGauge) {
        const found = await look()
        this.reset()
        fill(found, (labels, value) => this.set(labels, value))
      },
    })
  for (const { name, help, pick } of COUNTERS)
    new prom.Counter({
      name,
      help,
      labelNames: ['form'],
      registers: [register],
      async collect(this: PrometheusCounter) {
        const { load: found } = await look()
        this.reset()
        if (found?.deltas !== undefined) this.inc({ form: 'delta' }, pick(found.deltas))
        if (found?.encodings !== undefined) this.inc({ form: 'encoding' }, pick(found.encodings))
      },
    })
}

const GAUGES: readonly {
  readonly name: string
  readonly help: string
  readonly labelNames: readonly string[]
  readonly fill: Fill
}[] = [
  {
    name: 'noticeboard_release_version',
    help: 'The version that is stable in the newest release',
    labelNames: ['namespace'],
    fill: ofEach(({ namespace, newest }, set) => {
      if (newest !== undefined) set({ namespace }, newest.stable.version)
    }),
  },
  {
    name: 'noticeboard_release_issued_seconds',
    help: 'When the newest release was issued, in seconds since 1970',
    labelNames: ['namespace'],
    fill: ofEach(({ namespace, newest }, set) => {
      if (newest !== undefined) set({ namespace }, Date.parse(newest.issuedAt) / 1_000)
    }),
  },
  {
    name: 'noticeboard_clients',
    help: 'Instances by where they stand to the newest release',
    labelNames: ['namespace', 'state'],
    fill: ofEach(({ namespace, fleet }, set) => {
      if (fleet.type === 'known')
        for (const state of FLEET_STATES) set({ namespace, state }, fleet.counts[state])
    }),
  },
  {
    name: 'noticeboard_clients_unprotected',
    help: 'Live instances that no state on disk protects over a restart',
    labelNames: ['namespace'],
    fill: ofEach(({ namespace, fleet }, set) => {
      if (fleet.type === 'known') set({ namespace }, fleet.unprotected)
    }),
  },
  {
    name: 'noticeboard_rollout_stage',
    help: 'The stage of the rollout of the newest release, from 1 on; 0 before the first one',
    labelNames: ['namespace', 'state'],
    fill: ofEach(({ namespace, newest }, set) => {
      const rollout = newest?.rollout
      if (rollout !== undefined) set({ namespace, state: rollout.state }, stageNumberOf(rollout))
    }),
  },
  {
    name: 'noticeboard_alarm',
    help: '1 for each alarm that stands, 0 for the others; docs/alarms.md says what to do',
    labelNames: ['namespace', 'alarm', 'severity'],
    fill(look, set) {
      for (const { namespace, alarms } of look.namespaces)
        for (const name of ALARM_NAMES) {
          if (name === 'saturated') continue
          const severity = ALARM_SEVERITIES[name]
          set({ namespace, alarm: name, severity }, alarms.some(alarm => alarm.name === name) ? 1 : 0)
        }
      if (look.load === undefined) return
      const severity = ALARM_SEVERITIES.saturated
      set({ namespace: '', alarm: 'saturated', severity }, isSaturated(look.load) ? 1 : 0)
    },
  },
  {
    name: 'noticeboard_connections',
    help: 'Open connections of the event stream, and how many there may be',
    labelNames: ['limit'],
    fill: ofLoad(({ connections, maxConnections }) => [connections, maxConnections]),
  },
  {
    name: 'noticeboard_instances',
    help: 'Instances whose reports the server keeps, and how many there may be',
    labelNames: ['limit'],
    fill: ofLoad(({ instances, maxInstances }) => [instances, maxInstances]),
  },
]

const COUNTERS: readonly {
  readonly name: string
  readonly help: string
  readonly pick: (savings: ServerSavings) => number
}[] = [
  {
    name: 'noticeboard_forms_made_total',
    help: 'Deltas and encodings of snapshots that the server made',
    pick: ({ made }) => made,
  },
  {
    name: 'noticeboard_forms_served_total',
    help: 'Deltas and encoded snapshots that readers were given in the place of whole ones',
    pick: ({ served }) => served,
  },
  {
    name: 'noticeboard_saved_bytes_total',
    help: 'Bytes of whole snapshots that were not sent for that',
    pick: ({ bytesSaved }) => bytesSaved,
  },
]

function ofEach(
  fill: (look: BoardLook, set: (labels: Readonly<Record<string, string>>, value: number) => void) => void,
): Fill {
  return ({ namespaces }, set) => namespaces.forEach(look => fill(look, set))
}

function ofLoad(pick: (load: ServerLoad) => readonly [now: number, most: number]): Fill {
  return ({ load }, set) => {
    if (load === undefined) return
    const [now, most] = pick(load)
    set({ limit: 'no' }, now)
    set({ limit: 'yes' }, most)
  }
}

function isSaturated({ connections, maxConnections, instances, maxInstances }: ServerLoad): boolean {
  return connections >= SATURATED * maxConnections || instances >= SATURATED * maxInstances
}
