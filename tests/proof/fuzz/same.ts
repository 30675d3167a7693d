/**
 * Whether two JSON values are the same, in the values and in the number of their members, whatever
 * their order.
 */
export function same(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || a === null || typeof b !== 'object' || b === null) return Object.is(a, b)
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  for (const key of keys) {
    if (
      !Object.hasOwn(b, key) ||
      !same((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key])
    )
      return false
  }
  return true
}
