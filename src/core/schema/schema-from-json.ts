import { dereference, validate, type OutputUnit } from '@cfworker/json-schema'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Schema, StandardIssue } from '../../contracts/schema.js'
import { memberAt, pointerSteps, valueAt } from '../json/pointer.js'
import { isJsonObject } from '../json/shape.js'
import { draftOf } from './drafts.js'
import type { JsonSchema } from './json-schema.js'
import { withUnicodePatterns } from './pattern.js'
import { referenceProblem, targetOf } from './reference-problem.js'
import { schemaProblem, type SchemaProblem } from './schema-problem.js'

/**
 * Makes a schema of the library from a JSON Schema (2020-12, or the draft that its `$schema` names:
 * 4, 6, 7, 2019-09), so that documents are checked without the application's code. Its issues carry
 * the codes that zod's do, so both read the same. `what` names the JSON Schema in errors. Throws
 * `invalid-data` with the JSON Pointer for one that no document could be checked by: a type that
 * does not exist, a pattern that does not compile, a reference to nowhere.
 *
 * ```ts
 * const schema = schemaFromJson(JSON.parse(text), { what: 'pool.schema.json' })
 * ```
 */
export function schemaFromJson(jsonSchema: unknown, { what }: { readonly what: string }): Schema<Json, Json> {
  if (!isJsonObject(jsonSchema)) {
    throw new NoticeboardError('invalid-data', `${what} is not a JSON Schema: it must be an object`)
  }
  const root: JsonSchema = jsonSchema
  const { judge, find } = compile(root, what)
  return {
    '~standard': {
      version: 1,
      vendor: 'noticeboard',
      validate(value) {
        const { valid, errors } = judge(value)
        if (valid) return { value: value as Json }
        const issues = withoutAlternatives(errors).flatMap(({ instanceLocation, keyword, keywordLocation }) =>
          issuesOf(keyword, find(keywordLocation), {
            steps: stepsOf(instanceLocation, value),
            value,
          }),
        )
        return { issues: issues.length > 0 ? issues : [{ message: 'refused', path: [] }] }
      },
      jsonSchema: { input: () => root },
    },
  }
}

interface Compiled {
  judge(value: unknown): ReturnType<typeof validate>
  /** What stands at the location of a keyword. */
  find(location: string): Found
}

function compile(root: JsonSchema, what: string): Compiled {
  const unusable = ({ pointer, problem }: SchemaProblem, cause?: unknown): NoticeboardError =>
    new NoticeboardError('invalid-data', `${what} cannot be used: ${pointer} ${problem}`, {
      cause,
      issues: [{ path: pointer, message: problem, validator: 'format' }],
    })
  const wrong = schemaProblem(root)
  if (wrong !== undefined) throw unusable(wrong)
  // A copy, since the validator writes to it; its patterns are those that compile with the flag
  // that the validator sets.
  const copy = withUnicodePatterns(root) as JsonSchema
  let places: ReturnType<typeof dereference>
  try {
    places = dereference(copy)
  } catch (error) {
    throw unusable(
      { pointer: '#', problem: 'has two parts with one $id, or an $id that is no address' },
      error,
    )
  }
  const lost = referenceProblem(copy, places)
  if (lost !== undefined) throw unusable(lost)
  const draft = draftOf(root['$schema']) ?? '2020-12'
  return {
    judge: value => validate(value, copy, draft, places, false),
    find: location => schemaAt(copy, location, schema => targetOf(schema, places)),
  }
}

/** Keywords that only pass on what is wrong further inside. */
const PASSING = new Set([
  'properties', 'additionalProperties', 'patternProperties', 'items', 'prefixItems', 'unevaluatedItems', 'unevaluatedProperties',
  'allOf', '$ref', '$dynamicRef', 'if', 'then', 'else', 'dependentSchemas',
]) // prettier-ignore

/**
 * Keywords with alternatives or conditions inside: what fails in there is one alternative of
 * several, and not what is wrong.
 */
const CHOOSING = new Set(['anyOf', 'oneOf', 'not', 'contains', 'propertyNames'])

interface Place {
  readonly steps: readonly (string | number)[]
  /** The whole document. */
  readonly value: unknown
}

function issuesOf(
  keyword: string,
  { limit, schema }: Found,
  { steps, value }: Place,
): readonly StandardIssue[] {
  if (PASSING.has(keyword)) return []
  if (keyword === 'required') return missingIn(schema, { steps, value })
  return [
    {
      message: 'refused',
      path: keyword === 'false' ? steps.slice(0, -1) : steps,
      ...detailsOf(keyword, limit, schema),
      ...(keyword === 'false' && { keys: steps.slice(-1) }),
    },
  ]
}

