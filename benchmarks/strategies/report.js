// What people read of the strategies.
import { defaults } from './periods.js'
import { figure, formatTable, paragraph, ranged, size } from '../table.js'

/** @param {number} ms */
const duration = ms => (ms < 1_000 ? figure(ms) : `${figure(ms / 1_000)}`)

/**
 * @param {{ busy: boolean, factor: number, periodsMs: Record<string, number>, idleMs: number, rounds: number, rows: import('./part.js').Row[] }}
 * figures
 * @param {import('../options.js').Options} options
 */
export function describeStrategies(
  { busy, factor, periodsMs, idleMs, rounds, rows },
  { about, bytes, clients, changesPerHour },
) {
  const fleets = rows.filter(row => row.clients > 0)
  const { intervalMs = 0, heartbeatMs = 0, sweepIntervalMs = 0 } = periodsMs
  const seconds = (/** @type {number} */ ms) => `${figure(ms / 1_000)} s`
  return [
    paragraph(
      `1. Three strategies: ${size(bytes)} (${about}), ${clients} clients each, ${rounds} changes, ${factor > 1 ? 'taking turns' : 'one fleet after the other'}`,
    ),
    paragraph(
      factor === 1
        ? `Periods are the library's own: poll ${seconds(intervalMs)}, heartbeat ${seconds(heartbeatMs)}, sweep and presence ${seconds(sweepIntervalMs)}.`
        : `Periods are shortened ${factor}-fold: poll ${seconds(intervalMs)} for ${seconds(defaults.intervalMs)}, heartbeat ${seconds(heartbeatMs)} for ${seconds(defaults.heartbeatMs)}, sweep and presence ${seconds(sweepIntervalMs)} for ${seconds(defaults.sweepIntervalMs)}.`,
    ),
    ...(busy
      ? [
          paragraph(
            'THIS MACHINE WAS TOO BUSY: clients could not keep their periods, or streams broke. Do not trust this part; ask for fewer --clients.',
          ),
        ]
      : []),
    '',
    'How long a change takes from publish() on, in ms',
    formatTable(
      ['', 'half', '99 %', 'all', 'publish() alone'],
      fleets.map(({ strategy, halfMs, almostAllMs, allMs, publishMs }) => [
        strategy,
        ...[halfMs, almostAllMs, allMs, publishMs].map(summary =>
          summary === undefined ? '-' : ranged(summary),
        ),
      ]),
    ),
    ...(factor === 1
      ? []
      : [
          paragraph(
            `pull's times grow with its interval: with ${seconds(defaults.intervalMs)} instead of ${seconds(intervalMs)} they are about ${factor} times as long.`,
          ),
        ]),
    '',
    'What a change costs, idle use taken off',
    formatTable(
      ['', 'requests/client', 'bytes/client', 'server CPU ms'],
      rows.map(({ strategy, change, clients: own }) => [
        strategy,
        own === 0 ? '-' : figure(change.requests.median / own),
        own === 0 ? '-' : size(change.bytes.median / own),
        ranged(change.cpuMs),
      ]),
    ),
    paragraph(
      `Requests of the last change: ${fleets.map(({ strategy, seenInLastChange }) => `${strategy} ${kinds(seenInLastChange)}`).join('; ')}.`,
    ),
    '',
    paragraph(
      `What nothing costs, per client and hour: extrapolated from ${seconds(idleMs)}, which stand for ${figure((idleMs * factor) / 60_000)} minutes`,
    ),
    formatTable(
      ['', 'requests', 'bytes', 'server CPU ms'],
      fleets.map(({ strategy, idlePerHour, clients: own }) => [
        strategy,
        figure(idlePerHour.requests / own),
        size(idlePerHour.bytes / own),
        figure(idlePerHour.cpuMs / own),
      ]),
    ),
    paragraph(
      `Requests seen meanwhile, of all clients: ${fleets.map(({ strategy, seenIdle }) => `${strategy} ${kinds(seenIdle)}`).join('; ')}.`,
    ),
    '',
    paragraph(`So ${clients} clients and ${changesPerHour} changes an hour come to, per hour (extrapolated)`),
    formatTable(
      ['', 'requests', 'bytes', 'server CPU', 'of it for changes'],
      fleets.map(({ strategy, idlePerHour, change }) => {
        const hour = (/** @type {'requests' | 'bytes' | 'cpuMs'} */ what) =>
          idlePerHour[what] + change[what].median * changesPerHour
        const share = (change.cpuMs.median * changesPerHour) / hour('cpuMs')
        return [
          strategy,
          figure(hour('requests')),
          size(hour('bytes')),
          `${duration(hour('cpuMs'))} ${hour('cpuMs') < 1_000 ? 'ms' : 's'}`,
          `${Math.round(Math.max(0, share) * 100)} %`,
        ]
      }),
    ),
  ].join('\n')
}

/** @param {Record<string, number>} seen */
function kinds(seen) {
  const told = Object.entries(seen).map(([kind, count]) => `${count} ${kind}`)
  return told.length === 0 ? 'none' : told.join(', ')
}
