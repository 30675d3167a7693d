import type { InlineSnapshot } from '../../contracts/transport.js'
import type { ApplyLoop } from './apply-loop.js'
import { isReceived, isWorking } from './state.js'
import type { Pending } from './pending.js'

/** Remembers a snapshot that may not be tried yet, and has it attempted once more when it may. */
export interface Waiting {
  /** An attempt begins: what waited of an older release waits no longer. */
  begins(pending: Pending): void
  /** This attempt left a snapshot out, whose bytes are at hand. */
  hold(pending: Pending, snapshot: InlineSnapshot): void
  /** What waits may be tried now. */
  free(): void
  /** An attempt may have ended: what may be tried is attempted. */
  ended(): void
}

/** Makes a {@link Waiting}. */
export function createWaiting(loop: Pick<ApplyLoop<never>, 'state' | 'send'>): Waiting {
  let held: Pending | undefined
  let isFree = false

  const ended = (): void => {
    if (!isFree || held === undefined || isWorking(loop.state)) return
    const pending = held
    isFree = false
    held = undefined
    loop.send({ type: 'freed', pending })
  }

  return {
    begins(pending) {
      isFree = false
      if (isReceived(pending)) held = undefined
    },
    hold(pending, snapshot) {
      if (isReceived(pending)) held = { ...pending, inline: [...pending.inline, snapshot] }
      // Of what is restored the best comes first.
      else held ??= pending
    },
    free() {
      isFree = true
      ended()
    },
    ended,
  }
}
