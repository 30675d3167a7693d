import { NoticeboardError } from '../../src/contracts/errors.js'
import { comparePositions, type Position } from '../../src/contracts/position.js'
import type { StrategyEvent, Session, Strategy } from '../../src/contracts/strategy.js'
import type {
  Delivery,
  Latest,
  Store,
  Tag,
  Transport,
  WatchTransport,
} from '../../src/contracts/transport.js'
import { digestOf } from '../../src/core/release/digest.js'
import { decodeRelease, encodeRelease, positionOf } from '../../src/core/release/release.js'
import { encodeText } from '../../src/core/json/text.js'
import { systemHasher } from '../../src/system/system.js'
import { memory, type MemoryStore } from '../../src/transports/memory.js'
import { seededRandom } from '../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../src/sim/virtual-clock.js'

export const namespace = 'checkout/prod'
export const epoch = '1-9f3a01bc'
export const never = new AbortController().signal

/** What a strategy brought, and when. */
export interface Logged {
  readonly atMs: number
  readonly arrival: StrategyEvent
}

export interface Run {
  readonly log: readonly Logged[]
  /** Sequences of the releases that came, in order. */
  readonly sequences: () => readonly number[]
  readonly errors: () => readonly string[]
  /** What the errors say. */
  readonly messages: () => readonly string[]
  readonly seen: () => Position | undefined
  readonly ask: () => void
  readonly stop: () => Promise<void>
}

export interface SessionOptions {
  readonly clock: VirtualClock
  readonly signal: AbortSignal
  readonly clientId?: string
  readonly seed?: number
}

export interface TestSession extends Session {
  /** The client wants a look now. */
  readonly ask: () => void
  /** Believes a release: it is the newest that was verified, if it is newer. */
  readonly verify: (arrival: StrategyEvent & { readonly type: 'release' }) => void
}

/** The least that a strategy needs to know of a client. */
export function sessionOf({ clock, signal: root, clientId = 'one', seed = 1 }: SessionOptions): TestSession {
  const tags = new Map<Transport, Tag>()
  let seen: Position | undefined
  let asked = false
  let ring = (): void => {}

  return {
    namespace,
    identity: { clientId, instanceId: `${clientId}-1`, ephemeral: false, labels: {} },
    clock,
    random: seededRandom(seed),
    signal: root,
    tag: transport => tags.get(transport),
    seen: () => seen,
    have: () => undefined,
    async wait(delayMs, signal) {
      if (!asked && !signal.aborted) {
        await new Promise<void>(resolve => {
          const end = (): void => {
            cancel()
            signal.removeEventListener('abort', end)
            resolve()
          }
          const cancel = delayMs === Number.POSITIVE_INFINITY ? () => {} : clock.after(delayMs, end)
          ring = end
          signal.addEventListener('abort', end)
        })
        ring = () => {}
      }
      // An ask that comes while nobody pauses, or with an abort, is kept for the next pause.
      if (signal.aborted || !asked) return 'elapsed'
      asked = false
      return 'asked'
    },
    ask() {
      asked = true
      ring()
    },
    verify({ bytes, from, tag }) {
      const position = positionOf(decodeRelease(bytes).release)
      if (tag !== undefined) tags.set(from, tag)
      if (seen === undefined || comparePositions(position, seen) === 'newer') seen = position
    },
  }
}

/**
 * The smallest client there is: believes every release that it can read, unless told not to, and
 * notes what came.
 */
export function run(
  strategy: Strategy,
  { verify = true, ...options }: Omit<SessionOptions, 'signal'> & { readonly verify?: boolean },
): Run {
  const controller = new AbortController()
  const session = sessionOf({ ...options, signal: controller.signal })
  const log: Logged[] = []

  const finished = (async () => {
    for await (const arrival of strategy.deliver(session)) {
      log.push({ atMs: options.clock.monotonic(), arrival })
      if (arrival.type === 'release' && verify) session.verify(arrival)
    }
  })()

  return {
    log,
    sequences: () =>
      log.flatMap(({ arrival }) =>
        arrival.type === 'release' ? [decodeRelease(arrival.bytes).release.sequence] : [],
      ),
    errors: () => log.flatMap(({ arrival }) => (arrival.type === 'interrupted' ? [arrival.error.code] : [])),
    messages: () =>
      log.flatMap(({ arrival }) => (arrival.type === 'interrupted' ? [arrival.error.message] : [])),
    seen: session.seen,
    ask: session.ask,
    stop() {
      controller.abort(null)
      return finished
    },
  }
}

