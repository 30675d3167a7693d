import { NoticeboardError } from '../contracts/errors.js'
import type { Strategy } from '../contracts/strategy.js'
import type { HttpTransport } from '../transports/http/index.js'
import { checkOptions, checkPositive } from '../core/options.js'
import { defaultPeriods } from '../core/defaults.js'
import { MOST_WORKERS } from '../server/together/most-workers.js'
import { checkName } from './check-model.js'
import type { PollShape, Shape, StreamShape } from './shape.js'
import { strategyOf } from './strategy-of.js'

/** A way to bring a document to a fleet. */
export interface Model {
  /** For the table, 1 to 80 characters in one line. */
  readonly name: string
  /** What the closed form goes by; a model without one needs the simulation. */
  readonly shape?: Shape
  /** What the simulation and the real run have their clients do. */
  readonly strategy?: (transport: HttpTransport) => Strategy
}

/** A model of the library's own: the closed form knows it, and clients can run it. */
export type KnownModel = Required<Model>

/** A model whose strategy clients can run. */
export type RunnableModel = Model & Required<Pick<Model, 'strategy'>>

/** What stands between clients and server. */
export interface PathOptions {
  /** Its name in the table. Default: made of what it is. */
  readonly name?: string
  /**
   * Whether who runs a document is sent a change as a delta, of `changedBytes` of the workload.
   * Default false.
   */
  readonly deltas?: boolean
  /** How many relays share the clients. Default 0. */
  readonly relays?: number
  /**
   * How many workers each server has, as `noticeboard serve --workers` starts them, up to 64, each
   * with a processor of its own; they share the server's line. Default 0: one process does it all.
   */
  readonly workers?: number
}

/** Times of {@link pullModel}. */
export interface PullModelOptions extends PathOptions {
  /** How often a client asks, in milliseconds. Default 30,000. */
  readonly pollIntervalMs?: number
  /** How often it asks without a condition, in milliseconds. Default 300,000. */
  readonly sweepIntervalMs?: number
  /**
   * Who answers: the server, or a folder that a web server or a bucket serves, to which nobody
   * reports. Default `server`.
   */
  readonly answers?: 'server' | 'static'
  /**
   * What asks in its turn between clients and server: how old each makes an answer at most, in
   * milliseconds. Default none.
   */
  readonly hops?: readonly number[]
}

/**
 * Clients ask again and again, as `pull()` does. Throws `invalid-option`.
 *
 * ```ts
 * pullModel({ pollIntervalMs: 10_000 })
 * pullModel({ answers: 'static' }) // a folder behind a web server
 * pullModel({ hops: [45_000, 900_000] }) // an agent that polls, behind a cache
 * ```
 */
export function pullModel(options: PullModelOptions = {}): KnownModel {
  checkOptions('pullModel()', options, {
    name: true,
    deltas: true,
    relays: true,
    workers: true,
    pollIntervalMs: true,
    sweepIntervalMs: true,
    answers: true,
    hops: true,
  })
  const { name, deltas, relays, workers, answers = 'server', hops = [], ...periods } = options
  checkPositive('pullModel()', periods)
  if (answers !== 'server' && answers !== 'static')
    throw new NoticeboardError('invalid-option', 'pullModel(): answers must be "server" or "static"')
  if (!Array.isArray(hops))
    throw new NoticeboardError('invalid-option', 'pullModel(): hops must be a list of milliseconds')
  if (answers === 'static' && workers !== undefined && workers !== 0)
    throw new NoticeboardError(
      'invalid-option',
      'pullModel(): a static folder is served by nobody’s workers; leave workers out',
    )
  const { pollIntervalMs = defaultPeriods.pollIntervalMs, sweepIntervalMs = defaultPeriods.sweepIntervalMs } =
    periods
  const shape: PollShape = {
    ...pathOf('pullModel()', { name, deltas, relays, workers, hops }),
    type: 'poll',
    pollIntervalMs,
    sweepIntervalMs,
    reportIntervalMs: answers === 'static' ? Number.POSITIVE_INFINITY : defaultPeriods.reports.intervalMs,
    snapshots: 'server',
    answers,
  }
  return known(name ?? nameOf(`pull ${sayPeriod(pollIntervalMs)}`, shape), shape)
}

