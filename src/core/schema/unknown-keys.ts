import type { Json } from '../../contracts/json.js'
import type { Schema } from '../../contracts/schema.js'
import { isPlainObject } from '../built-ins.js'
import { isEqual } from '../equal.js'
import { exactPath, type Step } from '../json/path.js'
import { valueAt } from '../json/pointer.js'
import { isJsonObject } from '../json/shape.js'
import { oneLine } from '../json/text.js'
import { hasPlaceFor, jsonSchemaOf } from './json-schema.js'
import { EDITORS_KEY, runSchema } from './validate.js'

/** How many keys are looked for in one document, and how many of them are named. */
const MOST_KEYS = 16
const MOST_SAID = 5

/** A member that a valid document has, and its schema does not know. */
export interface UnknownKey {
  /** With every key as it is: for who wrote the document. */
  readonly path: string
  /** Whether the schema drops it, so that no program sees it. */
  readonly dropped: boolean
}

/**
 * Members of a valid document that its schema does not know: misspelt ones, mostly, which a schema
 * that is not strict lets pass. They are found by the JSON Schema of the documents, and where there
 * is none by what the schema makes of this one, which is `value`. A `$schema` at the top is for
 * editors. Never rejects.
 *
 * ```ts
 * await unknownKeys(z.object({ pool: z.number() }), { document: { pool: 8, pol: 9 }, value: { pool: 8 } }) // [{ path: 'pol', dropped: true }]
 * ```
 */
export async function unknownKeys(
  schema: Schema,
  { document, value }: { readonly document: Json; readonly value: unknown },
): Promise<readonly UnknownKey[]> {
  const names = jsonSchemaOf(schema, { lenient: true })
  const found: UnknownKey[] = []

  const isUnknown = async (steps: readonly Step[], dropped: boolean): Promise<boolean> => {
    if (steps.length === 1 && steps[0] === EDITORS_KEY) return false
    if (names !== undefined) return !hasPlaceFor(steps, names)
    // What is gone may have become something else.
    if (!dropped || !isPlainObject(holderOf(value, steps))) return false
    const result = await runSchema(schema, without(document, steps))
    return result.type === 'valid' && isEqual(result.value, value)
  }
  const look = async (node: Json, at: readonly Step[]): Promise<void> => {
    const members: readonly (readonly [Step, Json])[] = Array.isArray(node)
      ? [...(node as readonly Json[]).entries()]
      : isJsonObject(node)
        ? Object.entries(node)
        : []
    for (const [step, member] of members) {
      if (found.length === MOST_KEYS) return
      const steps = [...at, step]
      const holder = holderOf(value, steps)
      const dropped = !isPlainObject(holder) || !Object.hasOwn(holder, step)
      if (typeof step === 'string' && (await isUnknown(steps, dropped)))
        found.push({ path: oneLine(steps.reduce<string>(exactPath, '')), dropped })
      else await look(member, steps)
    }
  }
  await look(document, [])
  return found
}

/**
 * Unknown keys as warnings for who wrote the document: one of what is dropped, one of what is
 * published all the same.
 *
 * ```ts
 * sayUnknownKeys([{ path: 'pol', dropped: true }]) // ['the schema drops pol, so no program sees it; is it misspelt?']
 * ```
 */
export function sayUnknownKeys(keys: readonly UnknownKey[], clients = ''): readonly string[] {
  const named = (dropped: boolean): string | undefined => {
    const paths = keys.filter(key => key.dropped === dropped).map(({ path }) => path)
    const more = paths.length - MOST_SAID
    return paths.length === 0
      ? undefined
      : `${paths.slice(0, MOST_SAID).join(', ')}${more > 0 ? ` and ${more} more` : ''}${clients}`
  }
  const [dropped, kept] = [named(true), named(false)]
  return [
    ...(dropped === undefined ? [] : [`the schema drops ${dropped}, so no program sees it; is it misspelt?`]),
    ...(kept === undefined
      ? []
      : [`the schema does not name ${kept}, which is published all the same; is it misspelt?`]),
  ]
}

function holderOf(value: unknown, steps: readonly Step[]): unknown {
  return valueAt(value, steps.slice(0, -1))
}

/** A copy of a document without one member. */
function without(document: Json, steps: readonly Step[]): Json {
  const copy = structuredClone(document) as Json
  const holder = holderOf(copy, steps)
  if (isJsonObject(holder)) delete (holder as Record<string, Json>)[String(steps.at(-1))]
  return copy
}
