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
  const mayHoldSurrogates = text.includes('\\ud')
  const ordered = freeze(value, what, 0, mayHoldSurrogates)
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

/**
 * Freezes the value in one walk; false when some object lists its keys in another order than the
 * canonical one.
 */
function freeze(value: unknown, what: string, depth: number, mayHoldSurrogates: boolean): boolean {
  if (typeof value === 'string') {
    if (mayHoldSurrogates && !isWellFormed(value))
      throw new NoticeboardError('invalid-data', `${what} holds half of a surrogate pair`)
    return true
  }
  if (typeof value !== 'object' || value === null) return true
  if (depth >= MAX_DEPTH)
    throw new NoticeboardError('invalid-data', `${what} nests deeper than ${MAX_DEPTH} levels`)

  let ordered = true
  if (Array.isArray(value)) {
    for (const item of value as readonly unknown[]) {
      if (!freeze(item, what, depth + 1, mayHoldSurrogates)) ordered = false
    }
  } else {
    let before: string | undefined
    for (const key of Object.keys(value)) {
      if (key === '__proto__')
        throw new NoticeboardError('invalid-data', `${what} has a key named "__proto__"`)
      if (before !== undefined && key <= before) ordered = false
      before = key
      if (mayHoldSurrogates && !isWellFormed(key))
        throw new NoticeboardError('invalid-data', `${what} holds half of a surrogate pair`)
      if (!freeze((value as Record<string, unknown>)[key], what, depth + 1, mayHoldSurrogates))
        ordered = false
    }
  }
  Object.freeze(value)
  return ordered
}
