import { shownRow, type Comparison } from '../result.js'
import { count, figure, sayMs } from '../words.js'
import { chart, powersOfTen, roundTicks, type Series } from './chart.js'
import { looksOf } from './looks.js'

const HOUR_MS = 3_600_000

/**
 * How a change reaches the fleet: the share of clients that run it, over time.
 *
 * ```ts
 * propagationChart(result)
 * ```
 */
export function propagationChart({ rows, workload }: Comparison): string {
  const looks = looksOf(rows.map(({ model }) => model))
  // Where servers do not keep up there is no such time.
  const kept = rows.filter(({ keepsUp }) => keepsUp)
  const series = kept.map(({ model, curve }): Series => ({
    name: model,
    look: looks.get(model) ?? 'ink',
    points: curve.map(({ ms, share }): readonly [number, number] => [ms, share]),
  }))
  const times = series.flatMap(({ points }) => points.map(([ms]) => ms)).filter(Number.isFinite)
  const domain = decades(Math.min(...times, workload.killSwitchMs), Math.max(...times, workload.killSwitchMs))
  return chart({
    title: 'The share of clients that run a change, over the time since it was published',
    series: [
      ...series,
      {
        name: `kill switch: ${sayMs(workload.killSwitchMs)}`,
        look: 'ink',
        points: [
          [workload.killSwitchMs, 0],
          [workload.killSwitchMs, 1],
        ],
      },
    ],
    x: { label: 'since publish()', scale: 'log', domain, ticks: powersOfTen(domain), say: sayMs },
    y: shareAxis('clients that run it'),
  })
}

/**
 * What the servers are asked in the first minute after a minute's outage of all of them.
 *
 * ```ts
 * loadChart(result)
 * ```
 */
export function loadChart({ rows }: Comparison): string {
  const looks = looksOf(rows.map(({ model }) => model))
  const series = rows.map(({ model, loadAfterOutage }): Series => ({
    name: model,
    look: looks.get(model) ?? 'ink',
    points: loadAfterOutage.map((requests, second): readonly [number, number] => [second, requests]),
  }))
  // Some air above the highest, whose top would be cut off else.
  const most = 1.06 * Math.max(1, ...rows.flatMap(({ loadAfterOutage }) => loadAfterOutage))
  return chart({
    title: 'Requests in each second after all servers were away for a minute',
    series,
    steps: true,
    x: {
      label: 'seconds since the servers are back',
      scale: 'linear',
      domain: [0, 60],
      ticks: [0, 10, 20, 30, 40, 50, 60],
      say: String,
    },
    y: {
      label: 'requests a second',
      scale: 'linear',
      domain: [0, most],
      ticks: roundTicks(most),
      say: figure,
    },
  })
}

/**
 * How many clients run a bad document, over time: to everyone at once, and in stages.
 *
 * ```ts
 * blastChart(result)
 * ```
 */
export function blastChart(result: Comparison): string {
  const { everyone, staged } = result.blastRadius
  const { clients } = result.workload
  const { half: halfMs, all: allMs } = shownRow(result).stalenessMs
  const ends = [everyone.goneMs, staged.goneMs].filter(Number.isFinite)
  // Of what is never gone an hour is shown.
  const longestMs = ends.length === 0 ? HOUR_MS : Math.max(...ends)
  const noticed = staged.noticedIn ?? staged.stages.length - 1
  const stageMs = (staged.completesMs - allMs) / Math.max(1, staged.stages.length - 1)
  const rising = staged.stages
    .slice(0, noticed + 1)
    .map((exposed, index): readonly [number, number] => [halfMs + index * stageMs, exposed])
  const [, most] = decades(1, clients)
  return chart({
    title: 'How many clients run a bad document, over the time since it was published',
    steps: true,
    series: [
      {
        name: 'to everyone at once',
        look: 'ink',
        points: [
          [0, 0],
          [halfMs, clients],
          [everyone.goneMs, 0],
          [longestMs * 1.05, 0],
        ],
      },
      {
        name:
          staged.by === 'clock' ? 'in stages by the clock' : 'in stages, where a gate or a guardrail sees it',
        look: 'soft',
        points: [[0, 0], ...rising, [staged.goneMs, 0], [longestMs * 1.05, 0]],
      },
    ],
    x: {
      label: 'minutes since publish()',
      scale: 'linear',
      domain: [0, longestMs * 1.05],
      ticks: roundTicks((longestMs * 1.05) / 60_000).map(minutes => minutes * 60_000),
      say: ms => figure(ms / 60_000),
    },
    y: {
      label: 'clients that run it',
      scale: 'counts',
      domain: [0, most],
      ticks: [0, ...powersOfTen([1, most])],
      say: count,
    },
  })
}

function shareAxis(label: string) {
  return {
    label,
    scale: 'linear' as const,
    domain: [0, 1] as const,
    ticks: [0, 0.25, 0.5, 0.75, 1],
    say: (share: number) => `${Math.round(share * 100)} %`,
  }
}

/** The powers of ten around two numbers. */
function decades(least: number, most: number): readonly [number, number] {
  const from = 10 ** Math.floor(Math.log10(Math.max(1, least)))
  return [from, Math.max(10 * from, 10 ** Math.ceil(Math.log10(Math.max(1, most))))]
}
