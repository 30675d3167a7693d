import { NoticeboardError } from '../../contracts/errors.js'
import type { Identity } from '../../contracts/identity.js'
import type { Digest } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'
import type { SavedSnapshot } from '../../contracts/state.js'
import type { Hasher } from '../../contracts/system.js'
import { unknownCritical, type Release } from '../../core/release/release.js'
import { armOf, target } from '../../core/release/target.js'
import type { AttemptEnd } from './events.js'
import type { Pending } from './pending.js'
import { prepareChange, type Change, type Course, type PrepareContext } from './prepare-change.js'
import type { Refusals } from './refusals.js'
import { isReceived } from './state.js'
import type { Waiting } from './waiting.js'
import { mayRun } from '../state/may-run.js'

/** What every attempt of a client is made with. */
export interface AttemptContext<Value> extends PrepareContext<Value> {
  readonly identity: Identity
  readonly hasher: Hasher
  readonly refusals: Refusals
  readonly waiting: Waiting
  /**
   * What ran before what runs, and last-known-good, best first: what the newest release lets run.
   */
  readonly before: () => readonly SavedSnapshot[]
  /** As of which release an earlier life ran what it ran last. */
  readonly appliedBefore: () => Position | undefined
  /**
   * Whether another snapshot than what is pending runs, or is kept and could: defaults are no reason
   * to wait, nor is what the release withdraws.
   */
  readonly hasOther: (pending: Pending) => boolean
}

/**
 * Takes what is pending to its end: target, bytes, digest, strict parse, overrides, validation, the
 * time of activation, prepare. The commit is not its business. A snapshot that is refused here is
 * told, and the next preference is tried. Rejects once the signal aborts.
 */
export async function attempt<Value>(
  pending: Pending,
  context: AttemptContext<Value>,
  course: Course,
): Promise<AttemptEnd<Change<Value>>> {
  const unsupported = pending.type === 'saved-version' ? undefined : unsupportedBy(pending.release)
  if (unsupported !== undefined) return { type: 'unsupported', error: unsupported }

  context.waiting.begins(pending)
  const passedOver = new Set<Digest>()
  /** What came in the place of what is asked for; a suspect among it is tried last. */
  const fallbacks = new Set<Digest>()
  /**
   * The first that a process died of, and that may be tried again if there is nothing else at all.
   */
  let suspect: SavedSnapshot | undefined
  let waits = false
  const lastResort = (): SavedSnapshot | undefined =>
    (waits ? undefined : tookBack(pending, context, passedOver)) ?? suspect
  for (;;) {
    const preferred = wantedBy(
      pending,
      context,
      digest => passedOver.has(digest) || isBarred(digest, context),
    )
    const fallback = preferred === undefined ? comesBack(pending, context, passedOver) : undefined
    const saved = preferred ?? fallback ?? (context.hasOther(pending) ? undefined : lastResort())
    if (saved === undefined) return { type: 'kept', waits }
    // One digest is one document, wherever it came from: what was restored from disk is confirmed
    // without a change.
    if (context.current.applied?.running.digest === saved.digest) return { type: 'unchanged', saved, waits }
    const hasOther = saved !== suspect
    if (!hasOther) suspect = undefined
    if (fallback !== undefined) fallbacks.add(fallback.digest)
    const isFallback = fallbacks.has(saved.digest)
    const restores = isFallback && context.current.applied?.saved === undefined
    const position = restores ? context.appliedBefore() : pending.position
    const end = await prepareChange({ saved, pending, hasOther, isFallback, position }, context, course)
    passedOver.add(saved.digest)
    switch (end.type) {
      case 'refused':
        course.progress(end)
        continue
      case 'barred':
        if (end.why === 'suspect' && hasOther) suspect ??= saved
        waits ||= end.why !== 'quarantined'
        context.waiting.hold(pending, { digest: saved.digest, bytes: end.bytes })
        continue
      case 'prepared':
        return { ...end, waits: waits && hasOther, instead: isFallback, restores }
      case 'missing':
        // The disk has lost it, or named what never was.
        if (isFallback) continue
        return end
      case 'vetoed':
        return end
    }
  }
}

