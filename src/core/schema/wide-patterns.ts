import type { Schema } from '../../contracts/schema.js'
import type { Step } from '../json/path.js'
import { formatPointer } from '../json/pointer.js'
import { isJsonObject } from '../json/shape.js'
import type { JsonSchema } from './json-schema.js'
import { DATA_KEYWORDS, NAME_MAPS, unicodePattern } from './pattern.js'
import { minLengthByUnits, patternByUnits } from './text-units.js'

/**
 * Whether JSON Schema, which has no flags and reads patterns with `u`, would read a regular
 * expression as something else.
 */
export function losesMeaning({ source, flags }: Pick<RegExp, 'source' | 'flags'>): boolean {
  return (
    /[imsvy]/.test(flags) ||
    unicodePattern(source) === undefined ||
    // Without the flag u these are plain letters.
    (!flags.includes('u') && /\\(?:[pP]|u)\{/.test(source))
  )
}

/**
 * How JSON Schema reads a pattern that a library wrote: as the library does; counting characters
 * where the library counts units of UTF-16; as something else, since its flags are lost.
 */
export type Reading = 'same' | 'by units' | 'lost'

/**
 * A copy of the JSON Schema that a library wrote which refuses no text that the library accepts.
 * `countsUnits`: whether it counts the length of a text in units of UTF-16. `onGap` is told each
 * place where a rule is left out. Undefined readings are those of JSON Schema itself: nothing is
 * changed.
 *
 * ```ts
 * const safe = withWidePatterns(jsonSchema, { readingOf: readingsOf(schema), countsUnits: true, onGap: pointer => gaps.add(pointer) })
 * ```
 */
export function withWidePatterns(
  jsonSchema: JsonSchema,
  {
    readingOf,
    countsUnits,
    onGap,
  }: {
    readonly readingOf: ((source: string) => Reading) | undefined
    readonly countsUnits: boolean
    readonly onGap: (pointer: string) => void
  },
): JsonSchema {
  if (readingOf === undefined) return jsonSchema
  /** What was made wider until now, and of it what was left out. */
  let found = 0
  let lost = 0
  const lose = (steps: readonly Step[]): boolean => {
    found += 1
    lost += 1
    onGap(formatPointer(steps))
    return true
  }
  /** The pattern as JSON Schema has it; undefined where it is left out. */
  const patternFor = (source: string): string | undefined => {
    const reading = readingOf(source)
    return reading === 'same' ? source : reading === 'lost' ? undefined : patternByUnits(source)
  }
  const visit = (node: unknown, steps: readonly Step[]): unknown => {
    if (Array.isArray(node)) return node.map((item, index) => visit(item, [...steps, index]))
    if (!isJsonObject(node)) return node
    const inMap = isMap(steps)
    const members = Object.entries(node).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
      // A name that matches more is refused more, by what is asked of its member.
      if (
        inMap &&
        steps.at(-1) === 'patternProperties' &&
        patternFor(key) !== key &&
        lose(steps.slice(0, -1))
      )
        return []
      if (!inMap && key === 'pattern' && typeof value === 'string') {
        const pattern = patternFor(value)
        if (pattern === undefined && lose(steps)) return []
        if (pattern !== value) found += 1
        return [[key, pattern]]
      }
      if (countsUnits && !inMap && key === 'minLength' && typeof value === 'number' && value > 1) {
        if (node['if'] !== undefined && lose(steps)) return []
        found += 1
        return Object.entries(minLengthByUnits(value))
      }
      if (!inMap && DATA_KEYWORDS.has(key)) return [[key, value]]
      const before = { found, lost }
      const below = visit(value, [...steps, key])
      // What accepts more refuses more where it is negated, decides, or stands for one of several.
      if (inMap || found === before.found) return [[key, below]]
      if (key === 'not' || key === 'if') {
        if (lost === before.lost) lose(steps)
        return []
      }
      return [[key === 'oneOf' && node['anyOf'] === undefined ? 'anyOf' : key, below]]
    })
    // What a pattern named is a member like any other without it.
    const before = Object.keys(node['patternProperties'] ?? {}).length
    const copy = Object.fromEntries(members)
    if (!inMap && Object.keys(copy['patternProperties'] ?? {}).length < before) {
      delete copy['additionalProperties']
      delete copy['unevaluatedProperties']
    }
    return copy
  }
  return visit(jsonSchema, []) as JsonSchema
}

/** Whether the members of that place have names of the schema's author, and are no keywords. */
function isMap(steps: readonly Step[]): boolean {
  let map = false
  for (const step of steps) map = !map && typeof step === 'string' && NAME_MAPS.has(step)
  return map
}

/** Libraries that refuse to write a pattern that has flags. */
const WITHOUT_FLAGS: ReadonlySet<string> = new Set(['valibot'])

/**
 * How the patterns that the library of a schema writes are read: of a library that is not known all
 * may have lost their flags. Undefined for a schema that was made of a JSON Schema.
 */
export function readingsOf(schema: Schema): ((source: string) => Reading) | undefined {
  const { vendor } = schema['~standard']
  if (vendor === 'noticeboard') return undefined
  if (WITHOUT_FLAGS.has(vendor)) return () => 'by units'
  const known = vendor === 'arktype' ? readingsOfArktype(schema) : undefined
  return known === undefined ? () => 'lost' : source => known.get(source) ?? 'by units'
}

/** Those of its patterns as arktype writes down its own types: a text, or `{ rule, flags }`. */
function readingsOfArktype(schema: Schema): ReadonlyMap<string, Reading> | undefined {
  const { json } = schema as { readonly json?: unknown }
  if (json === undefined) return undefined
  const readings = new Map<string, Reading>()
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { pattern = [] } = node as { readonly pattern?: unknown }
    for (const each of [pattern].flat()) {
      const { rule, flags = '' } = (typeof each === 'string' ? { rule: each } : each) as Record<
        string,
        unknown
      >
      if (typeof rule === 'string') note({ source: rule, flags: String(flags) })
    }
    for (const member of Object.values(node)) visit(member)
  }
  // One source may stand there with several flags: what is lost or counted once is so everywhere.
  const note = (pattern: Pick<RegExp, 'source' | 'flags'>): void => {
    const reading = losesMeaning(pattern) ? 'lost' : pattern.flags.includes('u') ? 'same' : 'by units'
    const before = readings.get(pattern.source) ?? 'same'
    if (before === 'same' || reading === 'lost') readings.set(pattern.source, reading)
  }
  visit(json)
  return readings
}
