import { LARGE_RELEASE_BYTES } from '../core/limits.js'
import { positionOf } from '../core/release/release.js'
import type { Appended } from './append.js'
import type { PublisherContext } from './context.js'
import { syncMirrors } from './mirrors.js'
import type { RolloutFacts } from './rollout.js'
import { storeSchema } from './store-schema.js'

/** What is known before an append is finished. */
export interface FinishOptions {
  readonly warnings?: readonly string[]
  /** Whether a document of this publisher's schema was published. */
  readonly publishes?: boolean
  readonly signal: AbortSignal
}

/**
 * Does what follows an append and can no longer fail it: brings the mirrors up, keeps the JSON
 * Schema, logs. `warnings` are those that are known already; the store's own are added.
 *
 * ```ts
 * return finish(context, await appendUntil(context, decide, { signal }), { signal })
 * ```
 */
export async function finish(
  context: PublisherContext,
  { outcome, signed, before, withdrawn }: Appended,
  { warnings: known = [], publishes = false, signal }: FinishOptions,
): Promise<RolloutFacts> {
  const { store, namespace, logger } = context
  const warnings = [...known]
  if (outcome === 'published' && store.durability === 'may-lose')
    warnings.push(`${store.name} may lose what it acknowledged: keep what you publish elsewhere too`)
  const { length } = signed.bytes
  if (outcome === 'published' && length > LARGE_RELEASE_BYTES)
    warnings.push(
      `the release has ${length} bytes, and every client fetches it: use fewer variants or named clients to stay below ${LARGE_RELEASE_BYTES}`,
    )
  const schemaWarning = await storeSchema(context, { publishes, signal })
  if (schemaWarning !== undefined) warnings.push(schemaWarning)
  for (const warning of warnings) logger.warn(warning, { namespace })
  const mirrors = await syncMirrors(context, signed, signal)
  if (outcome === 'published') {
    const { release } = signed
    logger.info('appended a release', { namespace, ...positionOf(release), cause: release.cause })
  }
  return { outcome, release: signed.release, before, withdrawn, mirrors, warnings }
}
