// The three strategies side by side: a server, a fleet and a publisher each, all real processes.
import { randomBytes } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { countRounds } from '../rounds.js'
import { reachedBy, summarize } from '../statistics.js'
import { between, startFleet } from './fleet.js'
import { defaults, factorFor, shortened, strategyNames } from './periods.js'
import { describeStrategies } from './report.js'

/**
 * @import { Bench, Part } from '../main.js'
 * @import { Fleet, Use } from './fleet.js'
 */

/**
 * What a change took and cost; `delaysMs` has one time a client.
 * @typedef {{ use: Use, publishMs: number, delaysMs: number[] }} Change
 */

/** @typedef {{ fleet: Fleet, idle: Use, changes: Change[] }} Measured what a fleet showed */

/**
 * How long after the last client the reports of a change may take: they are gathered for a second.
 */
const settleMs = 1_500

/** @param {Bench} bench @returns {Promise<Part>} */
export async function measureStrategies({ options, processes, say }) {
  const { clients, quick, document } = options
  const factor = factorFor(options)
  const periods = shortened(factor)
  const counting = quick
    ? { warmUps: 0, most: 3, least: 2, budgetMs: 8_000 }
    : { warmUps: 0, most: 9, least: 3, budgetMs: 50_000 }
  // One sweep or two: what comes once in five minutes would otherwise be seen by chance. Of a fleet
  // so large that its periods are the library's own, a minute shows enough.
  const idleMs = Math.min(60_000, (quick ? 1 : 2) * periods.sweepIntervalMs)
  const folder = mkdtempSync(join(tmpdir(), 'noticeboard-bench-'))
  const token = randomBytes(24).toString('base64url')

  try {
    const publisher = await processes.start(new URL('publisher-process.js', import.meta.url), {
      document,
      token,
    })
    const publish = (/** @type {Fleet} */ { url }, /** @type {number} */ round) =>
      publisher.ask('publish', { url, round })
    // A fleet that is too large for shortened periods has the machine for itself, or clients of the
    // others would take the processors that it needs.
    const every = [undefined, ...strategyNames]
    const turns = factor > 1 ? [every] : every.map(strategy => [strategy])
    /** @type {Measured[]} */
    const measured = []
    for (const together of turns) measured.push(...(await measureTogether(together)))

    const rows = measured.map(({ fleet, idle, changes }) => rowOf(fleet, idle, changes, factor))
    const busy = measured.some(one => isTooBusy(one, periods.intervalMs))
    const figures = {
      busy,
      factor,
      periodsMs: periods,
      defaultsMs: defaults,
      idleMs,
      rounds: Math.min(...measured.map(({ changes }) => changes.length)),
      rows,
    }
    return { figures, text: describeStrategies(figures, options) }

    /**
     * Fleets of these strategies, side by side, from their start to their end.
     * @param {readonly (import('./periods.js').StrategyName | undefined)[]} strategies
     * @returns {Promise<Measured[]>}
     */
    async function measureTogether(strategies) {
      const fleets = await Promise.all(
        strategies.map(strategy =>
          startFleet(processes, {
            strategy,
            clients,
            folder: join(folder, strategy ?? 'nobody'),
            token,
            periods,
          }),
        ),
      )
      const names = strategies.filter(strategy => strategy !== undefined).join(', ')
      for (const fleet of fleets) await publish(fleet, 0)
      for (const fleet of fleets) {
        await fleet.begin(up => say(`strategies: ${up} of ${clients} clients of ${fleet.strategy} are up`))
      }
      if (names !== '')
        say(
          `strategies: ${clients} clients each of ${names} are up; ${factor === 1 ? 'periods are not shortened' : `periods shortened ${factor}-fold`}`,
        )

      // The first changes run code that was never run before.
      for (const round of [1, 2]) await changeAll(fleets, round)
      say(`strategies: nothing happens, for ${(idleMs / 1_000).toFixed(0)} s`)
      const idle = await watchIdle(fleets, idleMs)

      /** @type {Awaited<ReturnType<typeof changeAll>>[]} */
      const changes = []
      for (const { index } of countRounds(counting)) {
        changes.push(await changeAll(fleets, 3 + index))
        if (names !== '') say(`strategies: change ${index + 1} reached everybody of ${names}`)
      }
      for (const fleet of fleets) await fleet.end()
      return fleets.map((fleet, index) => ({
        fleet,
        idle: /** @type {Use} */ (idle[index]),
        changes: changes.flatMap(all => all[index] ?? []),
      }))
    }

    /**
     * One fleet after the other, so that none gets in the way of another; their reports then come
     * together. @param {readonly Fleet[]} fleets @param {number} round
     */
    async function changeAll(fleets, round) {
      const before = await Promise.all(fleets.map(fleet => fleet.meter()))
      /** @type {{ publishMs: number, delaysMs: number[] }[]} */
      const arrived = []
      for (const fleet of fleets) {
        const { startedMs, tookMs, sequence } = await publish(fleet, round)
        const times = await fleet.arrivals(sequence)
        arrived.push({ publishMs: tookMs, delaysMs: times.map(time => time - startedMs) })
      }
      await sleep(settleMs)
      const after = await Promise.all(fleets.map(fleet => fleet.meter()))
      return arrived.map((own, index) => {
        const [start, end] = [before[index], after[index]]
        return {
          ...own,
          use: between(
            /** @type {NonNullable<typeof start>} */ (start),
            /** @type {NonNullable<typeof end>} */ (end),
          ),
        }
      })
    }
  } finally {
    await processes.endAll()
    rmSync(folder, { recursive: true, force: true })
  }
}

