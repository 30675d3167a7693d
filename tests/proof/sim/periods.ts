export const NAMESPACE = 'shop/prod'
/** What some processes follow beside it, over the same transport and with the same folder. */
export const SIDE = 'shop/side'

/** Periods of the simulated fleet, in milliseconds: short, so that a history holds many of them. */
export const PERIODS = {
  intervalMs: 10_000,
  sweepIntervalMs: 120_000,
  heartbeatMs: 10_000,
  retryCapMs: 8_000,
  timeoutMs: 10_000,
} as const
