import { NoticeboardError } from '../contracts/errors.js'
import { positionOf, decodeRelease, type SignedRelease } from '../core/release/release.js'
import type { Namespace } from '../contracts/names.js'
import type { Clock, Random } from '../contracts/system.js'
import type { Transport } from '../contracts/transport.js'
import { retried } from './retry.js'

/** How many releases a pointer may lag behind its log. */
const MAX_STEPS = 100_000

/**
 * The newest release by the store's log, not by its pointer, which may lag after a crash; undefined
 * when nothing was published. Throws `invalid-data` when it is not readable or is another
 * namespace's.
 *
 * ```ts
 * const head = await readNewest({ namespace, store, clock, random }, signal)
 * ```
 */
export async function readNewest(
  context: NewestContext,
  signal: AbortSignal,
): Promise<SignedRelease | undefined> {
  const { store, namespace } = context
  const pointer = await retried(() => store.latest({ namespace }, signal), { ...context, signal })
  if (pointer.type !== 'release') return undefined
  let newest = readOwn(pointer.bytes, context)
  for (let step = 0; store.next !== undefined && step < MAX_STEPS; step += 1) {
    const after = positionOf(newest.release)
    const answer = await retried(async () => store.next?.({ namespace, after }, signal), {
      ...context,
      signal,
    })
    if (answer?.type !== 'release') break
    newest = readOwn(answer.bytes, context)
  }
  return newest
}

/** What reading the head takes. */
export interface NewestContext {
  readonly namespace: Namespace
  readonly store: Transport
  readonly clock: Clock
  readonly random: Random
  /** Attempts after the first, while the store is unavailable. */
  readonly retries?: number
}

/** A release file that must be of this publisher's namespace. */
function readOwn(bytes: Uint8Array, { namespace, store }: NewestContext): SignedRelease {
  const signed = decodeRelease(bytes)
  if (signed.release.namespace === namespace) return signed
  throw new NoticeboardError(
    'invalid-data',
    `${store.name} answered with a release of another namespace than ${namespace}`,
  )
}
