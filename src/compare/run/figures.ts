/** The middle one; the upper of two. 0 where there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/**
 * The mean without the highest and the lowest tenth, one of each at least where there are three:
 * now and then a process does something once, such as collecting garbage or compiling code. 0 where
 * there is none.
 */
export function trimmedMean(values: readonly number[]): number {
  const away = values.length < 3 ? 0 : Math.ceil(values.length / 10)
  const kept = [...values].sort((a, b) => a - b).slice(away, values.length - away)
  return kept.reduce((sum, value) => sum + value, 0) / Math.max(1, kept.length)
}

/** To a tenth of a microsecond. */
export function round(ms: number): number {
  return Math.round(ms * 10_000) / 10_000
}
