import { comparePositions, formatPosition } from '../../../../src/contracts/position.js'
import type { Link } from '../../../../src/sim/link.js'
import type { SimProcess } from '../../../../src/sim/process.js'
import type { ClientActor } from '../client-actor.js'
import type { World } from '../world.js'

/**
 * How long what a client is told may have been true before it is told, in milliseconds: an answer
 * of a server that looked a second ago, and a poll of the board by a second server.
 */
const DELIVERY_MS = 5_000

/**
 * What each relay on the way adds: it believes a stream until that was silent for 2.5 heartbeats.
 */
const RELAY_MS = 27_500

/**
 * What is on its way over a slow link arrives within that time, in milliseconds; what waited
 * elsewhere within the second.
 */
const SLOW_MS = 20_000
const WAITED_MS = 1_000

/** What a status may lag behind the clock: the loop's own turn. */
const SLACK_MS = 100

/** Who is looked at, and the ways and machines that what it hears comes over. */
export interface Looked {
  readonly actor: ClientActor
  readonly links: readonly Link[]
  /** Every process but the client's own that may stand still with an answer in its hands. */
  readonly processes: () => readonly (SimProcess | undefined)[]
  readonly relays: number
}

/**
 * Line 13's other half, `ready-means-current`: a client that says `ready` has a proof no older than
 * its strategy's bound, and with a proof that is `ageMs` old it runs, or refused, what was newest
 * so long ago, less the time of delivery. Times in which something on the way answered with what
 * was true before (a stale proxy, a replica that lags, a process that stood still) prove nothing.
 */
export function watchFreshness(
  { clock, truth, sometimes }: World,
  { actor, links, processes, relays }: Looked,
): {
  /** Looks now. */
  readonly look: () => void
} {
  const { plan } = actor
  /** The times in which answers could not be trusted, in order; the last one may still go on. */
  const untrusted: { fromMs: number; toMs: number; tailMs: number }[] = []
  let lookedMs = clock.monotonic()
  const deliveryMs = DELIVERY_MS + relays * RELAY_MS

  const note = (nowMs: number): void => {
    const slow = links.some(({ slowestMs }) => slowestMs > 100)
    const waited = [actor.process, ...processes()].some(each => each?.alive === true && !each.running)
    if (slow || waited || links.some(holdsBack)) {
      const last = untrusted.at(-1)
      const tailMs = slow ? SLOW_MS : WAITED_MS
      // What a stale proxy keeps is as old as the last answer that it let through.
      const fromMs = links.some(({ proxy }) => proxy === 'stale' || proxy === 'grumpy') ? 0 : lookedMs
      if (last?.toMs === lookedMs)
        Object.assign(last, {
          fromMs: Math.min(fromMs, last.fromMs),
          toMs: nowMs,
          tailMs: Math.max(tailMs, last.tailMs),
        })
      else untrusted.push({ fromMs, toMs: nowMs, tailMs })
    } else {
      // It ended at some time since the last look.
      const ended = untrusted.findLast(({ toMs }) => toMs === lookedMs)
      if (ended !== undefined) ended.toMs = nowMs
    }
    lookedMs = nowMs
  }
  /**
   * When what came at that time was certainly true: before the untrusted times that it may have
   * begun in.
   */
  const trueSince = (atMs: number): number => {
    let sinceMs = atMs
    for (const { fromMs, toMs, tailMs } of untrusted.toReversed())
      if (sinceMs >= fromMs && sinceMs <= toMs + tailMs) sinceMs = fromMs
    return sinceMs
  }

  const judge = (nowMs: number): void => {
    const { client, process, strategy } = actor
    if (client === undefined || process?.running !== true || nowMs - process.runsSinceMs < SLACK_MS) return
    const who = `${plan.name} (${plan.strategy}${'*'.repeat(relays)})`
    const { status, ageMs } = client
    if (status !== 'ready') {
      if (status === 'stale' && ageMs > strategy.freshMs)
        sometimes.add('a client whose proof was too old said so')
      return
    }
    if (ageMs > strategy.freshMs + SLACK_MS)
      truth.violate(
        'ready-means-current',
        `${who} says ready with a proof that is ${Math.round(ageMs)} ms old, and one lasts ${Math.round(strategy.freshMs)} ms`,
      )
    const { position } = client.running
    const provenMs = nowMs - ageMs
    const due = truth.newestAt(trueSince(provenMs) - deliveryMs)
    if (due === undefined) return
    sometimes.add('a client that said ready was held against what was newest')
    if (ageMs > 2_000 && truth.newestAt(nowMs - deliveryMs) !== due)
      sometimes.add('a client that said ready, and since when, was behind')
    if (position !== undefined && comparePositions(due, position) !== 'newer') return
    truth.violate(
      'ready-means-current',
      `${who} says ready with a proof that is ${Math.round(ageMs)} ms old and runs ${position === undefined ? 'nothing of the log' : formatPosition(position)}, and ${formatPosition(due)} was acknowledged ${deliveryMs} ms before that`,
    )
  }

  return {
    look() {
      const nowMs = clock.monotonic()
      note(nowMs)
      judge(nowMs)
    },
  }
}

/** Whether what comes over a link may have been true some time ago only. */
function holdsBack({ proxy, replica, stalled }: Link): boolean {
  // What refuses in every way says now and then that nothing changed.
  return proxy === 'stale' || proxy === 'grumpy' || replica !== undefined || stalled
}
