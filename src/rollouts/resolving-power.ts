import { chanceOfNone } from './hypergeometric.js'

/** What a stage may miss by chance: one-sided, 5 %. */
const MISSED = 0.05

/**
 * The smallest share of a fleet whose failure a stage would have seen, where it saw none: a fault
 * that hits more than that is excluded with 95 % certainty; 1 when nothing is. Counted over the
 * clients that are healthy, without replacement: of a small fleet most have to be looked at.
 *
 * ```ts
 * excludedShare({ live: 60, healthy: 12 }) // 0.2
 * ```
 */
export function excludedShare({ live, healthy }: StageSample): number {
  if (healthy <= 0 || live <= 0) return 1
  const drawn = Math.min(healthy, live)
  let [low, high] = [0, live]
  // The chance to miss a fault falls with the number of clients that it hits.
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (chanceOfNone({ all: live, marked: middle, drawn }) < MISSED) high = middle
    else low = middle
  }
  return high / live
}

/**
 * How many healthy clients a stage needs so that faults which hit more than a share of the fleet are
 * excluded.
 *
 * ```ts
 * healthyToExclude({ live: 60, share: 0.05 }) // 38
 * ```
 */
export function healthyToExclude({ live, share }: { readonly live: number; readonly share: number }): number {
  const marked = Math.min(live, Math.max(1, Math.ceil(share * live)))
  let [low, high] = [0, live]
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if (chanceOfNone({ all: live, marked, drawn: middle }) < MISSED) high = middle
    else low = middle
  }
  return high
}

/** A fleet, and how many of its clients were seen to be well. */
export interface StageSample {
  readonly live: number
  readonly healthy: number
}

/**
 * What a stage can see, for people.
 *
 * ```ts
 * sayResolvingPower({ live: 60, healthy: 12 })
 * // '12 of 60 clients; with no failure seen this excludes faults that hit more than 20 %; to exclude 5 % you need 38'
 * ```
 */
export function sayResolvingPower({ live, healthy }: StageSample): string {
  const share = excludedShare({ live, healthy })
  const power =
    share >= 1
      ? 'too few to exclude any fault'
      : `with no failure seen this excludes faults that hit more than ${percent(share)}`
  const needed = healthyToExclude({ live, share: 0.05 })
  const count = needed === live && live > 1 ? `all ${live}` : `${needed}`
  // Without a share before it the number says what it is a share of.
  const hits = share >= 1 ? 'faults that hit more than 5 %' : '5 %'
  const more = share > 0.05 && needed > healthy ? `; to exclude ${hits} you need ${count}` : ''
  return `${healthy} of ${live} clients; ${power}${more}`
}

/** A share as people write it: 20 %, 0.3 %. */
export function percent(share: number): string {
  const value = share * 100
  return `${value >= 10 ? Math.round(value) : Number(value.toPrecision(2))} %`
}
