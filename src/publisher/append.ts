import { isNoticeboardError, NoticeboardError, type ErrorCode } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import { formatPosition } from '../contracts/position.js'
import { keepAlive } from '../async/keep-alive.js'
import { positionOf, type SignedRelease } from '../core/release/release.js'
import { compose, type Statement } from './compose.js'
import type { PublisherContext } from './context.js'
import { readNewest } from './read-head.js'
import { retried } from './retry.js'

/** What to do about a head, the newest release of the log. */
export type Decision =
  | {
      readonly type: 'append'
      readonly statement: Statement
      /** Put into the store before the release, as those of {@link AppendOptions} are. */
      readonly snapshots?: readonly Snapshot[]
      /** Whether it may use the space that a store keeps in reserve. Default false. */
      readonly urgent?: boolean
    }
  /** The head says it already: nothing is appended. */
  | { readonly type: 'unchanged'; readonly head: SignedRelease }
  | { readonly type: 'refuse'; readonly error: NoticeboardError }

/**
 * Decides about a head; undefined where nothing was published yet. Called anew for each head, so
 * that a decision never rests on a release that is not the newest any more. Writes nothing.
 */
export type Decide = (head: SignedRelease | undefined) => Decision | Promise<Decision>

/**
 * The decision that something cannot follow the head.
 *
 * ```ts
 * if (head === undefined) return refuse('not-found', 'nothing was published yet')
 * ```
 */
export function refuse(code: ErrorCode, message: string): Extract<Decision, { readonly type: 'refuse' }> {
  return { type: 'refuse', error: new NoticeboardError(code, message) }
}

/** What became of a decision. */
export interface Appended {
  readonly outcome: 'published' | 'unchanged'
  /** The new release, or the one that was there already. */
  readonly signed: SignedRelease
  /** The digests that the statement withdrew. */
  readonly withdrawn: readonly Digest[]
}

/** How appending goes on. */
export interface AppendOptions {
  /**
   * Put into the store before anything is appended, and also when nothing is: that repairs a
   * snapshot that was damaged there. None unless given.
   */
  readonly snapshots?: readonly Snapshot[]
  /** How many lost races end it with `conflict`. Default: none, it tries until it wins. */
  readonly maxRaces?: number
  readonly signal: AbortSignal
}

/** A snapshot on its way into the store. */
export interface Snapshot {
  readonly digest: Digest
  readonly bytes: Uint8Array
}

/** The longest pause after a lost race, in milliseconds. */
const RACE_DELAY_MS = 50

/**
 * Reads the head, lets `decide` say what follows it, and appends that; after a lost race, a short
 * random pause and all of it again on the new head. Store operations are tried again while the
 * store is `unavailable`. Throws what `decide` refuses with, `conflict` after `maxRaces` lost
 * races, and what the store throws.
 *
 * ```ts
 * const { outcome, signed } = await appendUntil(
 *   context,
 *   head =>
 *     head === undefined
 *       ? refuse('not-found', 'nothing was published yet')
 *       : { type: 'append', statement: { cause: 'promote', stable, audit } },
 *   { signal },
 * )
 * ```
 */
export async function appendUntil(
  context: PublisherContext,
  decide: Decide,
  { snapshots = [], maxRaces = Number.POSITIVE_INFINITY, signal }: AppendOptions,
): Promise<Appended> {
  for (let races = 0; races < maxRaces; races += 1) {
    if (races > 0) await pauseAfterRace(context, signal)
    const head = await readNewest(context, signal)
    const decision = accepted(await decide(head))
    for (const snapshot of snapshots) await putSnapshot(context, snapshot, { signal })
    if (decision.type === 'unchanged') return { outcome: 'unchanged', signed: decision.head, withdrawn: [] }
    const { statement, urgent = false } = decision
    for (const snapshot of decision.snapshots ?? []) await putSnapshot(context, snapshot, { urgent, signal })
    const next = await compose(context, head, statement, signal)
    if ((await append(context, next, { audit: statement.audit, urgent, signal })) === 'appended')
      return { outcome: 'published', signed: next, withdrawn: statement.withdrawn ?? [] }
  }
  throw new NoticeboardError(
    'conflict',
    `another publisher appended to ${context.namespace} first ${maxRaces} times in a row; find the one that publishes without a pause, then publish again`,
  )
}

/**
 * Says what {@link appendUntil} would append now, and writes nothing. Throws what `decide` refuses
 * with.
 *
 * ```ts
 * const { outcome, release } = await rehearse(context, decide, signal)
 * ```
 */
export async function rehearse(
  context: PublisherContext,
  decide: Decide,
  signal: AbortSignal,
): Promise<Pick<SignedRelease, 'release'> & { readonly outcome: 'unchanged' | 'dry-run' }> {
  const head = await readNewest(context, signal)
  const decision = accepted(await decide(head))
  if (decision.type === 'unchanged') return { outcome: 'unchanged', release: decision.head.release }
  const { release } = await compose(context, head, decision.statement, signal)
  return { outcome: 'dry-run', release }
}

function accepted(decision: Decision): Exclude<Decision, { type: 'refuse' }> {
  if (decision.type === 'refuse') throw decision.error
  return decision
}

/** Lets the winner of a race go on first, so that two that race do not stay in step. */
async function pauseAfterRace({ clock, random }: PublisherContext, signal: AbortSignal): Promise<void> {
  await keepAlive(clock.sleep(random.number() * RACE_DELAY_MS, signal))
  signal.throwIfAborted()
}

/**
 * Puts a snapshot into the store, and tries again while that is unavailable. `urgent` may use the
 * space that a store keeps in reserve.
 *
 * ```ts
 * await putSnapshot(context, { digest, bytes }, { urgent: true, signal })
 * ```
 */
export async function putSnapshot(
  context: PublisherContext,
  { digest, bytes }: Snapshot,
  { urgent = false, signal }: { readonly urgent?: boolean; readonly signal: AbortSignal },
): Promise<void> {
  const { store, namespace } = context
  const query = { namespace, digest, bytes, ...(urgent && { urgent }) }
  await retried(() => store.put(query, signal), { ...context, signal })
}

interface Writing {
  readonly audit: Uint8Array
  readonly urgent: boolean
  readonly signal: AbortSignal
}

/**
 * Writes a release; `taken` when its position was taken. Tries again while the store is
 * unavailable, which is safe: the same bytes count once.
 */
async function append(
  context: PublisherContext,
  { release, bytes }: SignedRelease,
  { audit, urgent, signal }: Writing,
): Promise<'appended' | 'taken'> {
  const { store, namespace } = context
  const at = positionOf(release)
  try {
    return await retried(() => store.append({ namespace, at, bytes, audit, urgent }, signal), {
      ...context,
      signal,
    })
  } catch (error) {
    if (!isNoticeboardError(error, 'unavailable', 'rate-limited')) throw error
    throw new NoticeboardError(
      'unavailable',
      `${store.name} did not acknowledge ${namespace} ${formatPosition(at)}; it may have been written: ${release.cause === 'publish' ? 'do the same again, which changes nothing twice' : 'see in the history whether it was, and only if not do the same again'}`,
      { cause: error, ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }) },
    )
  }
}
