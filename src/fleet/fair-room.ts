import { createCrowds } from './crowds.js'
import { isGivenUp, isOver, standingOf, type Guest, type Standing } from './standing.js'

/** Room for so many guests, of which somebody goes when it is full. */
export interface FairRoom<Visitor extends Guest> {
  /** Gives a place, and returns who has to go for it, which may be who came. */
  admit(guest: Visitor, nowMs: number): readonly Visitor[]
  /** Takes a place away: of one that is to be admitted anew, or has gone. */
  leave(guest: Visitor): void
  /** Whether a guest of this standing may count on its place. */
  isSafe(guest: Visitor): boolean
  readonly size: number
  readonly bytes: number
}

/** How many guests are looked at for each one that has to go. */
const SEARCHED = 64

/**
 * What is left to newcomers whatever the settled are: an eighth, so that one that comes late is
 * heard.
 */
const SETTLED_SHARE = 7 / 8

/**
 * Makes a room whose bounds are for all guests together, and no address has a bound of its own: a
 * fleet may be one address. Once it is full, in this order: strangers' guests that stopped go;
 * settled ones that were silent for twelve periods; then the address with most newcomers loses the
 * one that is missing, or else the one that was silent for longest. Whoever a bearer spoke for goes
 * for nobody but another of these, and who has settled for neither a newcomer nor an address with
 * less than its own.
 *
 * ```ts
 * const room = createFairRoom({ maxGuests: 100_000, maxBytes: 134_217_728 })
 * for (const gone of room.admit(entry, clock.monotonic())) forget(gone)
 * ```
 */
export function createFairRoom<Visitor extends Guest>({
  maxGuests,
  maxBytes,
}: RoomBounds): FairRoom<Visitor> {
  /** Each in the order in which they were heard, the one that was silent for longest in front. */
  const stopped = new Set<Visitor>()
  const vouched = new Set<Visitor>()
  const newcomers = createCrowds<Visitor>()
  const settled = createCrowds<Visitor>()
  let size = 0
  const groups = { stopped, newcomer: newcomers, settled, vouched }
  let bytes = 0

  const standing = (guest: Visitor): Standing => {
    const own = standingOf(guest)
    if (own !== 'settled') return own
    const hasRoom =
      settled.size + 1 <= SETTLED_SHARE * maxGuests && settled.bytes + guest.bytes <= SETTLED_SHARE * maxBytes
    return hasRoom ? 'settled' : 'newcomer'
  }

  const sit = (guest: Visitor): void => {
    const own = standing(guest)
    guest.standing = own
    size += 1
    bytes += guest.bytes
    groups[own].add(guest)
  }

  const leave = (guest: Visitor): void => {
    const own = guest.standing
    if (own === undefined) return
    guest.standing = undefined
    size -= 1
    bytes -= guest.bytes
    groups[own].delete(guest)
  }

  /** Who goes next, but for the one that came. */
  const next = (came: Visitor, nowMs: number): Visitor | undefined => {
    const isOther = (guest: Visitor): boolean => guest !== came
    const own = came.standing
    const crowd = newcomers.largest()
    const oldSettled = settled.largest()
    return (
      first(stopped, isOther) ??
      (own === 'stopped' ? came : undefined) ??
      first(oldSettled, guest => isOther(guest) && isGivenUp(guest, nowMs)) ??
      first(crowd, guest => isOther(guest) && isOver(guest, nowMs)) ??
      first(crowd, isOther) ??
      (own === 'newcomer' ? came : undefined) ??
      first(oldSettled, isOther) ??
      first(vouched, guest => isOther(guest) && isOver(guest, nowMs)) ??
      first(vouched, isOther)
    )
  }

  return {
    admit(guest, nowMs) {
      sit(guest)
      const gone: Visitor[] = []
      while (size > maxGuests || bytes > maxBytes) {
        const victim = next(guest, nowMs) ?? guest
        leave(victim)
        gone.push(victim)
        if (victim === guest) break
      }
      return gone
    },
    leave,
    isSafe(guest) {
      const at = guest.standing
      if (at === 'vouched' || at === 'settled') return true
      return at !== undefined && size < SETTLED_SHARE * maxGuests && bytes < SETTLED_SHARE * maxBytes
    },
    get size() {
      return size
    },
    get bytes() {
      return bytes
    },
  }
}

/** What a room holds at most, all together. */
export interface RoomBounds {
  readonly maxGuests: number
  readonly maxBytes: number
}

/** The first one that fits, of those that are looked at. */
function first<Visitor>(guests: Iterable<Visitor>, fits: (guest: Visitor) => boolean): Visitor | undefined {
  let left = SEARCHED
  for (const guest of guests) {
    if (fits(guest)) return guest
    left -= 1
    if (left === 0) return undefined
  }
  return undefined
}
