import type { Schema } from '../../contracts/schema.js'
import type { Step } from '../json/path.js'
import { formatPointer } from '../json/pointer.js'
import { isJsonObject } from '../json/shape.js'
import type { JsonSchema } from './json-schema.js'
import { DATA_KEYWORDS, NAME_MAPS, unicodePattern } from './pattern.js'

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

/** Libraries whose patterns mean what they say: these refuse to write one that has flags. */
const WITHOUT_FLAGS: ReadonlySet<string> = new Set(['noticeboard', 'valibot'])

/**
 * A copy of the JSON Schema that a library wrote, without the patterns that mean something else in
 * it, since their flags are lost: of arktype those that have any, of a library that is not known
 * all. `onGap` is told each place.
 *
 * ```ts
 * const safe = withoutLostPatterns(jsonSchema, { schema, onGap: pointer => gaps.add(pointer) })
 * ```
 */
export function withoutLostPatterns(
  jsonSchema: JsonSchema,
  { schema, onGap }: { readonly schema: Schema; readonly onGap: (pointer: string) => void },
): JsonSchema {
  const { vendor } = schema['~standard']
  if (WITHOUT_FLAGS.has(vendor)) return jsonSchema
  const lost = vendor === 'arktype' ? lostInArktype(schema) : undefined
  const isLost = (source: unknown): boolean => lost?.has(source) ?? true
  let found = 0
  const lose = (steps: readonly Step[]): boolean => {
    found += 1
    onGap(formatPointer(steps))
    return true
  }
  const visit = (node: unknown, steps: readonly Step[]): unknown => {
    if (Array.isArray(node)) return node.map((item, index) => visit(item, [...steps, index]))
    if (!isJsonObject(node)) return node
    const inMap = isMap(steps)
    const members = Object.entries(node).flatMap(([key, value]): readonly (readonly [string, unknown])[] => {
      if (inMap && steps.at(-1) === 'patternProperties' && isLost(key) && lose(steps.slice(0, -1))) return []
      if (!inMap && key === 'pattern' && typeof value === 'string' && isLost(value) && lose(steps)) return []
      if (!inMap && DATA_KEYWORDS.has(key)) return [[key, value]]
      const before = found
      const below = visit(value, [...steps, key])
      // What accepts more refuses more where it is negated, decides, or stands for one of several.
      if (inMap || found === before) return [[key, below]]
      if (key === 'not' || key === 'if') return []
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

/**
 * The sources of those patterns, as arktype writes down its own types: a text, or
 * `{ rule, flags }`.
 */
function lostInArktype(schema: Schema): ReadonlySet<unknown> | undefined {
  const { json } = schema as { readonly json?: unknown }
  if (json === undefined) return undefined
  const lost = new Set<unknown>()
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return
    const { pattern = [] } = node as { readonly pattern?: unknown }
    for (const each of [pattern].flat()) {
      const { rule, flags = '' } = (typeof each === 'string' ? { rule: each } : each) as Record<
        string,
        unknown
      >
      if (typeof rule === 'string' && losesMeaning({ source: rule, flags: String(flags) })) lost.add(rule)
    }
    for (const member of Object.values(node)) visit(member)
  }
  visit(json)
  return lost
}
