/** The candidate that somebody probably meant, if one is close enough to say so. */
export function nearest(text: string, candidates: readonly string[]): string | undefined {
  const limit = Math.max(1, Math.floor(text.length / 3))
  const ranked = candidates
    .map(candidate => ({
      candidate,
      distance: candidate.startsWith(text) && text.length > 1 ? 0 : distance(text, candidate),
    }))
    .filter(({ distance: steps }) => steps <= limit)
    .sort((a, b) => a.distance - b.distance)
  return ranked[0]?.candidate
}

/**
 * Insertions, removals, replacements and swaps of neighbours that lead from one text to another
 * (Damerau-Levenshtein).
 */
function distance(a: string, b: string): number {
  let before: readonly number[] = []
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i]
    for (let j = 1; j <= b.length; j += 1) {
      const same = a[i - 1] === b[j - 1]
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      row[j] = Math.min(
        at(last, j) + 1,
        at(row, j - 1) + 1,
        at(last, j - 1) + (same ? 0 : 1),
        swapped ? at(before, j - 2) + 1 : Infinity,
      )
    }
    before = last
    last = row
  }
  return at(last, b.length)
}

function at(row: readonly number[], j: number): number {
  return row[j] ?? Infinity
}
