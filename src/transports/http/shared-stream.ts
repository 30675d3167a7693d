import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Clock } from '../../contracts/system.js'
import type { Delivery, WatchQuery } from '../../contracts/transport.js'
import { isElsewhere, onAbort } from '../../async/signals.js'
import { createWatcher, type Watcher, withSnapshotsOf } from './watcher.js'
import { MAX_STREAM_NAMESPACES } from '../../core/limits.js'

/** Opens one connection of the event stream. */
export type OpenStream = (query: WatchQuery, signal: AbortSignal) => AsyncIterable<Delivery>

/** One connection: which namespaces it carries and what came over it last. */
interface Line {
  readonly generation: number
  readonly namespaces: ReadonlySet<Namespace>
  readonly closing: AbortController
  readonly releases: Map<Namespace, Extract<Delivery, { readonly type: 'release' }>>
  /**
   * When each of them was last known to be the newest: by itself or a mark, in monotonic
   * milliseconds.
   */
  readonly knownMs: Map<Namespace, number>
  alive: Delivery
}

export interface SharedStream {
  watch(query: WatchQuery, signal: AbortSignal): AsyncIterable<Delivery>
  /** Whether one connection can carry these namespaces beside the present ones. */
  fits(query: WatchQuery): boolean
  /** Whether it belongs to another request than the caller's, which cannot read along. */
  elsewhere(): boolean
  /** Whether nobody reads, and nothing is remembered for those who come back. */
  idle(): boolean
}

/**
 * How long a lost connection's namespaces are asked for together when the first of its readers
 * comes back.
 */
const ANTICIPATE_MS = 120_000

/**
 * Any number of readers over one connection. It is opened when the first reader comes, all readers
 * of one turn together; a reader with a new namespace reopens it, and the old connection is closed
 * when the first event of the new one is there. A namespace that nobody reads any more stays until
 * the next time. The last reader closes it.
 */
export function createSharedStream(open: OpenStream, clock: Clock): SharedStream {
  const watchers = new Set<Watcher>()
  let generation = 0
  let live: Line | undefined
  let opening: Line | undefined
  let arranging = false
  /** The signal of the first reader, which says whose stream this is. */
  let home: AbortSignal | undefined
  let anticipated: { readonly namespaces: ReadonlySet<Namespace>; readonly untilMs: number } | undefined

  const arrangeSoon = (): void => {
    if (arranging) return
    arranging = true
    void clock.turn().then(() => {
      arranging = false
      arrange()
    })
  }

  const arrange = (): void => {
    if (watchers.size === 0) return
    const wanted = new Set(namesOf(watchers))
    if (covers(opening ?? live, wanted)) return
    if (anticipated !== undefined && clock.monotonic() < anticipated.untilMs) {
      for (const name of anticipated.namespaces) if (wanted.size < MAX_STREAM_NAMESPACES) wanted.add(name)
    }
    anticipated = undefined
    opening?.closing.abort()
    generation += 1
    opening = {
      generation,
      namespaces: wanted,
      closing: new AbortController(),
      releases: new Map(),
      knownMs: new Map(),
      alive: { type: 'alive' },
    }
    void follow(opening)
  }

  const follow = async (line: Line): Promise<void> => {
    try {
      for await (const delivery of open(questionOf(line.namespaces, watchers), line.closing.signal)) {
        if (opening === line) {
          live?.closing.abort()
          live = line
          opening = undefined
        }
        // The owner is the line of the newest generation that spoke; what an older one still says
        // is not heard.
        if (live !== line) return
        hear(line, delivery)
      }
      throw new NoticeboardError('unavailable', 'the event stream ended')
    } catch (error) {
      lose(line, asNoticeboardError(error, 'unavailable', 'the event stream was lost'))
    }
  }

  const hear = (line: Line, delivery: Delivery): void => {
    if (delivery.type === 'alive') line.alive = delivery
    else if (!line.namespaces.has(delivery.namespace)) return
    else {
      const { namespace } = delivery
      line.knownMs.set(namespace, clock.monotonic())
      if (delivery.type === 'release')
        line.releases.set(namespace, withSnapshotsOf(line.releases.get(namespace), delivery))
    }
    for (const watcher of watchers) watcher.give(delivery)
  }

  const lose = (line: Line, error: NoticeboardError): void => {
    if (live !== line && opening !== line) return
    if (live === line) live = undefined
    if (opening === line) opening = undefined
    if (opening !== undefined) return
    anticipated = { namespaces: new Set(namesOf(watchers)), untilMs: clock.monotonic() + ANTICIPATE_MS }
    for (const watcher of watchers) {
      if (covers(live, watcher.namespaces)) continue
      watchers.delete(watcher)
      watcher.fail(error)
    }
  }

  /**
   * A reader that joins a connection gets what the others got, with its age: that the connection is
   * dead may not have shown yet.
   */
  const greet = (watcher: Watcher): void => {
    if (live === undefined || !covers(live, watcher.namespaces)) return
    watcher.give(live.alive)
    const nowMs = clock.monotonic()
    for (const [namespace, release] of live.releases)
      watcher.give({ ...release, ageMs: nowMs - (live.knownMs.get(namespace) ?? nowMs) })
  }

  const leave = (watcher: Watcher): void => {
    watchers.delete(watcher)
    if (watchers.size > 0) return
    home = undefined
    const lines = [live, opening]
    live = undefined
    opening = undefined
    for (const line of lines) line?.closing.abort()
  }

  return {
    fits: ({ namespaces }) =>
      watchers.size === 0 || new Set([...namesOf(watchers), ...namespaces]).size <= MAX_STREAM_NAMESPACES,
    elsewhere: () => home !== undefined && isElsewhere(home),
    idle: () =>
      watchers.size === 0 &&
      !arranging &&
      (anticipated === undefined || clock.monotonic() >= anticipated.untilMs),
    async *watch(query, signal) {
      if (signal.aborted) return
      const watcher = createWatcher(query, clock)
      watchers.add(watcher)
      home ??= signal
      // At once: a reader who gives up a connection to open it anew must not find its own old one.
      const forget = onAbort(signal, () => leave(watcher))
      try {
        greet(watcher)
        arrangeSoon()
        yield* watcher.deliveries(signal)
      } finally {
        forget()
        leave(watcher)
      }
    },
  }
}

function namesOf(watchers: ReadonlySet<Watcher>): readonly Namespace[] {
  return [...watchers].flatMap(({ query }) => query.namespaces)
}

function covers(line: Line | undefined, namespaces: ReadonlySet<Namespace>): boolean {
  if (line === undefined) return false
  for (const namespace of namespaces) if (!line.namespaces.has(namespace)) return false
  return true
}

/**
 * One question for all readers. A digest counts as at hand when everybody who reads the namespace
 * has it.
 */
function questionOf(namespaces: ReadonlySet<Namespace>, watchers: ReadonlySet<Watcher>): WatchQuery {
  const have: Record<Namespace, Digest> = {}
  const disagreed = new Set<Namespace>()
  let inline = false
  let identity: WatchQuery['identity']
  let deltas: WatchQuery['deltas']
  for (const { query, namespaces: read } of watchers) {
    inline = query.inline
    identity = query.identity
    deltas = query.deltas
    for (const namespace of read) {
      const digest = query.have?.[namespace]
      if (digest === undefined || (have[namespace] !== undefined && have[namespace] !== digest))
        disagreed.add(namespace)
      else have[namespace] = digest
    }
  }
  for (const namespace of disagreed) delete have[namespace]
  return { namespaces: [...namespaces], inline, identity, have, deltas }
}
