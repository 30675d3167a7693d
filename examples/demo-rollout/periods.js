// The times that this demo shortens, so that a minute shows what takes an hour in the field.
import { defaultPeriods } from 'noticeboard/core'
import { strategyNames } from '../demo/periods.js'

export { strategyNames }

/** @typedef {import('../demo/periods.js').StrategyName} StrategyName */

/** Milliseconds, what the library uses unless told otherwise, and what each time means. @type {readonly (readonly [string, number, number, string])[]} */
export const periodsBesideDefaults = [
  ['bakeMs', 3_000, 900_000, 'each client has to run a version for so long; without a health probe'],
  ['reportMs', 1_000, 60_000, 'clients report so often while a rollout goes on'],
  ['reports.intervalMs', 3_000, defaultPeriods.reports.intervalMs, 'and while none does'],
  ['reports.batchMs', 100, defaultPeriods.reports.batchMs, 'news is gathered this long'],
  ['lookMs', 250, 2_000, 'the controller looks so often'],
  ['soakMs', 1_000, 60_000, 'a version that ran for so long may be gone back to'],
  ['beatMs', 100, 5_000, 'a version that has to prove itself is noted on disk so often'],
  ['pollIntervalMs', 1_000, defaultPeriods.pollIntervalMs, 'pull asks; push and hybrid do without a stream'],
  ['heartbeatMs', 1_000, defaultPeriods.heartbeatMs, 'of a stream'],
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

/** The application dies so long after it took the bad document: drawn for each process, and told to nobody else. */
export const fuseMs = Object.freeze({ least: 300, most: 1_500 })

/** What died is started again after so long, as systemd does with RestartSec=1. */
export const restartMs = 1_000

/** After so long somebody steps in, where nothing does so by itself. In the field that takes longer. */
export const handMs = 5_000
