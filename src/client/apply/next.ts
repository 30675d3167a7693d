import { effectsOf } from './effects-of.js'
import type { ApplyEffect, ApplyEvent } from './events.js'
import { nextMode } from './mode.js'
import { attemptOf, type ApplyState } from './state.js'
import { nextTrial } from './trial.js'
import { nextWork } from './work.js'

/** A state and what follows from having come there. */
export interface Next<Change> {
  readonly state: ApplyState
  readonly effects: readonly ApplyEffect<Change>[]
}

/**
 * The state after an event, and the effects that follow: the only way a client's apply state
 * changes. What comes from an attempt, a timer or a commit that is not the one at hand any more
 * changes nothing.
 */
export function next<Change>(state: ApplyState, event: ApplyEvent<Change>): Next<Change> {
  if (isStale(state, event)) return { state, effects: discarded(event) }
  const work = nextWork(state, event)
  const changed: ApplyState = {
    serial: 'id' in work ? work.id : state.serial,
    work,
    mode: nextMode(state, event),
    trial: nextTrial(state, event),
  }
  return { state: changed, effects: effectsOf(state, event, changed) }
}

function isStale(state: ApplyState, event: ApplyEvent): boolean {
  const { work, mode, trial } = state
  if (work.at === 'closed') return true
  switch (event.type) {
    case 'trying':
    case 'staged':
    case 'refused':
    case 'ended':
      return attemptOf(state)?.id !== event.id
    case 'retry-due':
      return work.at !== 'retrying' || work.id !== event.id
    case 'confirmed':
      return trial.at !== 'unconfirmed' || trial.commit !== event.commit
    case 'reverted':
      // Who is paused keeps what runs, whatever becomes of it.
      return trial.at !== 'unconfirmed' || trial.commit !== event.commit || mode.at !== 'following'
    case 'soaked':
      return trial.at !== 'probation' || trial.commit !== event.commit
    case 'boot':
    case 'release':
    case 'again':
    case 'current':
    case 'freed':
    case 'pause':
    case 'resume':
    case 'close':
      return false
  }
}

/** A change that nobody may commit any more is let go of. */
function discarded<Change>(event: ApplyEvent<Change>): readonly ApplyEffect<Change>[] {
  return event.type === 'ended' && event.end.type === 'prepared'
    ? [{ type: 'discard', change: event.end.change }]
    : []
}
