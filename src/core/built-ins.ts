// What a value is, also when it comes from another realm: a test runner's sandbox, a `node:vm`
// context, a frame. There every built-in class exists a second time, and `instanceof` says no to a
// value that is one.

/**
 * The name a built-in goes by in every realm: `Set`, `Date`, `Uint8Array`; `Object` for what has
 * none.
 */
export function tagOf(value: unknown): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1)
}

/**
 * The built-in class that a value is an instance of, whatever realm it comes from: `Set`, `URL`.
 * Undefined for a literal, a primitive and an instance of any other class, one that extends a
 * built-in included: it may hold more.
 */
export function builtInOf(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const tag = tagOf(value)
  const prototype = Object.getPrototypeOf(value) as {
    readonly constructor?: { readonly name?: unknown }
  } | null
  const name = prototype?.constructor?.name
  if (tag === 'Object') return undefined
  return name === tag || (name === 'Buffer' && tag === 'Uint8Array') ? tag : undefined
}

/** Whether something thrown is an error: it has a name and a message, both texts. */
export function isError(value: unknown): value is Error {
  if (typeof value !== 'object' || value === null) return false
  const { name, message } = value as { readonly name?: unknown; readonly message?: unknown }
  return typeof name === 'string' && typeof message === 'string'
}

/**
 * The class of an error, for a log: its message may quote a value. `unknown` for anything else that
 * was thrown.
 */
export function errorName(thrown: unknown): string {
  return isError(thrown) ? thrown.name : 'unknown'
}

/**
 * The message of an error, or what else was thrown as a text: for the author of what threw, and
 * never for a log.
 */
export function errorMessage(thrown: unknown): string {
  return isError(thrown) ? thrown.message : String(thrown)
}

/** Whether something can be awaited: a promise of any realm or library. */
export function isThenable<Value>(value: Value | PromiseLike<Value>): value is PromiseLike<Value> {
  return (
    ((typeof value === 'object' && value !== null) || typeof value === 'function') &&
    'then' in value &&
    typeof value.then === 'function'
  )
}

/** Whether something is bytes, a Node `Buffer` included. */
export function isBytes(value: unknown): value is Uint8Array {
  return ArrayBuffer.isView(value) && tagOf(value) === 'Uint8Array'
}

/** Whether something is an object of no class: a literal, or one without a prototype. */
export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype === null || prototype === Object.prototype) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'hasOwnProperty')
}

/** Whether something is a date, valid or not. */
export function isDate(value: unknown): value is Date {
  return tagOf(value) === 'Date'
}

/** Whether something is a map. */
export function isMap(value: unknown): value is Map<unknown, unknown> {
  return tagOf(value) === 'Map'
}
