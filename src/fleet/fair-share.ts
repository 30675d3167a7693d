/**
 * The most that each may have of a total, so that what is wanted by all together fits: whoever
 * wants less gets all of it, and what that leaves is shared evenly by the others. Infinite where
 * all of it fits.
 *
 * ```ts
 * fairShare([10, 500, 700], 610) // 300
 * ```
 */
export function fairShare(wanted: readonly number[], total: number): number {
  const ascending = [...wanted].sort((a, b) => a - b)
  let left = total
  for (const [index, each] of ascending.entries()) {
    const share = left / (ascending.length - index)
    if (each > share) return share
    left -= each
  }
  return Number.POSITIVE_INFINITY
}
