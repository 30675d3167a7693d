/**
 * Freezes a validated value as far as it is plain: objects and arrays all the way down. A `Date`, a
 * `Map` or an instance of a class that a schema made keeps its type and stays as it is.
 */
export function freezePlain<Value>(value: Value): Value {
  freeze(value, new Set())
  return value
}

/**
 * Goes into what is frozen already, too: a schema's `readonly` freezes the outside alone. Only such
 * objects are remembered, so that a circle ends at its second turn, and a fresh tree, the usual
 * case, costs no memory.
 */
function freeze(value: unknown, entered: Set<object>): void {
  if (typeof value !== 'object' || value === null) return
  if (!Array.isArray(value) && !isPlain(value)) return
  if (!Object.isFrozen(value)) Object.freeze(value)
  else if (entered.has(value)) return
  else entered.add(value)
  for (const member of Object.values(value)) freeze(member, entered)
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
