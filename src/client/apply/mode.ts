import type { ApplyEvent } from './events.js'
import type { Pending } from './pending.js'
import { isUntried, type ApplyState, type Mode } from './state.js'
import { mayPass } from './work.js'

/** The mode after an event that is meant for this state: the only way it changes. */
export function nextMode(state: ApplyState, event: ApplyEvent): Mode {
  const { mode } = state
  switch (event.type) {
    case 'boot':
      return event.pinned ? { at: 'pinned' } : mode
    case 'pause':
      return mode.at === 'following' ? { at: 'paused', newest: interrupted(state) } : mode
    case 'resume':
      return mode.at === 'paused' ? { at: 'following' } : mode
    case 'release':
      return mode.at === 'paused' ? { at: 'paused', newest: event.pending } : mode
    case 'again':
      return mode.at === 'paused' && isUntried(state) ? { at: 'paused', newest: event.pending } : mode
    case 'freed':
      return mode.at === 'paused' ? { at: 'paused', newest: mode.newest ?? event.pending } : mode
    case 'ended':
      return mode.at === 'paused' ? { at: 'paused', newest: mode.newest ?? leftToRetry(state, event) } : mode
    case 'current':
    case 'confirmed':
    case 'reverted':
    case 'trying':
    case 'staged':
    case 'refused':
    case 'retry-due':
    case 'soaked':
    case 'close':
      return mode
  }
}

/** What a pause keeps from coming into force. */
function interrupted({ work }: ApplyState): Pending | undefined {
  switch (work.at) {
    case 'applying':
      return work.pending
    case 'retrying':
      return work.retry.pending
    // What an earlier life ran comes back in a pause, too.
    case 'restoring':
    case 'idle':
    case 'restored':
    case 'settled':
    case 'closed':
      return undefined
  }
}

/**
 * What a restart could not bring back for a reason that may pass: nothing is tried again during a
 * pause.
 */
function leftToRetry(
  { work }: ApplyState,
  { end }: Extract<ApplyEvent, { type: 'ended' }>,
): Pending | undefined {
  if (work.at !== 'restoring' || work.rest.length > 0) return undefined
  if (end.type === 'prepared' || end.type === 'unchanged') return undefined
  return work.retry?.pending ?? (mayPass(end) ? work.pending : undefined)
}
