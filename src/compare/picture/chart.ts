import { scaleLinear, scaleLog, scaleSymlog, type ScaleContinuousNumeric } from 'd3-scale'
import { curveMonotoneX, curveStepAfter, line } from 'd3-shape'

/** A line of a chart. */
export interface Series {
  readonly name: string
  /** Which look it has: one of `lookOf()`, or `ink` or `soft` for what is no model. */
  readonly look: string
  readonly points: readonly (readonly [x: number, y: number])[]
}

/** What a chart shows. */
export interface ChartOptions {
  /** What it is about, for people who cannot see it. */
  readonly title: string
  readonly series: readonly Series[]
  readonly x: Axis
  readonly y: Axis
  /** Whether values hold until the next one. */
  readonly steps?: true
}

/** One direction of a chart. */
export interface Axis {
  readonly label: string
  /**
   * Linear or logarithmic from the first number to the second; of counts, which may be 0, from 0 to
   * 1 is as far as from there to 10.
   */
  readonly domain: readonly [least: number, most: number]
  readonly scale: 'linear' | 'log' | 'counts'
  readonly ticks: readonly number[]
  readonly say: (value: number) => string
}

// The size of a picture, and its margins.
export const WIDTH = 640
export const HEIGHT = 300
export const LEFT = 78
export const RIGHT = 34
export const TOP = 12
export const BOTTOM = 46

/**
 * A chart as SVG, by itself: text is text, colours are the page's, and lines differ in their dashes
 * as well.
 *
 * ```ts
 * chart({ title: 'Propagation', series, x, y })
 * ```
 */
export function chart({ title, series, x, y, steps }: ChartOptions): string {
  const across = scaleOf(x).range([LEFT, WIDTH - RIGHT])
  const up = scaleOf(y).range([HEIGHT - BOTTOM, TOP])
  const path = line<readonly [number, number]>()
    .x(([value]) => across(clamp(value, x.domain)))
    .y(([, value]) => up(clamp(value, y.domain)))
    .curve(steps === true ? curveStepAfter : curveMonotoneX)
  const grid = [
    ...x.ticks.map(
      value =>
        `<line class="grid" x1="${px(across(value))}" x2="${px(across(value))}" y1="${TOP}" y2="${HEIGHT - BOTTOM}"/><text x="${px(across(value))}" y="${HEIGHT - BOTTOM + 17}" text-anchor="${anchorAt(across(value))}">${escapeText(x.say(value))}</text>`,
    ),
    ...y.ticks.map(
      value =>
        `<line class="grid" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${px(up(value))}" y2="${px(up(value))}"/><text x="${LEFT - 7}" y="${px(up(value) + 4)}" text-anchor="end">${escapeText(y.say(value))}</text>`,
    ),
  ]
  const lines = series.map(
    ({ name, look, points }) =>
      `<path class="line line-${look}" d="${path(points.filter(point => point.every(Number.isFinite))) ?? ''}"><title>${escapeText(name)}</title></path>`,
  )
  return `<figure><svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${escapeText(title)}">${grid.join('')}<text x="${(LEFT + WIDTH - RIGHT) / 2}" y="${HEIGHT - 8}" text-anchor="middle">${escapeText(x.label)}</text><text transform="translate(13 ${(TOP + HEIGHT - BOTTOM) / 2}) rotate(-90)" text-anchor="middle">${escapeText(y.label)}</text>${lines.join('')}</svg>${legend(series)}</figure>`
}

/**
 * The names of lines or areas, with a sample of each.
 *
 * ```ts
 * legend([{ name: 'hybrid', look: '0' }])
 * ```
 */
export function legend(entries: readonly Pick<Series, 'name' | 'look'>[]): string {
  const items = entries.map(
    ({ name, look }) =>
      `<li><svg viewBox="0 0 28 10" aria-hidden="true"><path class="line line-${look}" d="M1 5H27"/></svg>${escapeText(name)}</li>`,
  )
  return `<ul class="legend">${items.join('')}</ul>`
}

/**
 * Ticks of a logarithmic axis: the powers of ten within its bounds.
 *
 * ```ts
 * powersOfTen([20, 5_000]) // [100, 1_000]
 * ```
 */
export function powersOfTen([least, most]: readonly [number, number]): readonly number[] {
  const first = Math.ceil(Math.log10(least) - 1e-9)
  const last = Math.floor(Math.log10(most) + 1e-9)
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, index) => 10 ** (first + index))
}

/**
 * Round ticks of a linear axis from 0.
 *
 * ```ts
 * roundTicks(90) // [0, 20, 40, 60, 80]
 * ```
 */
export function roundTicks(most: number): readonly number[] {
  return scaleLinear().domain([0, most]).ticks(5)
}

/**
 * A text as it stands in HTML.
 *
 * ```ts
 * escapeText('a < b') // a &lt; b
 * ```
 */
export function escapeText(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function scaleOf({ scale, domain }: Axis): ScaleContinuousNumeric<number, number> {
  switch (scale) {
    case 'linear':
      return scaleLinear().domain([...domain])
    case 'log':
      return scaleLog().domain([...domain])
    case 'counts':
      return scaleSymlog()
        .constant(1 / 9)
        .domain([...domain])
  }
}

/**
 * A number, brought within bounds.
 *
 * ```ts
 * clamp(7, [0, 5]) // 5
 * ```
 */
export function clamp(value: number, [least, most]: readonly [number, number]): number {
  return Math.min(most, Math.max(least, value))
}

/**
 * Where a label below the picture is held, so that the last one does not leave it.
 *
 * ```ts
 * anchorAt(320) // middle
 * ```
 */
export function anchorAt(x: number): 'middle' | 'end' {
  return x > WIDTH - RIGHT - 8 ? 'end' : 'middle'
}

/**
 * A length in a picture.
 *
 * ```ts
 * px(12.345) // 12.3
 * ```
 */
export function px(value: number): string {
  return value.toFixed(1)
}
