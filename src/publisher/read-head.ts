import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import { readForeignRelease } from '../core/release/later-release.js'
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
  read: ReadHead = readOwn,
): Promise<SignedRelease | undefined> {
  const { store, namespace } = context
  const pointer = await retried(() => store.latest({ namespace }, signal), { ...context, signal })
  if (pointer.type !== 'release') return undefined
  let newest = read(pointer.bytes, context)
  for (let step = 0; store.next !== undefined && step < MAX_STEPS; step += 1) {
    const after = positionOf(newest.release)
    const answer = await retried(async () => store.next?.({ namespace, after }, signal), {
      ...context,
      signal,
    })
    if (answer?.type !== 'release') break
    newest = read(answer.bytes, context)
  }
  return newest
}

/** Makes a head of a release file. */
export type ReadHead = (bytes: Uint8Array, context: NewestContext) => SignedRelease

/**
 * For the ways back, which go past whatever stands in the log: a release that this version cannot
 * read is its place and what else of it is sure, see {@link readForeignRelease}. Throws what
 * {@link readNewest} throws where not even that can be read.
 *
 * ```ts
 * const head = await readNewest(context, signal, readAnyHead)
 * ```
 */
export function readAnyHead(bytes: Uint8Array, context: NewestContext): SignedRelease {
  try {
    return readOwn(bytes, context)
  } catch (error) {
    const foreign = isNoticeboardError(error, 'unsupported', 'invalid-data')
      ? readForeignRelease(bytes)
      : undefined
    if (foreign?.release.namespace !== context.namespace) throw error
    return foreign
  }
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
    `${store.name} answered a request for ${namespace} with a release of another namespace; check its address and any rewriting in between`,
  )
}
