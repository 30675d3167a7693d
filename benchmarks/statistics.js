/**
 * What several rounds of one measurement gave. Medians, because a machine that does other things
 * too makes means useless; the range beside it says how far to trust it.
 * @typedef {{ median: number, min: number, max: number, rounds: number[] }} Summary
 */

/** @param {readonly number[]} values @returns {Summary} */
export function summarize(values) {
  if (values.length === 0) throw new Error('there is nothing to summarize')
  const sorted = [...values].sort((a, b) => a - b)
  return { median: quantile(sorted, 0.5), min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0, rounds: [...values] }
}

/**
 * Round by round, so that what slowed both down falls out. @param {readonly number[]} values
 * @param {readonly number[]} others
 */
export function summarizeRatio(values, others) {
  return summarize(values.map((value, index) => value / (others[index] ?? Number.NaN)))
}

/**
 * The time by which so many are there. @param {readonly number[]} sorted @param {number} part 1 for
 * all of them
 */
export function reachedBy(sorted, part) {
  return sorted[Math.max(0, Math.ceil(sorted.length * part) - 1)] ?? Number.NaN
}

/** @param {readonly number[]} sorted @param {number} part */
function quantile(sorted, part) {
  const place = (sorted.length - 1) * part
  const below = sorted[Math.floor(place)] ?? 0
  const above = sorted[Math.ceil(place)] ?? 0
  return below + (above - below) * (place - Math.floor(place))
}
