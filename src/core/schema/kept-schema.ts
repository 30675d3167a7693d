import type { Schema } from '../../contracts/schema.js'
import { formatPointer } from '../json/pointer.js'
import { jsonSchemaOf, type JsonSchema } from './json-schema.js'
import { readingsOf, withWidePatterns } from './wide-patterns.js'
import { schemaProblem } from './schema-problem.js'
import { widenInputs } from './zod-inputs.js'

/**
 * What is kept beside the documents of a namespace, for tools that do not have the publisher's
 * code.
 */
export interface KeptSchema {
  /** It refuses no document that the publisher's schema accepts; it may accept more. */
  readonly jsonSchema: JsonSchema
  /** Whether it was made of the publisher's schema; if not, it accepts everything. */
  readonly isKnown: boolean
  /** Where it is known to accept more, as JSON Pointers into it. */
  readonly gaps: readonly string[]
}

/**
 * Kept by publishers whose schema has no JSON Schema, so that nobody checks by an older one.
 * Accepts everything.
 */
const NOTHING_KNOWN: JsonSchema = {
  $comment: 'The publisher has no JSON Schema of its documents; this one accepts everything.',
}

/** Keywords that check nothing. */
const NOTES: ReadonlySet<string> = new Set(['$comment', '$schema', '$id', 'id', 'title', 'description'])

/** Whether a JSON Schema accepts everything, since it has no keyword that checks anything. */
export function saysNothing(jsonSchema: object): boolean {
  return Object.keys(jsonSchema).every(keyword => NOTES.has(keyword))
}

/**
 * The JSON Schema to keep for a schema. What cannot be written as one is left out: a place that
 * takes what JSON Schema has no words for (a coerced value, a `catch`, a class) accepts anything, a
 * pattern whose flags would be lost is dropped, and a text with characters beyond U+FFFF, which
 * count twice in a program, is checked less where that matters. Rules of code (`refine`,
 * validators) are never in it. Never throws.
 */
export function keptSchemaOf(schema: Schema): KeptSchema {
  const gaps = new Set<string>()
  // One source may stand there with the flag u and without.
  const byUnits = new Set<string>()
  const byCharacters = new Set<string>()
  let countsUnits = false
  const widened = widenInputs({
    onGap: steps => gaps.add(formatPointer(steps)),
    onPattern: ({ source, flags }) => (flags.includes('u') ? byCharacters : byUnits).add(source),
    onUnits: () => {
      countsUnits = true
    },
  })
  const isZod = schema['~standard'].vendor === 'zod'
  const written = jsonSchemaOf(schema, isZod ? { libraryOptions: widened } : {})
  const jsonSchema =
    written &&
    withWidePatterns(written, {
      readingOf: isZod
        ? source => (byCharacters.has(source) && !byUnits.has(source) ? 'same' : 'by units')
        : readingsOf(schema),
      countsUnits: countsUnits || !isZod,
      onGap: pointer => gaps.add(pointer),
    })
  const isEmptied = jsonSchema !== undefined && saysNothing(jsonSchema) && gaps.size > 0
  if (jsonSchema === undefined || isEmptied || schemaProblem(jsonSchema) !== undefined)
    return { jsonSchema: NOTHING_KNOWN, isKnown: false, gaps: [] }
  // What lies in a place that is named goes without saying.
  const outer = [...gaps].filter(gap => ![...gaps].some(other => gap.startsWith(`${other}/`)))
  return { jsonSchema, isKnown: true, gaps: outer }
}
