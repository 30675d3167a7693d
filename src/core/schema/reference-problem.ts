import { isJsonObject } from '../json/shape.js'
import { formatPointer } from '../json/pointer.js'
import { first, type Found, type Steps } from './schema-problem.js'

/** Keywords that look at the very same place of a document again. */
const IN_PLACE = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentSchemas']

/**
 * The first reference of a JSON Schema that leads nowhere, or round in a circle without a step into
 * the document. Undefined where there is none. `places` is what the validator knows by address; it
 * has written each reference's address to the schema.
 */
export function referenceProblem(root: unknown, places: Readonly<Record<string, unknown>>): Found {
  const target = (schema: object): unknown => targetOf(schema, places)
  return everySchema(root, [], (schema, steps) => {
    const { $ref } = schema
    if (typeof $ref !== 'string') return undefined
    const pointer = formatPointer([...steps, '$ref'])
    if (target(schema) === undefined)
      return {
        pointer,
        problem: 'refers to a place that is not in this schema; other files and addresses are not fetched',
      }
    return turnsInPlace(schema, target) ? { pointer, problem: 'refers to itself, in a circle' } : undefined
  })
}

/** What the reference of a schema leads to; undefined where it leads nowhere, or there is none. */
export function targetOf(schema: object, places: Readonly<Record<string, unknown>>): unknown {
  const { $ref, __absolute_ref__ } = schema as { readonly $ref?: string; readonly __absolute_ref__?: string }
  return places[__absolute_ref__ ?? $ref ?? '']
}

function everySchema(
  node: unknown,
  steps: Steps,
  look: (schema: Readonly<Record<string, unknown>>, steps: Steps) => Found,
): Found {
  if (typeof node !== 'object' || node === null) return undefined
  // A validator's own note on an object says that it was read as a schema; members called `$ref` in
  // data have none.
  const isSchema = isJsonObject(node) && Object.hasOwn(node, '__absolute_uri__')
  return (
    (isSchema ? look(node, steps) : undefined) ??
    first(Object.entries(node), ([key, value]) => everySchema(value, [...steps, key], look))
  )
}

/** Whether a schema comes back to itself without a step into the document. */
function turnsInPlace(start: object, target: (schema: object) => unknown): boolean {
  const seen = new Set<unknown>()
  const next = (schema: unknown): readonly unknown[] =>
    isJsonObject(schema)
      ? [
          target(schema),
          ...IN_PLACE.flatMap(name => {
            const value = schema[name]
            return name === 'dependentSchemas' ? Object.values((value ?? {}) as object) : (value ?? [])
          }),
        ]
      : []
  const open = [...next(start)]
  for (let schema = open.pop(); schema !== undefined || open.length > 0; schema = open.pop()) {
    if (schema === start) return true
    if (seen.has(schema)) continue
    seen.add(schema)
    open.push(...next(schema))
  }
  return false
}
