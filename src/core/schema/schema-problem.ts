import { isJsonObject } from '../json/shape.js'
import { formatPointer } from '../json/pointer.js'
import { nearest } from '../nearest.js'
import { draftOf, type Draft } from './drafts.js'
import { unicodePattern } from './pattern.js'

/** What makes a JSON Schema unusable. */
export interface SchemaProblem {
  /** Where it stands in the schema, as a JSON Pointer: `#/properties/pool/type`. */
  readonly pointer: string
  /** What is wrong there, and what to write. */
  readonly problem: string
}

/**
 * The first thing in a JSON Schema that no document could be checked by: a type that does not
 * exist, a pattern that does not compile, a keyword of another draft. Undefined where there is
 * none. References are not followed.
 *
 * ```ts
 * schemaProblem({ properties: { a: { type: 'int' } } }) // { pointer: '#/properties/a/type', problem: … }
 * ```
 */
export function schemaProblem(root: unknown): SchemaProblem | undefined {
  const named = isJsonObject(root) ? root['$schema'] : undefined
  const draft = draftOf(named)
  if (draft === undefined)
    return {
      pointer: '#/$schema',
      problem: 'names a draft that is not known here; write for draft 4, 6, 7, 2019-09 or 2020-12',
    }
  return inSchema(root, [], draft)
}

/** The way to a place in a schema. */
export type Steps = readonly (string | number)[]

/** The first thing that was found wrong, if anything was. */
export type Found = SchemaProblem | undefined

function inSchema(schema: unknown, steps: Steps, draft: Draft): Found {
  if (typeof schema === 'boolean') return undefined
  if (!isJsonObject(schema)) return at(steps, 'must be a schema: an object, true or false')
  for (const [keyword, value] of Object.entries(schema)) {
    if (!Object.hasOwn(KEYWORDS, keyword)) continue
    const found = KEYWORDS[keyword]?.(value, [...steps, keyword], draft)
    if (found !== undefined) return found
  }
  return undefined
}

/** Looks at what a keyword holds. */
type Check = (value: unknown, steps: Steps, draft: Draft) => Found

function at(steps: Steps, problem: string): SchemaProblem {
  return { pointer: formatPointer(steps), problem }
}

/** What `look` finds first in some items. */
export function first<Item>(items: Iterable<Item>, look: (item: Item) => Found): Found {
  for (const item of items) {
    const found = look(item)
    if (found !== undefined) return found
  }
  return undefined
}

const wants =
  (accepts: (value: unknown) => boolean, words: string): Check =>
  (value, steps) =>
    accepts(value) ? undefined : at(steps, `must be ${words}`)

const number = wants(value => typeof value === 'number', 'a number')
const count = wants(value => Number.isInteger(value) && Number(value) >= 0, 'a whole number, 0 or more')
const flag = wants(value => typeof value === 'boolean', 'true or false')
const text = wants(value => typeof value === 'string', 'a string')
const list = wants(Array.isArray, 'a list of values')
const names = wants(
  value => Array.isArray(value) && value.every(name => typeof name === 'string'),
  'a list of the names of members, beside "properties"',
)
const factor = wants(value => typeof value === 'number' && value > 0, 'a number above 0')

const oneOrMore: Check = (value, steps, draft) =>
  Array.isArray(value)
    ? first(value.entries(), ([index, item]) => inSchema(item, [...steps, index], draft))
    : inSchema(value, steps, draft)

const schemas: Check = (value, steps, draft) =>
  Array.isArray(value) && value.length > 0
    ? oneOrMore(value, steps, draft)
    : at(steps, 'must be a list of schemas')

/** An object whose members are looked at one by one. */
const mapOf =
  (check: Check): Check =>
  (value, steps, draft) =>
    isJsonObject(value)
      ? first(Object.entries(value), ([name, member]) => check(member, [...steps, name], draft))
      : at(steps, 'must be an object with a member for each name')

const pattern: Check = (value, steps) =>
  typeof value !== 'string'
    ? at(steps, 'must be a string')
    : unicodePattern(value) === undefined
      ? at(steps, 'is not a valid regular expression')
      : undefined

const patterns: Check = (value, steps, draft) =>
  mapOf(inSchema)(value, steps, draft) ??
  first(Object.keys(value as object), key => pattern(key, [...steps, key], draft))

const TYPES = ['null', 'boolean', 'number', 'integer', 'string', 'array', 'object']
/** What people write who come from elsewhere. */
const MEANT: Readonly<Record<string, string>> = {
  int: 'integer', long: 'integer', float: 'number', double: 'number', bool: 'boolean', str: 'string', text: 'string', list: 'array',
  map: 'object', dict: 'object', none: 'null',
} // prettier-ignore

const type: Check = (value, steps) => {
  const given: readonly unknown[] = Array.isArray(value) ? value : [value]
  const wrong = given.find(name => typeof name !== 'string' || !TYPES.includes(name))
  if (wrong === undefined && given.length > 0) return undefined
  if (typeof wrong !== 'string') return at(steps, `must be one of ${TYPES.join(', ')}, or a list of them`)
  const name = JSON.stringify(wrong.slice(0, 40))
  const meant = MEANT[wrong.toLowerCase()] ?? nearest(wrong.toLowerCase(), TYPES)
  return at(
    steps,
    `there is no type ${name}; ${meant === undefined ? `write one of ${TYPES.join(', ')}` : `write "${meant}"`}`,
  )
}

const edge: Check = (value, steps, draft) => {
  if (typeof value === 'number' || (typeof value === 'boolean' && draft === '4')) {
    if (typeof value === 'number' && draft === '4') return at(steps, 'must be true or false in draft 4')
    return undefined
  }
  return typeof value === 'boolean'
    ? at(
        steps,
        'must be a number; true and false are the form of draft 4, which "$schema": "http://json-schema.org/draft-04/schema#" asks for',
      )
    : at(steps, 'must be a number')
}

const dependency: Check = (value, steps, draft) =>
  Array.isArray(value) ? names(value, steps, draft) : inSchema(value, steps, draft)

const sameDraft: Check = (value, steps, draft) =>
  draftOf(value) === draft ? undefined : at(steps, 'names another draft than the whole schema')

const unsupported: Check = (_value, steps) =>
  at(steps, 'is not supported; write $ref with a place in this schema')

const KEYWORDS: Readonly<Record<string, Check>> = {
  $schema: sameDraft, $ref: text, $id: text, $anchor: text, $dynamicRef: unsupported,
  type, enum: list, format: text, pattern, required: names, uniqueItems: flag,
  minimum: number, maximum: number, exclusiveMinimum: edge, exclusiveMaximum: edge, multipleOf: factor,
  minLength: count, maxLength: count, minItems: count, maxItems: count, minProperties: count, maxProperties: count,
  minContains: count, maxContains: count,
  properties: mapOf(inSchema), patternProperties: patterns, $defs: mapOf(inSchema), definitions: mapOf(inSchema),
  dependentSchemas: mapOf(inSchema), dependentRequired: mapOf(names), dependencies: mapOf(dependency),
  allOf: schemas, anyOf: schemas, oneOf: schemas, prefixItems: schemas, items: oneOrMore,
  additionalItems: inSchema, unevaluatedItems: inSchema, additionalProperties: inSchema, unevaluatedProperties: inSchema,
  propertyNames: inSchema, contains: inSchema, not: inSchema,
  // Written so, since an object with a `then` would be taken for a promise.
  ...Object.fromEntries(['if', 'then', 'else'].map(keyword => [keyword, inSchema])),
} // prettier-ignore
