/**
 * Freezes a validated value as far as it is plain: objects and arrays all the way down. A `Date`, a
 * `Map` or an instance of a class that a schema made keeps its type and stays as it is.
 */
export function freezePlain<Value>(value: Value): Value {
  freeze(value, new Set())
  return value
}

/**
 * Goes into what is frozen already, too: a schema's `readonly` freezes the outside alone. Each is
 * visited once, as a transform may make circles.
 */
function freeze(value: unknown, visited: Set<object>): void {
  if (typeof value !== 'object' || value === null || visited.has(value)) return
  if (!Array.isArray(value) && !isPlain(value)) return
  visited.add(value)
  Object.freeze(value)
  for (const member of Object.values(value)) freeze(member, visited)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
