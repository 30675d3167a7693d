import type { ApplyEvent, AttemptEnd } from './events.js'
import type { Pending } from './pending.js'
import {
  isReceived,
  isUntried,
  UNDER_WAY,
  type ApplyState,
  type Attempt,
  type Retry,
  type Work,
} from './state.js'

type Restoring = Extract<Work, { at: 'restoring' }>
type Applying = Extract<Work, { at: 'applying' }>

/** The work after an event that is meant for this state: the only way it changes. */
export function nextWork(state: ApplyState, event: ApplyEvent): Work {
  const { work, mode } = state
  const following = mode.at === 'following'
  switch (event.type) {
    case 'boot':
      return work.at === 'idle' ? (restore(state, event.restore, undefined) ?? work) : work
    case 'release':
      return following ? apply(state, event.pending) : work
    case 'again':
      return following && isUntried(state) ? apply(state, event.pending) : work
    case 'freed':
    case 'reverted':
      return following && isAtRest(work) ? apply(state, event.pending) : work
    case 'pause':
      // What is on its way from a transport is not in force yet, and may not come into force now.
      return following && (work.at === 'applying' || work.at === 'retrying') ? { at: 'idle' } : work
    case 'resume':
      return mode.at === 'paused' && mode.newest !== undefined ? apply(state, mode.newest) : work
    case 'retry-due':
      return work.at === 'retrying' ? apply(state, work.retry.pending) : work
    case 'trying':
      return work.at === 'applying' || work.at === 'restoring'
        ? { ...work, step: { type: 'trying', saved: event.saved } }
        : work
    case 'staged':
      return work.at === 'applying' ? { ...work, step: { type: 'staged' } } : work
    case 'ended':
      return work.at === 'restoring'
        ? afterRestore(state, work, event.end)
        : work.at === 'applying'
          ? afterApply(work, event.end)
          : work
    case 'close':
      return { at: 'closed' }
    case 'current':
    case 'confirmed':
    case 'refused':
    case 'soaked':
      return work
  }
}

/** The ends that another try may change, without a newer release. */
type Passing = Extract<AttemptEnd, { type: 'vetoed' | 'failed' }>

/** Whether an attempt failed for a reason that may pass. */
export function mayPass(end: AttemptEnd): end is Passing {
  return end.type === 'vetoed' || end.type === 'failed'
}

/** What is to be tried again after such an end. */
export function retryOf({ pending }: Attempt, end: Passing): Retry {
  if (end.type === 'failed') return { pending, why: { type: 'failed' } }
  const [issue] = end.error.issues
  const told = issue === undefined ? {} : { participant: issue.validator, reason: issue.message }
  return { pending, why: { type: 'vetoed', digest: end.digest, ...told } }
}

/** Whether nothing is under way, and nothing will be by itself. */
function isAtRest({ at }: Work): boolean {
  return at === 'idle' || at === 'restored' || at === 'settled'
}

function apply({ serial }: ApplyState, pending: Pending): Work {
  return { at: 'applying', id: serial + 1, pending, step: UNDER_WAY }
}

function restore(
  { serial }: ApplyState,
  [pending, ...rest]: readonly Pending[],
  retry: Retry | undefined,
): Work | undefined {
  return pending && { at: 'restoring', id: serial + 1, pending, step: UNDER_WAY, rest, retry }
}

/** The next of what was kept, until one runs. */
function afterRestore(state: ApplyState, work: Restoring, end: AttemptEnd): Work {
  if (end.type === 'prepared' || end.type === 'unchanged') return inForce(work.pending, end)
  const retry = work.retry ?? (mayPass(end) ? retryOf(work, end) : undefined)
  const following = restore(state, work.rest, retry)
  if (following !== undefined) return following
  return retry !== undefined && state.mode.at === 'following'
    ? { at: 'retrying', id: work.id, retry }
    : { at: 'idle' }
}

function afterApply(work: Applying, end: AttemptEnd): Work {
  switch (end.type) {
    case 'prepared':
    case 'unchanged':
      return inForce(work.pending, end)
    case 'kept':
      return { at: 'settled', how: end.waits === true ? 'waiting' : 'kept' }
    case 'unsupported':
      return { at: 'settled', how: 'unsupported' }
    case 'missing':
      return { at: 'idle' }
    case 'vetoed':
    case 'failed':
      return { at: 'retrying', id: work.id, retry: retryOf(work, end) }
  }
}

/** What runs was asked for by a transport's release, or was kept and is to be confirmed by one. */
function inForce(
  pending: Pending,
  { waits = false, instead = false }: { readonly waits?: boolean; readonly instead?: boolean },
): Work {
  return isReceived(pending)
    ? { at: 'settled', how: waits ? 'waiting' : instead ? 'kept' : 'applied' }
    : { at: 'restored', newest: pending.type === 'saved-release' && !waits && !instead }
}
