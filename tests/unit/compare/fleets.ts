import type { WorkloadInput } from '../../../src/compare/index.js'

/**
 * The fleet of docs/push-vs-pull.md, with a kill switch within 5 s; the rest is left to defaults.
 */
export const FLEET = {
  clients: 3_000,
  documentBytes: 20_480,
  changesPerDay: 40,
  deadlines: { killSwitchMs: 5_000, routineMs: 60_000 },
  offlineShare: 0.02,
} as const satisfies WorkloadInput

/**
 * A fleet that reads a map of flags, short when it is encoded, of which one changes all the time.
 */
export const FLAGS = {
  clients: 3_000,
  documentBytes: 18_000,
  encodedBytes: 914,
  changesPerDay: 400,
  deadlines: { killSwitchMs: 60_000 },
  offlineShare: 0.02,
} as const satisfies WorkloadInput

/** The same with what happens to its clients and their connections. */
export const RESTLESS_FLEET = {
  ...FLEET,
  restartsPerDay: 4,
  network: { rttMs: 20, halfOpenPerClientDay: 0.5, idleTimeoutMs: 60_000 },
} as const satisfies WorkloadInput

/** As few clients as are simulated, or run, in seconds. */
export const SMALL_FLEET = {
  clients: 20,
  documentBytes: 4_096,
  changesPerDay: 40,
  deadlines: { killSwitchMs: 5_000, routineMs: 60_000 },
  restartsPerDay: 4,
  network: { rttMs: 20, halfOpenPerClientDay: 0.5 },
} as const satisfies WorkloadInput
