import { isNoticeboardError } from '../contracts/errors.js'
import { canonicalize } from '../core/json/canonical.js'
import { jsonSchemaOf } from '../core/schema/json-schema.js'
import { encodeText, sameBytes } from '../core/json/text.js'
import type { PublisherContext } from './context.js'

/**
 * Keeps the JSON Schema of the documents beside them, where the schema's vendor gives one, so that
 * the command line validates without the application's code. Resolves to a warning when that
 * failed; never rejects.
 *
 * ```ts
 * const warning = await storeSchema(context, signal)
 * ```
 */
export async function storeSchema(
  { store, schema, namespace }: PublisherContext,
  signal: AbortSignal,
): Promise<string | undefined> {
  const jsonSchema = jsonSchemaOf(schema)
  if (jsonSchema === undefined || store.putSchema === undefined) return undefined
  try {
    const bytes = encodeText(canonicalize(jsonSchema))
    const kept = await store.schema?.({ namespace }, signal)
    if (kept === undefined || !sameBytes(kept, bytes)) await store.putSchema({ namespace, bytes }, signal)
    return undefined
  } catch (error) {
    const code = isNoticeboardError(error) ? error.code : 'internal'
    return `the JSON Schema could not be stored beside ${namespace} (${code}): the command line cannot validate by it`
  }
}
