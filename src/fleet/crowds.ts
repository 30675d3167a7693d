import { addressOf, type Voice } from './voice.js'

/** Something of a size that somebody brought. */
export interface Weighed {
  readonly voice: Voice
  readonly bytes: number
}

/** Everything that addresses brought, so that the one with the most is known at once. */
export interface Crowds<Member extends Weighed> {
  add(member: Member): void
  delete(member: Member): void
  /** The members of the address that has most, the one that was added first at the front. */
  largest(): Iterable<Member>
  readonly size: number
  readonly bytes: number
}

interface Crowd<Member> {
  readonly members: Set<Member>
  weight: number
}

/**
 * What weighs the same is one place in the order of addresses: a small client weighs what any other
 * does.
 */
const UNIT_BYTES = 1_024

/**
 * Makes an empty set of crowds, one an address. An address has most that brought most KiB, each
 * member rounded up; of several the one whose weight has stood for longest. Each step takes the
 * same time however many there are.
 *
 * ```ts
 * const crowds = createCrowds<Weighed>()
 * crowds.add(entry)
 * const [oldest] = crowds.largest()
 * ```
 */
export function createCrowds<Member extends Weighed>(): Crowds<Member> {
  const byAddress = new Map<string, Crowd<Member>>()
  const byWeight = new Map<number, Set<Crowd<Member>>>()
  let heaviest = 0
  let size = 0
  let bytes = 0

  const move = (crowd: Crowd<Member>, by: number): void => {
    const before = byWeight.get(crowd.weight)
    before?.delete(crowd)
    if (before?.size === 0) byWeight.delete(crowd.weight)
    crowd.weight += by
    if (crowd.weight > 0) {
      const now = byWeight.get(crowd.weight)
      if (now === undefined) byWeight.set(crowd.weight, new Set([crowd]))
      else now.add(crowd)
    }
    heaviest = Math.max(heaviest, crowd.weight)
    // No further down than to where this crowd is now.
    while (heaviest > 0 && !byWeight.has(heaviest)) heaviest -= 1
  }

  return {
    add(member) {
      const crowd = byAddress.get(addressOf(member.voice)) ?? { members: new Set<Member>(), weight: 0 }
      byAddress.set(addressOf(member.voice), crowd)
      crowd.members.add(member)
      move(crowd, weightOf(member))
      size += 1
      bytes += member.bytes
    },
    delete(member) {
      const crowd = byAddress.get(addressOf(member.voice))
      if (crowd?.members.delete(member) !== true) return
      move(crowd, -weightOf(member))
      if (crowd.members.size === 0) byAddress.delete(addressOf(member.voice))
      size -= 1
      bytes -= member.bytes
    },
    largest() {
      const [crowd] = byWeight.get(heaviest) ?? []
      return crowd?.members ?? []
    },
    get size() {
      return size
    },
    get bytes() {
      return bytes
    },
  }
}

function weightOf({ bytes }: Weighed): number {
  return Math.ceil(bytes / UNIT_BYTES)
}
