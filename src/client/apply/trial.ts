import type { ApplyEvent } from './events.js'
import type { ApplyState, Trial } from './state.js'

/** The trial after an event that is meant for this state: the only way it changes. */
export function nextTrial({ trial }: ApplyState, event: ApplyEvent): Trial {
  switch (event.type) {
    case 'ended':
      return event.end.type === 'prepared'
        ? { at: event.end.confirm === true ? 'unconfirmed' : 'probation', commit: event.id }
        : trial
    case 'confirmed':
      return trial.at === 'unconfirmed' ? { at: 'probation', commit: trial.commit } : trial
    case 'soaked':
      return trial.at === 'probation' ? { at: 'earned', commit: trial.commit } : trial
    case 'close':
      return { at: 'none' }
    case 'boot':
    case 'release':
    case 'again':
    case 'current':
    case 'freed':
    case 'reverted':
    case 'pause':
    case 'resume':
    case 'trying':
    case 'staged':
    case 'refused':
    case 'retry-due':
      return trial
  }
}
