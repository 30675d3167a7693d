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
  return new Held(loop)
}

/** A class, since every client has one. */
class Held implements Waiting {
  readonly #loop: Pick<ApplyLoop<never>, 'state' | 'send'>
  #held: Pending | undefined
  #isFree = false

  constructor(loop: Pick<ApplyLoop<never>, 'state' | 'send'>) {
    this.#loop = loop
  }

  begins(pending: Pending): void {
    this.#isFree = false
    if (isReceived(pending)) this.#held = undefined
  }

  hold(pending: Pending, snapshot: InlineSnapshot): void {
    if (isReceived(pending)) this.#held = { ...pending, inline: [...pending.inline, snapshot] }
    // Of what is restored the best comes first.
    else this.#held ??= pending
  }

  free(): void {
    this.#isFree = true
    this.ended()
  }

  ended(): void {
    const pending = this.#held
    if (!this.#isFree || pending === undefined || isWorking(this.#loop.state)) return
    this.#isFree = false
    this.#held = undefined
    this.#loop.send({ type: 'freed', pending })
  }
}
