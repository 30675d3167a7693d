import type { Row } from '../row.js'

type Figures = Pick<Row, 'stalenessMs' | 'bytes'>

/**
 * What a row would say of another variant of its model: by as much more or less as the formula has
 * between the two.
 *
 * ```ts
 * savedOf(row, { from: essentials(whole, basis), to: essentials(deltas, basis) }).allMs
 * ```
 */
export function savedOf(
  row: Figures,
  { from, to }: { readonly from: Figures; readonly to: Figures },
): { readonly allMs: number; readonly bytesPerDay: number } {
  return {
    allMs: (row.stalenessMs.all * to.stalenessMs.all) / from.stalenessMs.all,
    bytesPerDay: (row.bytes.perDay * to.bytes.perDay) / from.bytes.perDay,
  }
}

/**
 * A figure beside the one that it replaces: both, or the one where they are told as the same.
 *
 * ```ts
 * sayBeside('7.7 GB', '27 GB', ' a day') // '7.7 GB a day in place of 27 GB'
 * ```
 */
export function sayBeside(now: string, before: string, each = ''): string {
  return now === before ? `${now}${each} as without` : `${now}${each} in place of ${before}`
}
