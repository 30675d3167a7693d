import { isNoticeboardError, NoticeboardError, type ErrorCode } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import { formatPosition } from '../contracts/position.js'
import { keepAlive } from '../async/keep-alive.js'
import { sameBytes } from '../core/json/text.js'
import { assertDidNotGoBack } from '../core/store/remembering-store.js'
import { wentBackError } from '../core/store/went-back.js'
import { armsOf, positionOf, type Release, type SignedRelease } from '../core/release/release.js'
import { compose, type Statement } from './compose.js'
import type { PublisherContext } from './context.js'
import { ruleOutNewArms } from './new-arms.js'
import { heardReports, WITHOUT_LABELS } from './preconditions.js'
import { readNewest, type ReadHead } from './read-head.js'
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
  /** The release that it follows; undefined for the first, and where nothing was appended. */
  readonly before?: Release | undefined
  /** The digests that the statement withdrew. */
  readonly withdrawn: readonly Digest[]
}

/** How appending goes on. */
export interface AppendOptions {
  /**
   * Put into the store before anything is appended, and also when nothing is: that repairs a
   * snapshot that was damaged there. Default: none.
   */
  readonly snapshots?: readonly Snapshot[]
  /** How the head is read. Default: strictly. */
  readonly readHead?: ReadHead
  /** How many lost races end it with `conflict`. Default: a minute of them does. */
  readonly maxRaces?: number
  /**
   * Whether this begins a new epoch, which is the way out for a board that went back. Default
   * false.
   */
  readonly opens?: boolean
  readonly signal: AbortSignal
}

/** A snapshot on its way into the store. */
export interface Snapshot {
  readonly digest: Digest
  readonly bytes: Uint8Array
}

/** The longest pause after a lost race, in milliseconds. */
const RACE_DELAY_MS = 50

/** The longest pause while the release that won a race cannot be seen, in milliseconds. */
const STUCK_DELAY_MS = 1_000

/** How long that may last, in milliseconds. */
const STUCK_MS = 10_000

/** How long one race after another is lost before it ends with `conflict`, in milliseconds. */
const RACING_MS = 60_000

/** How many races are tried whatever time they take. */
const LEAST_RACES = 3

/**
 * Reads the head, lets `decide` say what follows it, and appends that; after a lost race, a short
 * random pause and all of it again on the new head. Store operations are tried again while the
 * store is `unavailable`. Throws what `decide` refuses with, `conflict` after `maxRaces` lost
 * races or a minute of them, `store-damaged` for a store that went back or that refuses what follows
 * its own newest release, and what the store throws.
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
  options: AppendOptions,
): Promise<Appended> {
  const { snapshots = [], maxRaces = Number.POSITIVE_INFINITY, opens = false, readHead, signal } = options
  const { namespace, store, clock } = context
  const beganMs = clock.monotonic()
  let races = 0
  /** The head on which the last race was lost, and since when it is the newest. */
  let lost: { readonly head: SignedRelease | undefined; readonly sinceMs: number } | undefined
  while (races < maxRaces && (races < LEAST_RACES || clock.monotonic() - beganMs < RACING_MS)) {
    const head = await readNewest(context, signal, readHead)
    if (!opens) assertDidNotGoBack(store, namespace)
    if (lost !== undefined && isSameHead(lost.head, head) && clock.monotonic() - lost.sinceMs >= STUCK_MS)
      throw stuckAt(context, head)
    const decision = await decided(context, await decide(head), { opens, signal })
    if (head !== undefined && decision.type === 'append') {
      const putting = new Set([...snapshots, ...(decision.snapshots ?? [])].map(({ digest }) => digest))
      const mayBeNew = (digest: Digest): boolean => putting.has(digest)
      const arms = armsOf(decision.statement)
      await ruleOutNewArms(context, { head: head.release, arms, mayBeNew }, signal)
    }
    for (const snapshot of snapshots) await putSnapshot(context, snapshot, { signal })
    if (decision.type === 'unchanged') return { outcome: 'unchanged', signed: decision.head, withdrawn: [] }
    const { statement, urgent = false } = decision
    for (const snapshot of decision.snapshots ?? []) await putSnapshot(context, snapshot, { urgent, signal })
    const next = await compose(context, head, statement, signal)
    if ((await append(context, next, { audit: statement.audit, urgent, signal })) === 'appended')
      return {
        outcome: 'published',
        signed: next,
        before: head?.release,
        withdrawn: statement.withdrawn ?? [],
      }
    const isRace = lost === undefined || !isSameHead(lost.head, head)
    if (isRace) {
      races += 1
      lost = { head, sinceMs: clock.monotonic() }
    }
    // Else who was first cannot be seen yet, or nobody was.
    await pause(context, isRace ? RACE_DELAY_MS : STUCK_DELAY_MS, signal)
  }
  const seconds = Math.round((clock.monotonic() - beganMs) / 1_000)
  throw new NoticeboardError(
    'conflict',
    `another publisher appended to ${namespace} first ${races} times in a row, for ${seconds} s; find the publisher that never pauses, then repeat the call`,
  )
}

function isSameHead(a: SignedRelease | undefined, b: SignedRelease | undefined): boolean {
  return a === undefined || b === undefined ? a === b : sameBytes(a.bytes, b.bytes)
}

/** A store that refuses what follows its own newest release. */
function stuckAt({ namespace, store }: PublisherContext, head: SignedRelease | undefined): NoticeboardError {
  const newest = head === undefined ? 'no release' : formatPosition(positionOf(head.release))
  return new NoticeboardError(
    'store-damaged',
    `${store.name} refuses to append after the newest release of ${namespace} (${newest}): that position is taken, and no release appeared there for ${STUCK_MS / 1_000} s. Either it reads from a copy that lags, or the board went back under a running server: restart the server and look at its history; if this is the right board, open a new epoch`,
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
  if (head !== undefined)
    await ruleOutNewArms(context, { head: head.release, arms: armsOf(decision.statement) }, signal)
  const { release } = await compose(context, head, decision.statement, signal)
  return { outcome: 'dry-run', release }
}

function accepted(decision: Decision): Exclude<Decision, { type: 'refuse' }> {
  if (decision.type === 'refuse') throw decision.error
  return decision
}

/**
 * As {@link accepted}. Where something is not there that a decision wants, the store may have lost
 * it: of one whose server knows that it went back it throws that instead, with the way out.
 */
async function decided(
  context: PublisherContext,
  decision: Decision,
  { opens, signal }: { readonly opens: boolean; readonly signal: AbortSignal },
): Promise<Exclude<Decision, { type: 'refuse' }>> {
  if (!opens && decision.type === 'refuse' && isNoticeboardError(decision.error, 'not-found', 'conflict')) {
    const wentBack = (await heardReports(context, signal, WITHOUT_LABELS))?.wentBack
    if (wentBack !== undefined) throw wentBackError(context.namespace, wentBack)
  }
  return accepted(decision)
}

/** Lets the winner of a race go on first, so that two that race do not stay in step. */
async function pause(
  { clock, random }: PublisherContext,
  mostMs: number,
  signal: AbortSignal,
): Promise<void> {
  await keepAlive(clock.sleep(random.number() * mostMs, signal))
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
      `${error.message}. ${namespace} ${formatPosition(at)} was not acknowledged and may have been written: ${release.cause === 'publish' ? 'repeat the call, which appends the release only once' : 'look for it in the history, and repeat the call only if it is not there'}`,
      { cause: error, ...(error.retryAfterMs !== undefined && { retryAfterMs: error.retryAfterMs }) },
    )
  }
}
