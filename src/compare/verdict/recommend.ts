import type { Row } from '../row.js'

/** What counts, and how much: the two weights add up to 1. */
export interface Weights {
  /** The weight of the servers' processor time, from 0 to 1. Default 0.5. */
  readonly cpu: number
  /** The weight of the bytes of all clients, from 0 to 1. Default 0.5. */
  readonly bytes: number
}

/** The weights where none are given. */
export const WEIGHTS: Weights = { cpu: 0.5, bytes: 0.5 }

/** What differs by less than this share is a tie. */
export const TIE: number = 0.15

/** What a verdict needs of a row. */
export type Judged = Pick<Row, 'model' | 'fits' | 'cpu' | 'bytes' | 'stalenessMs'>

/** Which model to take. */
export interface Choice<R extends Judged = Row> {
  /** The model to take; undefined where none fits. */
  readonly best: R | undefined
  /** Those that fit as well, and come to the same within 15 %. */
  readonly ties: readonly R[]
  /** Those that fit, the cheapest first. */
  readonly fitting: readonly R[]
}

/**
 * What a model costs, as one number to compare with that of others: processor time and bytes a day,
 * each to the power of its weight. So a ratio of two does not depend on what else is compared, nor
 * on units.
 *
 * ```ts
 * costOf(ofHybrid, WEIGHTS) / costOf(ofPull, WEIGHTS)
 * ```
 */
export function costOf({ cpu, bytes }: Pick<Judged, 'cpu' | 'bytes'>, weights: Weights): number {
  // A model that costs nothing at all is not infinitely better than one that costs next to nothing.
  return Math.max(1, cpu.msPerDay) ** weights.cpu * Math.max(1, bytes.perDay) ** weights.bytes
}

/**
 * Drops what does not fit, and takes the cheapest. Among those that tie the one that brings a
 * change sooner.
 *
 * ```ts
 * const { best, ties } = choose(rows, WEIGHTS)
 * ```
 */
export function choose<R extends Judged>(rows: readonly R[], weights: Weights): Choice<R> {
  const fitting = rows.filter(({ fits }) => fits).sort((a, b) => costOf(a, weights) - costOf(b, weights))
  const [cheapest] = fitting
  if (cheapest === undefined) return { best: undefined, ties: [], fitting }
  const within = costOf(cheapest, weights) * (1 + TIE)
  const close = fitting.filter(row => costOf(row, weights) <= within)
  const best = close.reduce((soonest, row) => (row.stalenessMs.all < soonest.stalenessMs.all ? row : soonest))
  return { best, ties: close.filter(row => row !== best), fitting }
}
