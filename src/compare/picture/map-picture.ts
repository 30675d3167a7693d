import { scaleLog } from 'd3-scale'
import type { Comparison } from '../result.js'
import type { CrossoverMap } from '../verdict/crossover-map.js'
import { count, sayMs } from '../words.js'
import {
  anchorAt,
  BOTTOM,
  clamp,
  escapeText,
  HEIGHT,
  LEFT,
  powersOfTen,
  px,
  RIGHT,
  TOP,
  WIDTH,
} from './chart.js'
import { looksOf } from './looks.js'

const DEADLINES_MS = [1_000, 10_000, 60_000, 600_000, 3_600_000]

/**
 * A map of verdicts as SVG, with the workload that was asked for on it.
 *
 * ```ts
 * mapPicture(map, result)
 * ```
 */
export function mapPicture(
  { clients, killSwitchMs, taken, tied }: CrossoverMap,
  { rows, workload, recommendation }: Comparison,
): string {
  const across = scaleLog()
    .domain(boundsOf(clients))
    .range([LEFT, WIDTH - RIGHT])
  const up = scaleLog()
    .domain(boundsOf(killSwitchMs))
    .range([HEIGHT - BOTTOM, TOP])
  const wide = (WIDTH - RIGHT - LEFT) / clients.length
  const high = (HEIGHT - BOTTOM - TOP) / killSwitchMs.length
  const models = rows.map(({ model }) => model)
  const looks = looksOf(models)
  // A kind looks like the first of it in the table.
  const rowOf = (taken: string): string =>
    recommendation.refitted ? (models.find(model => model.startsWith(taken)) ?? taken) : taken
  const lookOf = (taken: string | null): string =>
    `area area-${taken === null ? 'none' : (looks.get(rowOf(taken)) ?? 'none')}`

  const areas = taken.flatMap((line, index) =>
    runsOf(line).map(
      ({ value, from, to }) =>
        `<rect class="${lookOf(value)}" x="${px(LEFT + from * wide)}" y="${px(HEIGHT - BOTTOM - (index + 1) * high)}" width="${px((to - from) * wide + 0.3)}" height="${px(high + 0.3)}"/>`,
    ),
  )
  // A stripe at the bottom of a square is what ties there.
  const stripes = tied.flatMap((line, index) =>
    runsOf(line).flatMap(({ value, from, to }) =>
      value === null
        ? []
        : [
            `<rect class="${lookOf(value)}" x="${px(LEFT + from * wide)}" y="${px(HEIGHT - BOTTOM - (index + 0.4) * high)}" width="${px((to - from) * wide + 0.3)}" height="${px(0.4 * high)}"/>`,
          ],
    ),
  )
  const hasTies = stripes.length > 0
  const ticks = [
    // Every other one, since on a phone there is no room for more.
    ...powersOfTen(boundsOf(clients))
      .filter((_, index) => index % 2 === 0)
      .map(
        value =>
          `<text x="${px(across(value))}" y="${HEIGHT - BOTTOM + 17}" text-anchor="${anchorAt(across(value))}">${count(value)}</text>`,
      ),
    ...DEADLINES_MS.map(
      value => `<text x="${LEFT - 7}" y="${px(up(value) + 4)}" text-anchor="end">${sayMs(value)}</text>`,
    ),
  ]
  const [x, y] = [
    across(clamp(workload.clients, boundsOf(clients))),
    up(clamp(workload.killSwitchMs, boundsOf(killSwitchMs))),
  ]
  // In the order of the table, and last where none fits.
  const seen = new Set([...taken.flat(), ...tied.flat().filter(model => model !== null)])
  const placeOf = (model: string): number => models.indexOf(rowOf(model))
  const key = [...[...seen].filter(model => model !== null).sort((a, b) => placeOf(a) - placeOf(b)), null]
    .filter(model => seen.has(model))
    .map(
      model =>
        `<li><svg viewBox="0 0 28 10" aria-hidden="true"><rect class="${lookOf(model)}" width="28" height="10"/></svg>${escapeText(model ?? 'none of them')}</li>`,
    )
  return `<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="Which model is taken, by the number of clients and the deadline">${areas.join('')}${stripes.join('')}${ticks.join('')}<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">clients</text><text transform="translate(13 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">kill switch within</text><circle class="here" cx="${px(x)}" cy="${px(y)}" r="6"><title>your workload</title></circle></svg><ul class="legend">${key.join('')}<li><svg viewBox="0 0 28 10" aria-hidden="true"><circle class="here" cx="14" cy="5" r="4"/></svg>your workload</li>${hasTies ? '<li>a stripe in a square: this ties with it</li>' : ''}</ul></figure>`
}

/** Neighbours that are equal, as one. */
function runsOf<Value>(
  values: readonly Value[],
): readonly { readonly value: Value; readonly from: number; readonly to: number }[] {
  const starts = values.flatMap((value, index) => (index === 0 || value !== values[index - 1] ? [index] : []))
  return starts.map((from, index) => ({
    value: values[from] as Value,
    from,
    to: starts[index + 1] ?? values.length,
  }))
}

/** The bounds of what each number is the middle of. */
function boundsOf(middles: readonly number[]): [number, number] {
  const [first = 1, second = first] = middles
  const half = Math.sqrt(second / first)
  return [first / half, (middles.at(-1) ?? first) * half]
}
