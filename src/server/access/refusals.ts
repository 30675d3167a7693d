import type { Clock, Logger } from '../../contracts/system.js'

/** What was refused, told once a minute. */
export interface Refusals {
  note(refusal: Refusal): void
  /**
   * Tells what was only counted, and leaves no timer behind, now or later. What comes afterwards is
   * told at once.
   */
  end(): void
}

/** A request that was not let in. */
export interface Refusal {
  readonly address: string
  /** The status that it was answered with. */
  readonly status: number
  /** Whose token it was, where it was one of this server; no secret. */
  readonly token: string | undefined
}

const MINUTE_MS = 60_000

/** How many addresses have a line of their own in a minute; the rest are one. */
const MOST_LINES = 20

/** How many addresses are told apart in a minute. */
const MOST_ADDRESSES = 1_000

/**
 * Counts refused requests by address. The first one of a quiet time is told at once, what follows
 * each minute, a line for each of the addresses with the most and one for all others. What whoever
 * is refused sends is in none of them.
 */
export function createRefusals({
  clock,
  logger,
}: {
  readonly clock: Clock
  readonly logger: Logger
}): Refusals {
  let counts = new Map<string, { times: number; last: Refusal }>()
  let others = 0
  let cancel: (() => void) | undefined
  let ended = false

  const tell = ({ address, status, token }: Refusal, times: number): void => {
    logger.warn(`requests of ${address} were refused`, {
      address,
      times,
      status,
      ...(token !== undefined && { token }),
    })
  }

  const endMinute = (): void => {
    cancel?.()
    cancel = undefined
    const lines = [...counts.values()].toSorted((a, b) => b.times - a.times)
    const rest = lines.slice(MOST_LINES)
    const more = rest.reduce((sum, { times }) => sum + times, others)
    counts = new Map()
    others = 0
    for (const { times, last } of lines.slice(0, MOST_LINES)) tell(last, times)
    if (more > 0) logger.warn('requests of more addresses were refused', { times: more })
    // What goes on is told in a minute again; after a quiet one the next is told at once.
    if (lines.length > 0 || more > 0) cancel = clock.after(MINUTE_MS, endMinute)
  }

  return {
    note(refusal) {
      if (cancel === undefined) {
        tell(refusal, 1)
        if (!ended) cancel = clock.after(MINUTE_MS, endMinute)
        return
      }
      const known = counts.get(refusal.address)
      if (known !== undefined) {
        known.times += 1
        known.last = refusal
      } else if (counts.size < MOST_ADDRESSES) counts.set(refusal.address, { times: 1, last: refusal })
      else others += 1
    },
    end() {
      ended = true
      endMinute()
      cancel?.()
      cancel = undefined
    },
  }
}
