import type { JsonObject } from '../../contracts/json.js'
import { isJsonObject } from '../json/shape.js'

/**
 * The source of a regular expression in the form that JSON Schema asks for, which compiles with the
 * flag `u` and means the same: `\-` outside a class, `\@`, `\_`, a bare `]` or `{` are allowed
 * without that flag only. Undefined for one that does not compile, or has no such form.
 *
 * ```ts
 * unicodePattern('^[a-z]+\\-[0-9]+$') // '^[a-z]+-[0-9]+$'
 * ```
 */
export function unicodePattern(source: string): string | undefined {
  if (compiles(source, 'u')) return source
  if (!compiles(source, '')) return undefined
  const strict = strictForm(source)
  return compiles(strict, 'u') ? strict : undefined
}

/**
 * A copy of a JSON Schema with every pattern as {@link unicodePattern} writes it. What is data in a
 * schema (a constant, a default) is copied as it is.
 */
export function withUnicodePatterns(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withUnicodePatterns)
  if (!isJsonObject(schema)) return schema
  return Object.fromEntries(
    Object.entries(schema).map(([keyword, value]) => {
      if (keyword === 'pattern' && typeof value === 'string') return [keyword, unicodePattern(value) ?? value]
      if (keyword === 'patternProperties' && isJsonObject(value))
        return [keyword, mapped(value, key => unicodePattern(key) ?? key)]
      if (DATA_KEYWORDS.has(keyword)) return [keyword, structuredClone(value)]
      return [
        keyword,
        NAME_MAPS.has(keyword) && isJsonObject(value) ? mapped(value) : withUnicodePatterns(value),
      ]
    }),
  )
}

/** Keywords whose value is no schema, whatever stands in it. */
export const DATA_KEYWORDS: ReadonlySet<string> = new Set(['const', 'enum', 'default', 'examples'])
/** Keywords whose members have the names of members. */
export const NAME_MAPS: ReadonlySet<string> = new Set([
  'patternProperties',
  'properties',
  '$defs',
  'definitions',
  'dependentSchemas',
  'dependencies',
])

function mapped(
  members: JsonObject,
  nameOf: (name: string) => string = name => name,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(members).map(([name, member]) => [nameOf(name), withUnicodePatterns(member)]),
  )
}

function compiles(source: string, flags: string): boolean {
  try {
    new RegExp(source, flags)
    return true
  } catch {
    // Whether it does is the question.
    return false
  }
}

/** Escapes that mean the same with and without the flag. */
const SAME = /\\(?:[dDwWsSbfnrtv^$\\.*+?()[\]{}|/]|c[A-Za-z]|x[\dA-Fa-f]{2}|u[\dA-Fa-f]{4}|0(?!\d))/y
const CLASS_ESCAPE = /\\[dDwWsS]/y
const QUANTIFIER = /\{\d+(?:,\d*)?\}/y
const OCTAL = /\\(?:[0-3]?[0-7]{1,2})/y
const REFERENCE = /\\[1-9]\d*/y
const SYNTAX = /[\^$\\.*+?()[\]{}|/]/

/** Writes what only the older grammar of regular expressions allows as the newer one does. */
function strictForm(source: string): string {
  const groups = (new RegExp(`${source}|`).exec('')?.length ?? 1) - 1
  const hasNames = /\(\?<[^=!]/.test(source)
  let strict = ''
  let inClass = false
  let afterClassEscape = false
  let at = 0
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    return pattern.exec(source)?.[0]
  }
  const literal = (character: string): string => (SYNTAX.test(character) ? `\\${character}` : character)

  while (at < source.length) {
    const character = String.fromCodePoint(source.codePointAt(at) ?? 0)
    const classEscape = inClass && match(CLASS_ESCAPE) !== undefined
    const [length, written] = character === '\\' ? escape() : bare(character)
    strict += written
    at += length
    afterClassEscape = classEscape
  }
  return strict

  /** What stands at a backslash: its length, and how it is written. */
  function escape(): readonly [number, string] {
    const same = match(SAME) ?? (inClass ? match(/\\-/y) : match(/\\B/y))
    if (same !== undefined) return [same.length, same]
    const reference = inClass ? undefined : match(REFERENCE)
    if (reference !== undefined && Number(reference.slice(1)) <= groups) return [reference.length, reference]
    const octal = match(OCTAL)
    if (octal !== undefined)
      return [octal.length, `\\x${Number.parseInt(octal.slice(1), 8).toString(16).padStart(2, '0')}`]
    if (hasNames && source.startsWith('\\k<', at)) return [2, '\\k']
    // A \c that names no control character is a backslash and a c.
    if (source[at + 1] === 'c') return [1, '\\\\']
    return [2, literal(source[at + 1] ?? '')]
  }

  function bare(character: string): readonly [number, string] {
    const { length } = character
    if (inClass) {
      if (character === ']') inClass = false
      // Beside \d and its like a hyphen makes no range.
      const isHyphen =
        character === '-' && (afterClassEscape || /^-\\[dDwWsS]/.test(source.slice(at, at + 3)))
      return [length, isHyphen ? '\\-' : character]
    }
    if (character === '[') {
      inClass = true
      return source[at + 1] === '^' ? [2, '[^'] : [1, '[']
    }
    const quantifier = match(QUANTIFIER)
    if (quantifier !== undefined) return [quantifier.length, quantifier]
    return [length, /[\]{}]/.test(character) ? `\\${character}` : character]
  }
}
