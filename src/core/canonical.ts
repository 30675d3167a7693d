import { NoticeboardError } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import { joinPath } from './path.js'

/** How deep a document may nest. */
export const MAX_DEPTH = 64

/**
 * The canonical JSON text of a value, as RFC 8785 writes it: keys ascending by UTF-16 code unit, numbers
 * and strings as ECMAScript prints them, no white space. Throws `invalid-data` naming the path of anything that JSON cannot
 * carry exactly: undefined items, functions, NaN, infinities, -0, lone surrogates, `__proto__` keys, class instances, cycles, depth over 64.
 * Members that are undefined are left out, as JSON.stringify does.
 */
export function canonicalize(value: unknown): string {
  return write(value, '', 0)
}

function write(value: unknown, path: string, depth: number): string {
  switch (typeof value) {
    case 'string':
      return writeString(value, path)
    case 'number':
      return writeNumber(value, path)
    case 'boolean':
      return value ? 'true' : 'false'
    case 'object':
      if (value === null) return 'null'
      if (depth >= MAX_DEPTH) throw refusal(path, `it nests deeper than ${MAX_DEPTH} levels`)
      return Array.isArray(value) ? writeArray(value, path, depth) : writeObject(value, path, depth)
    default:
      throw refusal(path, `JSON has no ${typeof value}`)
  }
}

function writeString(text: string, path: string): string {
  const written = JSON.stringify(text)
  // A well-formed text never needs an escape of the surrogate range; JSON.stringify writes one for each lone surrogate.
  if (written.includes('\\ud') && !isWellFormed(text)) throw refusal(path, 'it holds half of a surrogate pair, which is no character')
  return written
}

function writeNumber(value: number, path: string): string {
  if (!Number.isFinite(value)) throw refusal(path, 'JSON has no NaN and no infinity')
  if (Object.is(value, -0)) throw refusal(path, '-0 does not survive JSON; write 0')
  return String(value)
}

function writeArray(items: readonly unknown[], path: string, depth: number): string {
  const parts: string[] = []
  for (let index = 0; index < items.length; index += 1) parts.push(write(items[index], joinPath(path, index), depth + 1))
  return `[${parts.join(',')}]`
}

function writeObject(object: object, path: string, depth: number): string {
  const prototype: unknown = Object.getPrototypeOf(object)
  if (prototype !== null && !isPlainPrototype(prototype)) throw refusal(path, 'only plain objects and arrays can travel')
  const parts: string[] = []
  for (const key of Object.keys(object).sort(byCodeUnit)) {
    const below = joinPath(path, key)
    if (key === '__proto__') throw refusal(path, 'a key is named "__proto__"; rename it')
    const member = (object as Record<string, unknown>)[key]
    if (member === undefined) continue
    parts.push(`${writeString(key, below)}:${write(member, below, depth + 1)}`)
  }
  return `{${parts.join(',')}}`
}

/** Plain in any realm: its own prototype is null and it is nobody's class. */
function isPlainPrototype(prototype: unknown): boolean {
  return prototype === Object.prototype || (Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype as object, 'hasOwnProperty'))
}

/** RFC 8785 orders keys by UTF-16 code unit, which is how `<` compares strings in ECMAScript. */
export function byCodeUnit(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/** Whether a text has no half surrogate pair. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text)
}

/** A copy of a JSON value with every object and array frozen. */
export function frozenCopy(value: Json): Json {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze((value as readonly Json[]).map(frozenCopy))
  return Object.freeze(Object.fromEntries(Object.entries(value).map(([key, member]) => [key, frozenCopy(member)])))
}

function refusal(path: string, reason: string): NoticeboardError {
  const where = path === '' ? 'the document' : path
  return new NoticeboardError('invalid-data', `${where} cannot be written as JSON: ${reason}`, {
    issues: [{ path, reason, validator: 'format' }],
  })
}