/** The share of the document's age where none is given. */
const SHARE = 0.1

/** Times of {@link adaptivePullModel}. */
export interface AdaptivePullModelOptions extends PathOptions {
  /** The interval as a share of the document's age. Default 0.1. */
  readonly share?: number
  /** The shortest interval, in milliseconds. Default 5,000. */
  readonly leastMs?: number
  /** The longest interval, in milliseconds. Default 300,000. */
  readonly mostMs?: number
}

/**
 * Clients ask the more seldom the older the document is, as {@link adaptivePull} does: what changed
 * just now changes again soon. Throws `invalid-option`.
 *
 * ```ts
 * adaptivePullModel({ share: 0.2, mostMs: 120_000 })
 * ```
 */
export function adaptivePullModel(options: AdaptivePullModelOptions = {}): KnownModel {
  checkOptions('adaptivePullModel()', options, {
    name: true,
    deltas: true,
    relays: true,
    workers: true,
    share: true,
    leastMs: true,
    mostMs: true,
  })
  const { name, deltas, relays, workers, ...times } = options
  checkPositive('adaptivePullModel()', times)
  const { share = SHARE, leastMs = 5_000, mostMs = 300_000 } = times
  if (leastMs > mostMs)
    throw new NoticeboardError('invalid-option', 'adaptivePullModel(): leastMs must not be more than mostMs')
  const shape: PollShape = {
    ...pathOf('adaptivePullModel()', { name, deltas, relays, workers }),
    type: 'poll',
    pollIntervalMs: mostMs,
    adapts: { share, leastMs },
    sweepIntervalMs: Number.POSITIVE_INFINITY,
    reportIntervalMs: defaultPeriods.reports.intervalMs,
    snapshots: 'server',
    answers: 'server',
  }
  return known(name ?? nameOf(`adaptive ${sayPeriod(leastMs)}-${sayPeriod(mostMs)}`, shape), shape)
}

/** Times of {@link pushModel} and {@link hybridModel}. */
export interface StreamModelOptions extends PathOptions {
  /** How often the server shows that it lives, in milliseconds. Default 8,000. */
  readonly heartbeatMs?: number
}

/** Times of {@link pushModel}. */
export interface PushModelOptions extends StreamModelOptions {
  /**
   * Whether what comes on a stream is compressed, once for all readers: with clients that decode it,
   * as `http()` asks for by itself over the runtime's own `fetch`, and not where a `fetch` was given
   * to it. Default false.
   */
  readonly compressed?: boolean
}

/**
 * The server sends the document along, as with `push()`. Throws `invalid-option`.
 *
 * ```ts
 * pushModel({ relays: 4 })
 * pushModel({ workers: 3 }) // three processes at one address
 * pushModel({ compressed: true }) // streams in gzip
 * ```
 */
export function pushModel(options: PushModelOptions = {}): KnownModel {
  checkOptions('pushModel()', options, {
    name: true,
    deltas: true,
    relays: true,
    workers: true,
    heartbeatMs: true,
    compressed: true,
  })
  const { compressed = false, ...rest } = options
  if (typeof compressed !== 'boolean')
    throw new NoticeboardError('invalid-option', 'pushModel(): compressed must be true or false')
  const shape = streamShape('pushModel()', rest, { inline: true, compressed, snapshots: 'server' })
  return known(options.name ?? nameOf('push', shape), shape)
}

/**
 * The server sends notices, and clients fetch, as with `hybrid()`; with `cdn` from a content
 * delivery network. Throws `invalid-option`.
 *
 * ```ts
 * hybridModel({ cdn: true })
 * ```
 */
export function hybridModel(
  options: StreamModelOptions & {
    /** Whether snapshots come from a cache. Default false. */
    readonly cdn?: boolean
  } = {},
): KnownModel {
  checkOptions('hybridModel()', options, {
    name: true,
    deltas: true,
    relays: true,
    workers: true,
    heartbeatMs: true,
    cdn: true,
  })
  const { cdn = false, ...rest } = options
  if (typeof cdn !== 'boolean')
    throw new NoticeboardError('invalid-option', 'hybridModel(): cdn must be true or false')
  const shape = streamShape('hybridModel()', rest, {
    inline: false,
    // Notices are too small for it.
    compressed: false,
    snapshots: cdn ? 'cache' : 'server',
  })
  return known(options.name ?? nameOf('hybrid', shape), shape)
}