/** Each member that a schema requires and that is not there, at its own path. */
function missingIn({ required, properties }: JsonSchema, { steps, value }: Place): readonly StandardIssue[] {
  const object = valueAt(value, steps)
  if (!Array.isArray(required) || typeof object !== 'object' || object === null) return []
  const names = required.filter(
    (name): name is string => typeof name === 'string' && !Object.hasOwn(object, name),
  )
  return names.map(name => {
    const type = (properties as Record<string, JsonSchema> | undefined)?.[name]?.['type']
    return {
      message: 'missing',
      path: [...steps, name],
      code: 'invalid_type',
      expected: typeof type === 'string' ? type : 'value',
    }
  })
}

/** What is wrong, with zod's codes. */
function detailsOf(keyword: string, limit: unknown, schema: JsonSchema): Readonly<Record<string, unknown>> {
  const origin = ORIGINS[keyword.slice(3)]
  switch (keyword) {
    case 'type':
      return { code: 'invalid_type', expected: Array.isArray(limit) ? limit.join('-or-') : limit }
    case 'minimum':
    case 'exclusiveMinimum':
      // In draft 4 the keyword beside it is a flag.
      return {
        code: 'too_small',
        minimum: limit,
        inclusive: keyword === 'minimum' && schema['exclusiveMinimum'] !== true,
      }
    case 'maximum':
    case 'exclusiveMaximum':
      return {
        code: 'too_big',
        maximum: limit,
        inclusive: keyword === 'maximum' && schema['exclusiveMaximum'] !== true,
      }
    case 'minLength':
    case 'minItems':
    case 'minProperties':
      return { code: 'too_small', minimum: limit, inclusive: true, origin }
    case 'maxLength':
    case 'maxItems':
    case 'maxProperties':
      return { code: 'too_big', maximum: limit, inclusive: true, origin }
    case 'multipleOf':
      return { code: 'not_multiple_of', divisor: limit }
    case 'pattern':
      return {
        code: 'invalid_format',
        format: typeof schema['format'] === 'string' ? schema['format'] : 'regex',
      }
    case 'format':
      return { code: 'invalid_format', format: limit }
    case 'enum':
      return { code: 'invalid_value', values: limit }
    case 'const':
      return { code: 'invalid_value', values: [limit] }
    case 'anyOf':
    case 'oneOf':
      return { code: 'invalid_union' }
    case 'propertyNames':
      return { code: 'invalid_key' }
    case 'false':
      return { code: 'unrecognized_keys' }
    default:
      return {}
  }
}

/**
 * The errors that say what is wrong: those inside a choice that failed as a whole are left out, and
 * so are repetitions.
 */
function withoutAlternatives(errors: readonly OutputUnit[]): readonly OutputUnit[] {
  const choices = errors.filter(({ keyword }) => CHOOSING.has(keyword))
  const inside = (error: OutputUnit): boolean =>
    choices.some(choice =>
      // A schema that is plainly false is located by its instance.
      error.keyword === 'false'
        ? error.instanceLocation.startsWith(`${choice.instanceLocation}/`)
        : error.keywordLocation.startsWith(`${choice.keywordLocation}/`),
    )
  const seen = new Set<string>()
  return errors.filter(error => {
    // An email is a `format` and a `pattern`, and each required member repeats the error of its
    // object.
    const family = error.keyword === 'pattern' ? 'format' : error.keyword
    const key = `${family} ${error.instanceLocation} ${error.keyword === 'required' ? error.keywordLocation : ''}`
    if (seen.has(key) || inside(error)) return false
    seen.add(key)
    return true
  })
}

const ORIGINS: Readonly<Record<string, string>> = { Length: 'string', Items: 'array', Properties: 'object' }

interface Found {
  /** The keyword's own value: the limit. */
  readonly limit: unknown
  /** The schema it stands in. */
  readonly schema: JsonSchema
}

/** Looks a keyword up by its location (`#/$ref/properties/pool/minimum`), through references. */
function schemaAt(root: JsonSchema, location: string, follow: (schema: JsonSchema) => unknown): Found {
  let schema: JsonSchema = root
  let node: unknown = root
  for (const step of pointerSteps(location)) {
    if (isJsonObject(node)) schema = node
    node = memberAt(node, step)
    if (step === '$ref') node = follow(schema)
  }
  return { limit: node, schema }
}

/**
 * The steps of an instance's location (`#/servers/0/host`); what is a list in the document has
 * numbers.
 */
function stepsOf(location: string, value: unknown): readonly (string | number)[] {
  let node: unknown = value
  return pointerSteps(location).map(step => {
    const key = Array.isArray(node) ? Number(step) : step
    node = memberAt(node, step)
    return key
  })
}
