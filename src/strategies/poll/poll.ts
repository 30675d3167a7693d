import { asNoticeboardError, type NoticeboardError } from '../../contracts/errors.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import type { StrategyEvent, Session } from '../../contracts/strategy.js'
import type { Latest, Transport } from '../../contracts/transport.js'
import { decodeRelease, positionOf } from '../../core/release/release.js'
import { withDeadline } from '../../async/deadline.js'

/** What a look brought. `error` is also the last of the arrivals, as `interrupted`. */
export interface Looked {
  readonly arrivals: readonly StrategyEvent[]
  readonly error?: NoticeboardError
}

/** How to ask. */
export interface LookOptions {
  /**
   * Asks without a tag, since tags of some transports repeat, and walks the log past a pointer that
   * lags behind it.
   */
  readonly sweep: boolean
  /** How long each request may take, in milliseconds. */
  readonly timeoutMs: number
}

/** A log is walked in steps; after that many the rest waits for the next sweep. */
const MOST_STEPS = 1_000

/**
 * Asks a transport once for the newest release. Never throws; nothing arrives once the session's
 * signal has aborted.
 */
export async function look(
  session: Session,
  transport: Transport,
  { sweep, timeoutMs }: LookOptions,
): Promise<Looked> {
  const { namespace, clock, signal } = session
  const arrivals: StrategyEvent[] = []
  const ask = (run: (signal: AbortSignal) => Promise<Latest>): Promise<Latest> =>
    withDeadline({ clock, signal, timeoutMs, what: transport.name }, run)

  try {
    const tag = sweep ? undefined : session.tag(transport)
    const newest = await ask(own => transport.latest({ namespace, ...(tag !== undefined && { tag }) }, own))
    arrivals.push(arrivalOf(newest, transport))
    if (sweep && transport.next !== undefined) {
      const last = await walk(session, transport, newest, ask)
      // A pointer that lags is superseded by what the log holds: nobody has to work on it first.
      if (last !== undefined) arrivals.splice(0, 1, last)
    }
  } catch (caught) {
    if (signal.aborted) return { arrivals: [] }
    const error = asNoticeboardError(
      caught,
      'unavailable',
      `${transport.name} threw an error that is not a NoticeboardError`,
    )
    return { arrivals: [...arrivals, { type: 'interrupted', error }], error }
  }
  return signal.aborted ? { arrivals: [] } : { arrivals }
}

/**
 * The same event; of a look that failed or found nothing also how long nothing can arrive after it,
 * in milliseconds, unless it says so by itself.
 */
export function withNext(event: StrategyEvent, nextMs: number): StrategyEvent {
  return event.type === 'interrupted' || event.type === 'none' ? { nextMs, ...event } : event
}

/**
 * The last release of the log after what is known, if there is any: those between are superseded.
 */
async function walk(
  session: Session,
  transport: Transport,
  newest: Latest,
  ask: (run: (signal: AbortSignal) => Promise<Latest>) => Promise<Latest>,
): Promise<StrategyEvent | undefined> {
  const { namespace, signal } = session
  let position = later(session.seen(), newest.type === 'release' ? readPosition(newest.bytes) : undefined)
  let last: StrategyEvent | undefined
  for (let step = 0; position !== undefined && step < MOST_STEPS && !signal.aborted; step += 1) {
    const after: Position = position
    const found = await ask(
      own => transport.next?.({ namespace, after }, own) ?? Promise.resolve({ type: 'none' }),
    )
    if (found.type !== 'release') break
    last = arrivalOf(found, transport)
    const next = readPosition(found.bytes)
    // What cannot be read is for the client to judge; from there nobody can walk on.
    position = next !== undefined && comparePositions(next, after) === 'newer' ? next : undefined
  }
  return last
}

function arrivalOf(answer: Latest, from: Transport): StrategyEvent {
  switch (answer.type) {
    case 'release':
      return { type: 'release', bytes: answer.bytes, from, tag: answer.tag }
    case 'unchanged':
      return { type: 'current' }
    case 'none':
      return answer
  }
}

/** Where a release stands; undefined when it cannot be read. */
export function readPosition(bytes: Uint8Array): Position | undefined {
  try {
    return positionOf(decodeRelease(bytes).release)
  } catch {
    // The client reads the same bytes and says what is wrong with them; here they only show no way
    // on.
    return undefined
  }
}

function later(a: Position | undefined, b: Position | undefined): Position | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return comparePositions(b, a) === 'newer' ? b : a
}