const made = new WeakSet<Model>()

/** A model of the library's own, whose strategy follows from its shape. */
function known(name: string, shape: Shape): KnownModel {
  const model = { name, shape, strategy: (transport: HttpTransport) => strategyOf(shape, transport) }
  made.add(model)
  return model
}

/**
 * Whether a model is what this library made, so that its name and its shape tell all of it.
 *
 * ```ts
 * isKnown(pullModel()) // true
 * ```
 */
export function isKnown(model: Model): model is KnownModel {
  return made.has(model)
}

function streamShape(
  who: string,
  { name, deltas, relays, workers, heartbeatMs = defaultPeriods.heartbeatMs }: StreamModelOptions,
  kind: Pick<StreamShape, 'inline' | 'compressed' | 'snapshots'>,
): StreamShape {
  checkPositive(who, { heartbeatMs })
  const { pollIntervalMs, sweepIntervalMs, maxConnectionAgeMs, reports } = defaultPeriods
  return {
    ...pathOf(who, { name, deltas, relays, workers }),
    ...kind,
    type: 'stream',
    heartbeatMs,
    pollIntervalMs,
    sweepIntervalMs,
    maxConnectionAgeMs,
    reportIntervalMs: reports.intervalMs,
    answers: 'server',
  }
}

function pathOf(
  who: string,
  {
    name,
    deltas = false,
    relays = 0,
    workers = 0,
    hops = [],
  }: {
    readonly name: string | undefined
    readonly deltas: boolean | undefined
    readonly relays: number | undefined
    readonly workers: number | undefined
    readonly hops?: readonly number[]
  },
): Pick<Shape, 'deltas' | 'relays' | 'workers' | 'hops'> {
  if (name !== undefined) checkName(`${who}: name`, name)
  if (typeof deltas !== 'boolean')
    throw new NoticeboardError('invalid-option', `${who}: deltas must be true or false`)
  if (!(Number.isInteger(relays) && relays >= 0))
    throw new NoticeboardError('invalid-option', `${who}: relays must be a whole number, 0 for none`)
  if (!(Number.isInteger(workers) && workers >= 0 && workers <= MOST_WORKERS))
    throw new NoticeboardError(
      'invalid-option',
      `${who}: workers must be a whole number from 1 to ${MOST_WORKERS}, or 0 for one process that does it all`,
    )
  for (const hopMs of hops) checkPositive(who, { 'each of hops': hopMs })
  return { deltas, relays, workers, hops }
}

function nameOf(kind: string, shape: Shape): string {
  const { answers, snapshots, hops, relays, workers, deltas } = shape
  const { share = SHARE } = (shape.type === 'poll' && shape.adapts) || {}
  const heartbeatMs = shape.type === 'stream' ? shape.heartbeatMs : defaultPeriods.heartbeatMs
  return [
    kind,
    ...(share === SHARE ? [] : [`${Number((100 * share).toPrecision(12))} % of the age`]),
    ...(answers === 'static' ? ['static folder'] : []),
    ...(snapshots === 'cache' ? ['CDN'] : []),
    ...(heartbeatMs === defaultPeriods.heartbeatMs ? [] : [`heartbeat ${sayPeriod(heartbeatMs)}`]),
    ...(hops.length > 0 ? [`behind ${hops.map(sayPeriod).join(' and ')}`] : []),
    ...(relays > 0 ? [`${relays} relays`] : []),
    ...(workers > 0 ? [workers === 1 ? '1 worker' : `${workers} workers`] : []),
    ...(deltas ? ['deltas'] : []),
    ...(shape.type === 'stream' && shape.compressed ? ['gzip'] : []),
  ].join(', ')
}

/** `30 s`, `5 min`. */
function sayPeriod(ms: number): string {
  if (ms % 60_000 === 0) return `${ms / 60_000} min`
  return ms % 1_000 === 0 ? `${ms / 1_000} s` : `${ms} ms`
}
