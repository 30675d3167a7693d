// What the demo holds the library to, worked out from its settings.
import { fuseMs, periods, restartMs } from './periods.js'

/**
 * The canary, and one more: a process that died is no proof that the document killed it, so one
 * other is asked.
 */
export const mostExposed = 2

/** The second death condemns it there, however many processes share the folder. */
export const mostDeaths = 2

/**
 * What each part may take longer on this machine, which starts the processes; `--patience` and a
 * busy machine multiply it.
 */
const machineMs = 5_000

/**
 * What a process takes until its first line on a machine that has little else to do: alone, and
 * while the fleets start.
 */
const usualStartMs = { alone: 250, amongOthers: 1_000 }

/**
 * How many times as long this machine takes for a process as one that has nothing else to do; 1 at
 * least. Counted until the first line of the application, so nothing that the library does makes
 * its own promise weaker.
 * @param {import('./course.js').Course} course @param {number} from since when, in milliseconds
 * since 1970
 */
export function slownessOf({ starts }, from) {
  const took = starts.filter(({ at }) => at < from).map(({ tookMs }) => tookMs)
  const typical = took.toSorted((a, b) => a - b)[Math.floor(took.length / 2)] ?? 0
  const slowest = Math.max(0, ...starts.filter(({ at }) => at >= from).map(({ tookMs }) => tookMs))
  return Math.max(1, typical / usualStartMs.amongOthers, slowest / usualStartMs.alone)
}

const { pollIntervalMs, beatMs, reports, lookMs } = periods

/** The parts of the longest way back, in milliseconds. */
const partsFor = (/** @type {number} */ patience) =>
  /** @type {const} */ ([
    [1.1 * pollIntervalMs, 'the canary hears of it'],
    [2 * (fuseMs.most + restartMs), 'it dies twice, and is started again twice'],
    [fuseMs.most + 2 * beatMs, 'what ran before proves between that it lives for longer'],
    [2 * (reports.batchMs + lookMs), 'its words reach the controller'],
    [1.1 * pollIntervalMs + restartMs, 'who was exposed hears of the way back, or is started again'],
    [machineMs * patience, 'for this machine; more where it is busy'],
  ])

/**
 * From the publication until every client runs the version before it again. @param {number}
 * patience
 */
export const mostBackMs = patience => partsFor(patience).reduce((sum, [ms]) => sum + ms, 0)

/**
 * Until the mended version runs everywhere: three stages that bake, with their news and words, and
 * the last one. @param {number} patience
 */
export const mostArriveMs = patience =>
  3 * (periods.bakeMs + 1.1 * pollIntervalMs + periods.reportMs + reports.batchMs + lookMs) +
  1.1 * pollIntervalMs +
  2 * machineMs * patience

/** The promise, for people. @param {number} patience @returns {readonly string[]} */
export function sayPromise(patience) {
  const times = partsFor(patience).map(([ms, why]) => `${(ms / 1_000).toFixed(1)} s ${why}`)
  return [
    `${mostExposed} clients meet it at most, as one death alone proves nothing`,
    `${mostDeaths} deaths at most for each, also for the host with its workers`,
    `all back within ${(mostBackMs(patience) / 1_000).toFixed(1)} s:`,
    ...times.map(text => `  ${text}`),
    'the mended version reaches all, while some die of something else',
  ]
}

/**
 * @typedef {import('./figures.js').Meeting} Meeting
 * @typedef {import('./figures.js').Arrival} Arrival
 */

/**
 * What a fleet did not keep of it; empty where all was kept. @param {Meeting} meeting
 * @param {Arrival} arrival @param {number} patience @returns {string[]}
 */
export function brokenBy({ exposed, worstDeaths, backMs }, arrival, patience) {
  return [
    ...(exposed > mostExposed
      ? [`${exposed} clients were exposed, ${mostExposed} at most were promised`]
      : []),
    ...(worstDeaths.deaths > mostDeaths
      ? [`${worstDeaths.client} died ${worstDeaths.deaths} times, ${mostDeaths} at most were promised`]
      : []),
    ...(exposed === 0 ? ['nobody was exposed, so nothing was shown'] : []),
    ...(backMs === undefined
      ? ['it never ran the version before again']
      : backMs > mostBackMs(patience)
        ? [
            `it was back after ${(backMs / 1_000).toFixed(1)} s, ${(mostBackMs(patience) / 1_000).toFixed(1)} s were promised`,
          ]
        : []),
    ...(arrival.arrived < arrival.clients
      ? [`the mended version reached ${arrival.arrived} of ${arrival.clients} clients`]
      : []),
  ]
}
