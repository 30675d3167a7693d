import type { PollShape } from '../shape.js'

/** How much an interval is stretched and shortened at random. */
const JITTER = 0.1

/**
 * How long a client that polls has to wait for its next poll after a change: by which part of an
 * interval a share of the clients has polled. The intervals are uniform within a tenth around their
 * length, so the wait is that of a renewal process: certain within 1.1 intervals.
 *
 * ```ts
 * waitOf(0.5) // half of the clients have polled after half an interval
 * ```
 */
export function waitOf(share: number): number {
  const least = 1 - JITTER
  if (share <= least) return share
  // P(wait > w) = (1.1 - w)^2 / 0.4 between the shortest interval and the longest.
  return 1 + JITTER - Math.sqrt((1 - share) * 4 * JITTER)
}

/** The mean of that wait, in intervals: a long interval is met more often than a short one. */
export const MEAN_WAIT: number = (1 + (JITTER * JITTER) / 3) / 2

/** The share of so many clients of which the last one has polled, in the mean. */
export function lastOf(clients: number): number {
  return clients / (clients + 1)
}

/** How often a client asks, and how long the interval is when a change comes. */
export interface Polling {
  /** Polls of one client a day. */
  readonly perDay: number
  /** The interval when a change comes, in milliseconds. */
  readonly intervalMs: number
}

const DAY_MS = 86_400_000

/**
 * The interval of a client that asks the more seldom the older its document is, in milliseconds.
 *
 * ```ts
 * adaptedMs({ share: 0.1, leastMs: 5_000, mostMs: 300_000 }, 600_000) // 60,000
 * ```
 */
export function adaptedMs(
  { share, leastMs, mostMs }: { readonly share: number; readonly leastMs: number; readonly mostMs: number },
  ageMs: number,
): number {
  return Math.min(mostMs, Math.max(leastMs, share * ageMs))
}

/**
 * How a client polls. An interval that grows with the document's age is averaged over the time
 * between two changes or starts of the client, which are taken to come evenly.
 *
 * ```ts
 * pollingOf(shape, { changesPerDay: 40, restartsPerDay: 1, answerMs: 60 })
 * ```
 */
export function pollingOf(
  { pollIntervalMs, adapts }: Pick<PollShape, 'pollIntervalMs' | 'adapts'>,
  {
    changesPerDay,
    restartsPerDay,
    answerMs,
  }: { readonly changesPerDay: number; readonly restartsPerDay: number; readonly answerMs: number },
): Polling {
  const fixed = { perDay: DAY_MS / (pollIntervalMs + answerMs), intervalMs: pollIntervalMs }
  if (adapts === undefined || changesPerDay + restartsPerDay === 0) return fixed
  const { share, leastMs } = adapts
  const beginsPerDay = changesPerDay + restartsPerDay
  const gapMs = DAY_MS / beginsPerDay
  // One over the interval, added up over all ages: constant, then growing, then constant again.
  const growsFromMs = Math.min(gapMs, leastMs / share)
  const growsToMs = Math.min(gapMs, Math.max(growsFromMs, pollIntervalMs / share))
  const polls =
    growsFromMs / (leastMs + answerMs) +
    Math.log((share * growsToMs + answerMs) / (share * growsFromMs + answerMs)) / share +
    (gapMs - growsToMs) / (pollIntervalMs + answerMs)
  return {
    perDay: polls * beginsPerDay,
    intervalMs: adaptedMs({ share, leastMs, mostMs: pollIntervalMs }, DAY_MS / changesPerDay),
  }
}