export function releaseOf(sequence: number, text = `{"size":${sequence}}`, of: string = namespace) {
  const snapshot = encodeText(text)
  const digest = digestOf(systemHasher, snapshot)
  const bytes = encodeRelease({
    v: 1,
    namespace: of,
    epoch,
    sequence,
    issuedAt: '2026-01-01T00:00:00.000Z',
    cause: 'publish',
    stable: { version: sequence, variants: [{ digest, bytes: snapshot.length }] },
    prev: null,
  })
  return { bytes, digest, snapshot, at: { epoch, sequence } }
}

/** Appends releases up to a sequence. */
export async function publish(store: Store, sequence: number): Promise<void> {
  const { bytes, digest, snapshot, at } = releaseOf(sequence)
  await store.put({ namespace, digest, bytes: snapshot }, never)
  const outcome = await store.append({ namespace, at, bytes }, never)
  if (outcome !== 'appended') throw new Error(`sequence ${sequence} was taken`)
}

/**
 * What goes wrong with a transport, to be changed on the way; and every request that was made, with
 * its time.
 */
export interface Faults {
  /** Thrown by `latest`. */
  latest?: NoticeboardError | undefined
  /** Thrown by `watch` before its first frame. */
  watch?: NoticeboardError | undefined
  /** `watch` ends cleanly after its first frame. */
  hangUp?: boolean
  /** `watch` opens and brings nothing. */
  mute?: boolean
  /** Frames of watches are lost without an error. */
  dead?: boolean
  /** `latest` never answers. */
  hang?: boolean
}

export interface Faulty {
  readonly transport: MemoryStore
  readonly faults: Faults
  readonly calls: {
    readonly what: 'latest' | 'watch' | 'next'
    readonly atMs: number
    readonly tag?: Tag | undefined
  }[]
  /** Breaks every open watch. */
  readonly cut: () => void
  /** From now on the frames of every open watch are lost without an error. */
  readonly freeze: () => void
  /** Watches that are open now. */
  readonly open: () => number
}

export function faulty(store: MemoryStore, clock: VirtualClock): Faulty {
  const faults: Faults = {}
  const calls: Faulty['calls'] = []
  const cuts = new Set<() => void>()
  const freezes = new Set<() => void>()

  const watch = async function* (
    query: Parameters<WatchTransport['watch']>[0],
    signal: AbortSignal,
  ): AsyncGenerator<Delivery> {
    calls.push({ what: 'watch', atMs: clock.monotonic() })
    if (faults.watch !== undefined) throw faults.watch
    const own = new AbortController()
    let broken = false
    const cut = (): void => {
      broken = true
      own.abort(null)
    }
    const end = (): void => own.abort(null)
    let frozen = false
    const freeze = (): void => void (frozen = true)
    cuts.add(cut)
    freezes.add(freeze)
    signal.addEventListener('abort', end)
    if (signal.aborted) own.abort(null)
    try {
      if (faults.mute) await clock.sleep(Number.POSITIVE_INFINITY, own.signal)
      for await (const delivery of store.watch(query, own.signal)) {
        if (faults.dead || frozen) continue
        yield delivery
        if (faults.hangUp) return
      }
      if (broken) throw new NoticeboardError('unavailable', 'the connection was cut')
    } finally {
      cuts.delete(cut)
      freezes.delete(freeze)
      signal.removeEventListener('abort', end)
    }
  }

  return {
    faults,
    calls,
    cut: () => {
      for (const cut of cuts) cut()
    },
    freeze: () => {
      for (const freeze of freezes) freeze()
    },
    open: () => cuts.size,
    transport: {
      ...store,
      watch,
      async latest(query, signal): Promise<Latest> {
        calls.push({ what: 'latest', atMs: clock.monotonic(), tag: query.tag })
        if (faults.hang) await clock.sleep(Number.POSITIVE_INFINITY, signal)
        if (faults.latest !== undefined) throw faults.latest
        return store.latest(query, signal)
      },
      async next(query, signal): Promise<Latest> {
        calls.push({ what: 'next', atMs: clock.monotonic() })
        return store.next(query, signal)
      },
    },
  }
}

export const down = (retryAfterMs?: number): NoticeboardError =>
  new NoticeboardError('unavailable', 'nobody there', retryAfterMs === undefined ? {} : { retryAfterMs })

/** A clock, a store with one release, and a transport to break it with. */
export async function setUp(options: { readonly heartbeatMs?: number } = {}) {
  const clock = virtualClock()
  const store = memory({ system: { clock }, ...options })
  await publish(store, 1)
  return { clock, store, ...faulty(store, clock) }
}
