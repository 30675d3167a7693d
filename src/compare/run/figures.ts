/** The middle one; the upper of two. 0 where there is none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}

/** To a tenth of a microsecond. */
export function round(ms: number): number {
  return Math.round(ms * 10_000) / 10_000
}
