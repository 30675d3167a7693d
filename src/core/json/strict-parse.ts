import { NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import { canonicalize } from './canonical.js'
import { isWellFormed } from './text.js'
import { MAX_DEPTH } from '../limits.js'

/**
 * Reads canonical JSON and nothing else, and freezes what it read. The bytes must be UTF-8, within
 * the size and depth limits, and exactly what {@link canonicalize} writes for the value: so
 * duplicate keys, 1e400, -0, integers past 2^53, unordered keys and white space are refused without
 * a parser of our own. Throws `invalid-data` or `too-large`; `what` names the thing in the message
 * ("the snapshot").
 *
 * ```ts
 * const document = parseCanonical(bytes, { what: 'the snapshot', maxBytes: 1_048_576 })
 * ```
 */
export function parseCanonical(
  bytes: Uint8Array,
  { what, maxBytes }: { readonly what: string; readonly maxBytes: number },
): Json {
  if (bytes.length > maxBytes)
    throw new NoticeboardError('too-large', `${what} has ${bytes.length} bytes; ${maxBytes} are allowed`)
  const text = decodeText(bytes, what)
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    // The parser's own message quotes the text, which may be a secret.
    throw new NoticeboardError('invalid-data', `${what} is not JSON`)
  }
  const walk = new Freezing(what, { mayHoldSurrogates: text.includes('\\ud') })
  walk.visit(value, 0)
  const { ordered } = walk
  // Objects with integer-like keys are listed out of order by JavaScript itself; for them the slow
  // comparison decides.
  if (ordered && JSON.stringify(value) === text) return value as Json
  if (!ordered && canonicalize(value) === text) return value as Json
  throw new NoticeboardError(
    'invalid-data',
    `${what} is not canonical JSON: keys in ascending order and once, numbers and strings in their shortest form, no white space`,
  )
}

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Bytes as text. Throws `invalid-data` on anything that is not UTF-8, instead of replacing it.
 *
 * ```ts
 * const text = decodeText(bytes, 'the settings')
 * ```
 */
export function decodeText(bytes: Uint8Array, what: string): string {
  try {
    return decoder.decode(bytes)
  } catch {
    throw new NoticeboardError('invalid-data', `${what} is not UTF-8`)
  }
}

/** Freezes a parsed value in one walk. A class, since most of what is on the way is the same. */
class Freezing {
  /** False once some object lists its keys in another order than the canonical one. */
  ordered = true
  readonly #what: string
  readonly #mayHoldSurrogates: boolean
  /**
   * The keys of the object that was entered last at each depth: of many objects with the same keys,
   * as lists of flags have them, only those of the first are compared with each other.
   */
  readonly #keysAt: (readonly string[] | undefined)[] = []

  constructor(what: string, { mayHoldSurrogates }: { readonly mayHoldSurrogates: boolean }) {
    this.#what = what
    this.#mayHoldSurrogates = mayHoldSurrogates
  }

  visit(value: unknown, depth: number): void {
    if (typeof value === 'object' && value !== null) this.#enter(value, depth)
    else if (this.#mayHoldSurrogates && typeof value === 'string') this.#checkText(value)
  }

  #enter(value: object, depth: number): void {
    if (depth >= MAX_DEPTH)
      throw new NoticeboardError('invalid-data', `${this.#what} nests deeper than ${MAX_DEPTH} levels`)
    if (Array.isArray(value)) {
      for (const item of value as readonly unknown[]) this.visit(item, depth + 1)
    } else {
      const keys = Object.keys(value)
      const before = this.#keysAt[depth]
      if (before === undefined || !areSame(keys, before)) this.#checkKeys(keys)
      this.#keysAt[depth] = keys
      for (const key of keys) this.visit((value as Readonly<Record<string, unknown>>)[key], depth + 1)
    }
    Object.freeze(value)
  }

  #checkKeys(keys: readonly string[]): void {
    let before: string | undefined
    for (const key of keys) {
      if (key === '__proto__')
        throw new NoticeboardError('invalid-data', `${this.#what} has a key named "__proto__"`)
      if (before !== undefined && key <= before) this.ordered = false
      before = key
      if (this.#mayHoldSurrogates) this.#checkText(key)
    }
  }

  #checkText(text: string): void {
    if (!isWellFormed(text))
      throw new NoticeboardError('invalid-data', `${this.#what} holds half of a surrogate pair`)
  }
}

/** Whether two lists hold the same texts. */
function areSame(a: readonly string[], b: readonly string[]): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false
  return true
}
