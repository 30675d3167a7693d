/**
 * Freezes a validated value as far as it is plain: objects and arrays all the way down. A `Date`, a `Map` or an instance
 * of a class that a schema made keeps its type and stays as it is.
 */
export function freezePlain<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  if (!Array.isArray(value) && !isPlain(value)) return value
  Object.freeze(value)
  for (const member of Object.values(value)) freezePlain(member)
  return value
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || prototype === Object.prototype
}
