// The times that this demo shortens, so that a minute shows what takes an hour in the field.

/** Milliseconds: what the demo uses. */
export const periods = Object.freeze({
  heartbeatMs: 500,
  pollIntervalMs: 1_000,
  sweepIntervalMs: 10_000,
  timeoutMs: 2_000,
  backoff: Object.freeze({ baseMs: 250, capMs: 1_000 }),
  reports: Object.freeze({ batchMs: 250 }),
})

/**
 * Eight processes share one machine: what that may add to a strategy's own bound; more where the
 * machine is busy.
 */
export const machineMs = 2_000

/**
 * Three processes with ten applications each begin at the same time: what the last of them may
 * take.
 */
const beginMs = 4_000

/** @typedef {'pull' | 'push' | 'hybrid'} StrategyName */
/** @typedef {'change' | 'start' | 'disk' | 'silence' | 'outage' | 'lag'} BoundName */

/** @type {readonly StrategyName[]} */
export const strategyNames = ['pull', 'push', 'hybrid']

const { heartbeatMs, pollIntervalMs, sweepIntervalMs, timeoutMs } = periods
const retryCapMs = periods.backoff.capMs
const lookMs = pollIntervalMs * 1.1
const deadMs = heartbeatMs * 2.5

/**
 * When everybody must be there, for each kind of event: the strategy's own bound, in milliseconds,
 * for pull and for those with a stream.
 * @type {Readonly<Record<BoundName, { pull: number, stream: number, why: string }>>}
 */
export const bounds = {
  change: { pull: lookMs, stream: deadMs, why: 'interval; 2.5 heartbeats' },
  start: { pull: beginMs, stream: beginMs, why: 'from the start: asks at once' },
  disk: { pull: beginMs, stream: beginMs, why: 'from the start: what ran is on disk' },
  silence: {
    pull: lookMs + timeoutMs + retryCapMs,
    stream: deadMs + retryCapMs,
    why: 'interval, timeout, retry; 2.5 heartbeats, retry',
  },
  lag: { pull: lookMs, stream: sweepIntervalMs * 1.2, why: 'interval; sweep' },
  outage: {
    pull: lookMs + 2 * retryCapMs,
    stream: 2 * retryCapMs,
    why: 'interval, two retries; two retries',
  },
}

/**
 * What a client has at most, this machine's part included, which is larger where it is busy.
 * @param {BoundName} name @param {StrategyName} strategy @param {number} slowness 1 where it has
 * little else to do
 */
export function boundMs(name, strategy, slowness) {
  return bounds[name][strategy === 'pull' ? 'pull' : 'stream'] + machineMs * slowness
}
