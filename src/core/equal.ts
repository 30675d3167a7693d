import { builtInOf, isPlainObject, tagOf } from './built-ins.js'
import { sameBytes } from './json/text.js'

/**
 * Whether two values hold the same: plain objects, arrays, sets and maps by what is in them, dates
 * by their time, URLs, regular expressions and bytes by what they say. Instances of other classes
 * and functions are the same by identity only, since what they hold may be private. The realm that
 * a value comes from does not matter.
 */
export function isEqual(a: unknown, b: unknown): boolean {
  return equal(a, b, new Map())
}

/** `entered` holds what is being compared already, so that a value that contains itself ends. */
function equal(a: unknown, b: unknown, entered: Map<object, object>): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false
  if (entered.get(a) === b) return true
  entered.set(a, b)
  const each = (one: readonly unknown[], other: readonly unknown[]): boolean =>
    one.length === other.length && one.every((item, index) => equal(item, other[index], entered))
  if (Array.isArray(a)) return Array.isArray(b) && each(a, b)
  if (isPlainObject(a))
    return isPlainObject(b) && sameMembers(a, b, (one, other) => equal(one, other, entered))
  const kind = builtInOf(a)
  if (kind === undefined || kind !== builtInOf(b))
    return isTemporal(a) && tagOf(a) === tagOf(b) && sameText(a, b)
  // In their order, which programs see.
  if (kind === 'Set' || kind === 'Map') return each([...(a as Set<unknown>)], [...(b as Set<unknown>)])
  return COMPARE[kind]?.(a, b) ?? false
}

function sameMembers(
  a: Readonly<Record<string, unknown>>,
  b: Readonly<Record<string, unknown>>,
  same: typeof isEqual,
): boolean {
  const names = Object.keys(a)
  return (
    names.length === Object.keys(b).length &&
    names.every(name => Object.hasOwn(b, name) && same(a[name], b[name]))
  )
}

/** `Temporal.Instant` and its like, which never change and print all that they are. */
function isTemporal(value: object): boolean {
  return tagOf(value).startsWith('Temporal.')
}

/** For classes whose text is all that they say. */
function sameText(a: { toString(): string }, b: { toString(): string }): boolean {
  return a.toString() === b.toString()
}

function sameViews(a: object, b: object): boolean {
  const bytes = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
    new Uint8Array(buffer, byteOffset, byteLength)
  return sameBytes(bytes(a as ArrayBufferView), bytes(b as ArrayBufferView))
}

const VIEWS = [
  'Uint8Array', 'Uint8ClampedArray', 'Uint16Array', 'Uint32Array', 'BigUint64Array', 'Int8Array', 'Int16Array', 'Int32Array',
  'BigInt64Array', 'Float32Array', 'Float64Array', 'DataView',
] // prettier-ignore

/** Those that are compared whole, by the name of their class. */
const COMPARE: Readonly<Record<string, (a: object, b: object) => boolean>> = {
  Date: (a, b) => Object.is((a as Date).getTime(), (b as Date).getTime()),
  URL: sameText,
  URLSearchParams: sameText,
  RegExp: sameText,
  ArrayBuffer: (a, b) => sameBytes(new Uint8Array(a as ArrayBuffer), new Uint8Array(b as ArrayBuffer)),
  ...Object.fromEntries(VIEWS.map(name => [name, sameViews])),
}
