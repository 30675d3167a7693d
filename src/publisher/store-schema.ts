import { isNoticeboardError } from '../contracts/errors.js'
import { canonicalize } from '../core/json/canonical.js'
import { keptSchemaOf } from '../core/schema/kept-schema.js'
import { encodeText, sameBytes } from '../core/json/text.js'
import type { PublisherContext } from './context.js'

/** How many places are named that are checked less. */
const NAMED_GAPS = 5

/**
 * Keeps the JSON Schema of the documents beside them, so that the command line validates without
 * the application's code. Where there is none, a publish puts one that accepts everything in the
 * place of an older publisher's, by which good documents would be refused. Resolves to a warning
 * when what is kept now checks less than the publisher does, and when it could not be kept; never
 * rejects.
 *
 * ```ts
 * const warning = await storeSchema(context, { publishes: true, signal })
 * ```
 */
export async function storeSchema(
  { store, schema, keepsSchema, namespace }: PublisherContext,
  { publishes, signal }: { readonly publishes: boolean; readonly signal: AbortSignal },
): Promise<string | undefined> {
  if (!keepsSchema || store.putSchema === undefined) return undefined
  const { jsonSchema, isKnown, gaps } = keptSchemaOf(schema)
  if (!isKnown && !publishes) return undefined
  try {
    const bytes = encodeText(canonicalize(jsonSchema))
    const kept = await store.schema?.({ namespace }, signal)
    if (kept === undefined ? !isKnown : sameBytes(kept, bytes)) return undefined
    await store.putSchema({ namespace, bytes }, signal)
    if (!isKnown)
      return `the schema of this publisher has no JSON Schema, so the one kept beside ${namespace} was replaced by one that accepts everything: the command line checks only that a document is JSON`
    if (gaps.length === 0) return undefined
    const named = gaps.slice(0, NAMED_GAPS).join(', ') + (gaps.length > NAMED_GAPS ? ', …' : '')
    return `the schema cannot be written as JSON Schema in full: by the one kept beside ${namespace} the command line checks less than this publisher at ${named}`
  } catch (error) {
    const code = isNoticeboardError(error) ? error.code : 'internal'
    return `the JSON Schema could not be stored beside ${namespace} (${code}): the command line checks by the one kept before, or not at all`
  }
}