/**
 * All fleets at the same time: they hardly do anything. @param {readonly Fleet[]} fleets
 * @param {number} idleMs
 */
async function watchIdle(fleets, idleMs) {
  const before = await Promise.all(fleets.map(fleet => fleet.meter()))
  await sleep(idleMs)
  const after = await Promise.all(fleets.map(fleet => fleet.meter()))
  return before.map((start, index) => between(start, /** @type {typeof start} */ (after[index])))
}

/**
 * Whether this machine was too slow for a fleet: clients that pull did not get to ask as often as
 * they should, or streams were taken for dead and opened again.
 * @param {Measured} measured
 * @param {number} intervalMs
 */
function isTooBusy({ fleet: { strategy, clients }, idle: { byKind, lengthMs } }, intervalMs) {
  if (strategy === 'pull') return (byKind['pointer'] ?? 0) < 0.8 * clients * Math.floor(lengthMs / intervalMs)
  return (byKind['stream'] ?? 0) > 0.05 * clients
}

/**
 * @typedef {ReturnType<typeof rowOf>} Row
 * @param {Fleet} fleet
 * @param {Use} idle
 * @param {readonly Change[]} changes
 * @param {number} factor
 */
function rowOf({ strategy, clients }, idle, changes, factor) {
  /**
   * Idle use goes on during a change, and is taken off. @param {'requests' | 'bytes' | 'cpuMs'}
   * what
   */
  const perChange = what =>
    summarize(changes.map(({ use }) => use[what] - (idle[what] / idle.lengthMs) * use.lengthMs))
  /** @param {number} part */
  const reached = part => summarize(changes.map(({ delaysMs }) => reachedBy(delaysMs, part)))
  // The window, in hours of the clients' own time, as if no period had been shortened.
  const hours = (idle.lengthMs * factor) / 3_600_000
  const kinds = (/** @type {Use} */ use) => Object.fromEntries(Object.entries(use.byKind).sort())
  return {
    strategy: strategy ?? 'nobody',
    clients,
    publishMs: summarize(changes.map(({ publishMs }) => publishMs)),
    ...(clients > 0 && { halfMs: reached(0.5), almostAllMs: reached(0.99), allMs: reached(1) }),
    change: { requests: perChange('requests'), bytes: perChange('bytes'), cpuMs: perChange('cpuMs') },
    idlePerHour: { requests: idle.requests / hours, bytes: idle.bytes / hours, cpuMs: idle.cpuMs / hours },
    seenIdle: kinds(idle),
    seenInLastChange: kinds(changes.at(-1)?.use ?? idle),
  }
}
