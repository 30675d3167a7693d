/**
 * The first items of anything that can be gone through, `count` of them at most, as a list of their
 * own.
 *
 * ```ts
 * firstOf(new Set(['a', 'b', 'c']), 2) // ['a', 'b']
 * ```
 */
export function firstOf<Item>(items: Iterable<Item>, count: number): readonly Item[] {
  const first: Item[] = []
  if (count < 1) return first
  for (const item of items) {
    first.push(item)
    if (first.length >= count) break
  }
  return first
}
