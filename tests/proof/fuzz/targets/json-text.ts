import type { Json } from '../../../../src/contracts/json.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { readJsonText } from '../../../../src/core/json/json-text.js'
import { parseCanonical } from '../../../../src/core/json/strict-parse.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { attempt, hasHalfPair, violation } from '../oracle.js'
import { documents, releases, reports } from '../seeds.js'
import { same } from '../same.js'
import { damagedJson, type Target } from '../target.js'

/** Tolerant on purpose: what remains of damaged UTF-8 is as good a text as any. */
const decoder = new TextDecoder()

/**
 * JSON as people write it: exactly what JSON.parse accepts, less what would silently become
 * something else.
 */
export const jsonText: Target = {
  name: 'JSON text',
  weight: 16,
  draw: damagedJson([...documents, ...releases, ...reports]),
  check(bytes) {
    const text = decoder.decode(bytes)
    const ours = attempt(() => readJsonText(text, { what: 'app.json' }), ['invalid-data', 'too-large'])
    const theirs = parsed(text)
    if (theirs === undefined) {
      if (ours.type === 'read') throw violation('a text is accepted that JSON.parse refuses')
      return
    }
    const lost = whatIsLost(text, theirs.value)
    if (ours.type === 'read') {
      if (lost !== undefined) throw violation(`a text is accepted although it has ${lost}`)
      if (!same(ours.value, theirs.value))
        throw violation('a text reads as another value than JSON.parse gives')
      const canonical = canonicalize(ours.value)
      if (!same(parseCanonical(encodeText(canonical), { what: 'x', maxBytes: 4_194_304 }), ours.value))
        throw violation('a document that was read changes on its way to the board')
    } else if (lost === undefined && !mayLoseDigits(text)) {
      throw violation(`a text is refused although nothing is wrong with it: ${ours.error.message}`)
    }
  },
}

function parsed(text: string): { readonly value: Json } | undefined {
  try {
    return { value: JSON.parse(text) as Json }
  } catch {
    // A text that is no JSON.
    return undefined
  }
}

/** Strings one after the other; those that a colon follows are keys. */
const STRING_AND_COLON = /"(?:[^"\\]|\\.)*"(\s*:)?/gs
const STRING = /"(?:[^"\\]|\\.)*"/gs

/**
 * What a value that JSON.parse gave has lost or must not hold, found in another way than the reader
 * finds it.
 */
function whatIsLost(text: string, value: Json): string | undefined {
  let keys = 0
  let found: string | undefined
  const visit = (part: unknown, depth: number): void => {
    if (typeof part === 'number') {
      if (Object.is(part, -0)) found ??= 'a -0'
      if (!Number.isFinite(part)) found ??= 'a number that overflows'
    } else if (typeof part === 'string') {
      if (hasHalfPair(part)) found ??= 'half of a surrogate pair'
    } else if (typeof part === 'object' && part !== null) {
      if (depth === 64) {
        found ??= 'more than 64 levels'
        return
      }
      if (!Array.isArray(part)) {
        keys += Object.keys(part).length
        if (Object.hasOwn(part, '__proto__')) found ??= 'a key named __proto__'
        if (Object.keys(part).some(hasHalfPair)) found ??= 'half of a surrogate pair in a key'
      }
      for (const member of Object.values(part)) visit(member, depth + 1)
    }
  }
  visit(value, 0)
  if (found !== undefined) return found
  const written = [...text.matchAll(STRING_AND_COLON)].filter(([, colon]) => colon !== undefined).length
  return written > keys ? 'a key twice' : undefined
}

/**
 * Whether a number is written with more than a double is sure to hold. The vectors of the reader's
 * own tests say which.
 */
function mayLoseDigits(text: string): boolean {
  return /\d[\d.]{15}|[eE]-?\d{3}/.test(text.replace(STRING, '""'))
}
