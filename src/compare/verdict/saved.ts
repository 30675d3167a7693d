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
