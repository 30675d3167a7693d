// The times that this demo shortens, so that a minute shows what takes an hour in the field.
import { defaultPeriods } from 'noticeboard/core'
import { strategyNames } from '../demo/periods.js'

export { strategyNames }

/** @typedef {import('../demo/periods.js').StrategyName} StrategyName */

/**
 * Milliseconds, what the library uses unless told otherwise, and what each time means.
 * @type {readonly (readonly [string, number, number, string])[]}
 */
export const periodsBesideDefaults = [
  ['bakeMs', 2_000, 900_000, 'each client runs it so long'],
  ['reportMs', 1_000, 60_000, 'reports in a rollout'],
  ['reports.intervalMs', 5_000, defaultPeriods.reports.intervalMs, 'reports otherwise'],
  ['reports.batchMs', 100, defaultPeriods.reports.batchMs, 'news is gathered so long'],
  ['lookMs', 250, 2_000, 'the controller looks'],
  ['soakMs', 1_000, 60_000, 'what ran so long is trusted'],
  ['beatMs', 250, 5_000, 'notes on disk that it lives'],
  ['pollIntervalMs', 1_000, defaultPeriods.pollIntervalMs, 'pull asks'],
  ['heartbeatMs', 2_000, defaultPeriods.heartbeatMs, 'of a stream'],
]

/** @param {string} name */
const own = name => periodsBesideDefaults.find(([known]) => known === name)?.[1] ?? 0

/** Milliseconds: what the demo uses. */
export const periods = Object.freeze({
  bakeMs: own('bakeMs'),
  reportMs: own('reportMs'),
  reports: Object.freeze({ intervalMs: own('reports.intervalMs'), batchMs: own('reports.batchMs') }),
  lookMs: own('lookMs'),
  soakMs: own('soakMs'),
  beatMs: own('beatMs'),
  pollIntervalMs: own('pollIntervalMs'),
  heartbeatMs: own('heartbeatMs'),
})

/**
 * The application dies so long after it took the bad document: drawn for each process, and told to
 * nobody else.
 */
export const fuseMs = Object.freeze({ least: 300, most: 1_500 })

/** What died is started again after so long, as systemd does with RestartSec=1. */
export const restartMs = 1_000

/**
 * After so long somebody steps in, where nothing does so by itself. In the field that takes longer.
 */
export const handMs = 3_000
