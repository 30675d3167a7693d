// The library's own periods, shortened by one factor: an hour of a fleet's life passes in a few
// minutes. Those of a large fleet are not shortened: it is busy enough, and has the machine for
// itself. The age at which a
// connection is renewed stays 30 minutes: the pause of up to 2 s that comes with it cannot be
// shortened, and would be met too often.
import { defaultPeriods } from 'noticeboard/core'

/** @typedef {(typeof strategyNames)[number]} StrategyName */

export const strategyNames = /** @type {const} */ (['pull', 'push', 'hybrid'])

const { pollIntervalMs, heartbeatMs, sweepIntervalMs, reports } = defaultPeriods

/** The periods that are shortened, as the library has them, in milliseconds. */
export const defaults = {
  intervalMs: pollIntervalMs,
  heartbeatMs,
  sweepIntervalMs,
  reportIntervalMs: reports.intervalMs,
}

/**
 * How many polls a second this machine is asked for at most: beyond, the measurement would measure
 * itself.
 */
const pollsPerSecond = 60

/**
 * How much faster the time of a fleet passes. @param {{ clients: number, quick: boolean }} options
 */
export function factorFor({ clients, quick }) {
  const most = quick ? 60 : 20
  return Math.min(most, Math.max(1, Math.floor((pollsPerSecond * defaults.intervalMs) / 1_000 / clients)))
}

/** @param {number} factor @returns {typeof defaults} */
export function shortened(factor) {
  const shorter = Object.entries(defaults).map(([name, value]) => [name, Math.round(value / factor)])
  return Object.fromEntries(shorter)
}
