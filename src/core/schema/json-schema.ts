import type { Schema } from '../../contracts/schema.js'
import { formatPath, joinPath, type Step } from '../json/path.js'
import { pointerSteps, valueAt } from '../json/pointer.js'
import { isJsonObject } from '../json/shape.js'

/** A JSON Schema, or a part of one. */
export type JsonSchema = Readonly<Record<string, unknown>>

/**
 * The JSON Schema (2020-12) of the documents that a schema accepts, where its vendor gives one;
 * undefined where it does not, or where something in the schema has no equivalent. Never throws.
 * `lenient` lets such places pass as "anything", which is good enough to know the names of
 * settings, and not good enough to validate by. `libraryOptions` are handed to the vendor as they
 * are.
 */
export function jsonSchemaOf(
  schema: Schema,
  { lenient = false, libraryOptions }: { readonly lenient?: boolean; readonly libraryOptions?: object } = {},
): Record<string, unknown> | undefined {
  const options = {
    target: 'draft-2020-12',
    ...(lenient && { libraryOptions: { unrepresentable: 'any' } }),
    ...(libraryOptions !== undefined && { libraryOptions }),
  } as const
  try {
    return schema['~standard'].jsonSchema?.input(options)
  } catch {
    // A transform or a class instance has no JSON Schema; the schema itself still validates.
    return undefined
  }
}

/**
 * A path as it may be shown: keys that the schema names print, all others are data and print as
 * `*`. Without a JSON Schema keys print that look like a name somebody chose for a setting.
 */
export function namedPath(steps: readonly Step[], root: JsonSchema | undefined): string {
  if (root === undefined) return formatPath(steps)
  let nodes = expand([root], root)
  let path = ''
  for (const step of steps) {
    const named = typeof step === 'string' && nodes.some(node => names(node, step))
    // A key that is named and looks odd was chosen by the schema's author, and still must not break
    // a line of a log.
    path = typeof step === 'number' || named ? joinPath(path, step) : joinPath(path, '*')
    nodes = expand(
      nodes.flatMap(node => below(node, step)),
      root,
    )
  }
  return path
}

/**
 * Whether a schema says anything of a place: by name, by pattern, or since it takes members of any
 * name. False where the place would be dropped or refused.
 *
 * ```ts
 * hasPlaceFor(['pool', 'size'], { properties: { pool: { type: 'object' } } }) // true
 * ```
 */
export function hasPlaceFor(steps: readonly Step[], root: JsonSchema): boolean {
  let nodes = expand([root], root)
  for (const step of steps) {
    if (nodes.some(isOpen)) return true
    nodes = expand(
      nodes.flatMap(node => below(node, step)),
      root,
    )
    if (nodes.length === 0) return false
  }
  return true
}

/**
 * Whether a schema takes anything below it: it names no members, or says that there may be others.
 */
function isOpen(node: JsonSchema): boolean {
  if (node['additionalProperties'] === true || node['$dynamicRef'] !== undefined) return true
  if (node['unevaluatedProperties'] !== undefined && node['unevaluatedProperties'] !== false) return true
  // What it leads to is not known here.
  if (typeof node['$ref'] === 'string' && !isLocal(node['$ref'])) return true
  const says = [
    'properties',
    'additionalProperties',
    'patternProperties',
    'items',
    'prefixItems',
    'enum',
    'const',
  ]
  const combines = ['allOf', 'anyOf', 'oneOf', '$ref'].some(name => node[name] !== undefined)
  if (combines || says.some(name => node[name] !== undefined)) return false
  return node['type'] === undefined || node['type'] === 'object' || node['type'] === 'array'
}

function names(node: JsonSchema, key: string): boolean {
  const { required } = node
  return (
    Object.hasOwn(recordAt(node, 'properties'), key) || (Array.isArray(required) && required.includes(key))
  )
}

/** What a schema says about one step further. */
function below(node: JsonSchema, step: Step): readonly unknown[] {
  if (typeof step === 'number') {
    const prefix = node['prefixItems']
    return [Array.isArray(prefix) ? prefix[step] : undefined, node['items']]
  }
  const properties = recordAt(node, 'properties')
  if (Object.hasOwn(properties, step)) return [properties[step]]
  return [node['additionalProperties'], ...Object.values(recordAt(node, 'patternProperties'))]
}

/** The schemas themselves and all that they point to and combine, each once. */
function expand(from: readonly unknown[], root: JsonSchema): readonly JsonSchema[] {
  const found = new Set<JsonSchema>()
  const visit = (node: unknown): void => {
    if (!isJsonObject(node) || found.has(node)) return
    found.add(node)
    if (typeof node['$ref'] === 'string') visit(resolve(node['$ref'], root))
    for (const name of ['allOf', 'anyOf', 'oneOf']) {
      const branches = node[name]
      if (Array.isArray(branches)) branches.forEach(visit)
    }
    for (const name of ['then', 'else']) visit(node[name])
  }
  from.forEach(visit)
  return [...found]
}

/** The part of the schema that a local reference (`#/$defs/pool`) points to. */
function resolve(reference: string, root: JsonSchema): unknown {
  return isLocal(reference) ? valueAt(root, pointerSteps(reference)) : undefined
}

function isLocal(reference: string): boolean {
  return reference === '#' || reference.startsWith('#/')
}

function recordAt(node: JsonSchema, name: string): JsonSchema {
  const member = node[name]
  return isJsonObject(member) ? member : {}
}