/**
 * What comes back in the place of a snapshot that may not run on, or where nothing runs: what ran
 * before, or last-known-good.
 */
function comesBack<Value>(
  pending: Pending,
  context: AttemptContext<Value>,
  passedOver: ReadonlySet<Digest>,
): SavedSnapshot | undefined {
  const runs = context.current.applied?.saved
  if (!(runs === undefined ? isReceived(pending) : mayGiveWay(runs, pending, context))) return undefined
  return context
    .before()
    .find(({ digest }) => digest !== runs?.digest && !passedOver.has(digest) && !isBarred(digest, context))
}

function mayGiveWay<Value>(runs: SavedSnapshot, pending: Pending, context: AttemptContext<Value>): boolean {
  return context.refusals.get(runs.digest)?.reverted === true || isTakenBack(runs, pending, context)
}

/**
 * What a release asks for although a probe took it back here: it is better than what the release
 * takes back, or than nothing.
 */
function tookBack<Value>(
  pending: Pending,
  context: AttemptContext<Value>,
  passedOver: ReadonlySet<Digest>,
): SavedSnapshot | undefined {
  if (pending.type === 'saved-version') return undefined
  return wantedBy(pending, context, digest => passedOver.has(digest) || isUnfit(digest, context))
}

/**
 * Whether what runs is not for this client any more: a candidate that it is not exposed to, or that
 * was given up, or what the release withdraws.
 */
function isTakenBack<Value>(runs: SavedSnapshot, pending: Pending, context: AttemptContext<Value>): boolean {
  return pending.type !== 'saved-version' && !mayRun(runs, pending.release, context)
}

/** Whether a snapshot is not run here: refused by this build, or under quarantine for it. */
function isBarred<Value>(digest: Digest, context: AttemptContext<Value>): boolean {
  return context.refusals.has(digest) || isUnfit(digest, context)
}

/** Whether it is not run here even where there is nothing else: a probe alone does not do that. */
function isUnfit<Value>(digest: Digest, { refusals, protection }: AttemptContext<Value>): boolean {
  const refusal = refusals.get(digest)
  return (
    (refusal !== undefined && refusal.reverted !== true) ||
    (protection?.quarantined.some(held => held.digest === digest) ?? false)
  )
}

/**
 * Whether something else may run in the place of the snapshot that runs: what is asked of this
 * client besides, what ran before, or last-known-good.
 */
export function hasOtherThan<Value>(
  digest: Digest,
  pending: Pending,
  context: AttemptContext<Value>,
): boolean {
  const isOut = (other: Digest): boolean => other === digest || isBarred(other, context)
  return (
    wantedBy(pending, context, isOut) !== undefined || context.before().some(saved => !isOut(saved.digest))
  )
}

/** The snapshot that is asked of this client, of those that it has not refused. */
function wantedBy<Value>(
  pending: Pending,
  { identity, hasher }: AttemptContext<Value>,
  refused: (digest: Digest) => boolean,
): SavedSnapshot | undefined {
  if (pending.type === 'saved-version') return refused(pending.saved.digest) ? undefined : pending.saved
  const wanted = target(pending.release, { identity, refused, hasher })
  if (wanted.arm === 'keep') return undefined
  const { digest, version, bytes } = wanted
  const isCandidate = armOf(pending.release, digest) === 'candidate'
  return { digest, version, bytes, ...(isCandidate && { candidate: true as const }) }
}

function unsupportedBy(release: Release): NoticeboardError | undefined {
  const member = unknownCritical(release)
  return member === undefined
    ? undefined
    : new NoticeboardError(
        'unsupported',
        `the release needs the feature "${member}", which this version of noticeboard does not have; update noticeboard in this program`,
      )
}
