import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createFairRoom, type FairRoom } from '../../../src/fleet/fair-room.js'
import type { Guest } from '../../../src/fleet/standing.js'

const MAX_GUESTS = 8
const MAX_BYTES = 12_000
const MINUTE_MS = 60_000

interface Named extends Guest {
  readonly name: number
}
type Standing = 'stopped' | 'newcomer' | 'settled' | 'vouched'
interface Seat {
  readonly guest: Named
  readonly standing: Standing
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0)
const addressOf = ({ voice }: Named): string => (voice.type === 'stranger' ? voice.address : '')
const periodOf = ({ periodMs }: Named): number => Math.min(Math.max(periodMs, 5 * MINUTE_MS), 60 * MINUTE_MS)

/**
 * The same room as a list, the one that was silent for longest in front, searched in full for each
 * question.
 */
function listedRoom(): FairRoom<Named> {
  let seats: Seat[] = []
  let step = 0
  /** When the weight of an address in a group changed last. */
  const changed = new Map<string, number>()

  const touch = ({ guest, standing }: Seat): void => {
    step += 1
    changed.set(`${standing} ${addressOf(guest)}`, step)
  }
  const among = (standing: Standing): Named[] =>
    seats.flatMap(seat => (seat.standing === standing ? [seat.guest] : []))
  const bytesOf = (guests: readonly Named[]): number => sum(guests.map(({ bytes }) => bytes))
  const weightOf = (guests: readonly Named[]): number =>
    sum(guests.map(({ bytes }) => Math.ceil(bytes / 1_024)))
  const crowd = (standing: Standing): readonly Named[] => {
    const guests = among(standing)
    const crowds = [...new Set(guests.map(addressOf))].map(address => ({
      since: changed.get(`${standing} ${address}`) ?? 0,
      members: guests.filter(guest => addressOf(guest) === address),
    }))
    crowds.sort((a, b) => weightOf(b.members) - weightOf(a.members) || a.since - b.since)
    return crowds[0]?.members ?? []
  }
  const leave = (guest: Named): void => {
    const seat = seats.find(each => each.guest === guest)
    if (seat === undefined) return
    seats = seats.filter(each => each !== seat)
    touch(seat)
  }
  const standingOf = (guest: Named): Standing => {
    if (guest.voice.type === 'bearer') return 'vouched'
    if (guest.stopped) return 'stopped'
    if (guest.heardMs - guest.firstHeardMs < 3 * periodOf(guest)) return 'newcomer'
    const settled = [...among('settled'), guest]
    return settled.length <= (7 / 8) * MAX_GUESTS && bytesOf(settled) <= (7 / 8) * MAX_BYTES
      ? 'settled'
      : 'newcomer'
  }
  const nextToGo = (came: Seat, nowMs: number): Named => {
    const others = (guests: readonly Named[]): Named[] => guests.filter(guest => guest !== came.guest)
    const isOver = ({ stopped, heardMs, periodMs }: Named) => stopped || nowMs - heardMs > 3 * periodMs
    const stopped = others(among('stopped'))
    if (stopped[0] !== undefined) return stopped[0]
    if (came.standing === 'stopped') return came.guest
    const settled = others(crowd('settled'))
    const givenUp = settled.find(guest => nowMs - guest.heardMs > 12 * periodOf(guest))
    if (givenUp !== undefined) return givenUp
    const newcomers = others(crowd('newcomer'))
    const newcomer = newcomers.find(isOver) ?? newcomers[0]
    if (newcomer !== undefined) return newcomer
    if (came.standing === 'newcomer') return came.guest
    const vouched = others(among('vouched'))
    return settled[0] ?? vouched.find(isOver) ?? vouched[0] ?? came.guest
  }

  return {
    admit(guest, nowMs) {
      const came: Seat = { guest, standing: standingOf(guest) }
      seats.push(came)
      touch(came)
      const gone: Named[] = []
      while (seats.length > MAX_GUESTS || bytesOf(seats.map(seat => seat.guest)) > MAX_BYTES) {
        const victim = nextToGo(came, nowMs)
        leave(victim)
        gone.push(victim)
      }
      return gone
    },
    leave,
    isSafe(guest) {
      const standing = seats.find(each => each.guest === guest)?.standing
      if (standing === 'vouched' || standing === 'settled') return true
      const bytes = bytesOf(seats.map(seat => seat.guest))
      return standing !== undefined && seats.length < (7 / 8) * MAX_GUESTS && bytes < (7 / 8) * MAX_BYTES
    },
    get size() {
      return seats.length
    },
    get bytes() {
      return bytesOf(seats.map(seat => seat.guest))
    },
  }
}

const step = fc.record({
  name: fc.integer({ min: 0, max: 20 }),
  address: fc.constantFrom('a', 'a', 'b', 'c', undefined),
  bytes: fc.constantFrom(500, 700, 1_100, 2_500, 5_000, 13_000),
  periodMs: fc.constantFrom(1, 5 * MINUTE_MS, 60 * MINUTE_MS),
  stopped: fc.integer({ min: 0, max: 9 }).map(number => number === 0),
  passMs: fc.constantFrom(0, 0, MINUTE_MS, 6 * MINUTE_MS, 30 * MINUTE_MS),
  leaves: fc.integer({ min: 0, max: 19 }).map(number => number === 0),
})

/** Drives a room and the list through one history, and compares all that can be seen of them. */
function check(open: () => FairRoom<Named>, met: Set<string>): void {
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 150 }), steps => {
      const room = open()
      const listed = listedRoom()
      const inside = new Map<number, Named>()
      let nowMs = 0
      for (const { name, address, passMs, leaves, ...said } of steps) {
        nowMs += passMs
        const known = inside.get(name)
        if (known !== undefined) for (const each of [room, listed]) each.leave(known)
        inside.delete(name)
        if (!leaves) {
          const guest: Named = {
            name,
            voice: address === undefined ? { type: 'bearer' } : { type: 'stranger', address },
            firstHeardMs: known?.firstHeardMs ?? nowMs,
            heardMs: nowMs,
            ...said,
          }
          const [gone, wanted] = [room.admit(guest, nowMs), listed.admit(guest, nowMs)]
          expect(gone.map(each => each.name)).toEqual(wanted.map(each => each.name))
          inside.set(name, guest)
          for (const each of gone) {
            inside.delete(each.name)
            met.add(each === guest ? 'turned away' : 'gone')
          }
          expect(room.isSafe(guest)).toBe(listed.isSafe(guest))
        }
        expect([room.size, room.bytes]).toEqual([listed.size, listed.bytes])
        expect(room.size <= MAX_GUESTS && room.bytes <= MAX_BYTES).toBe(true)
      }
    }),
    { numRuns: 200 },
  )
}

const openRoom = () => createFairRoom<Named>({ maxGuests: MAX_GUESTS, maxBytes: MAX_BYTES })

test('a fair room lets go of whom a plain list says, in that order, and stays in its bounds', () => {
  const met = new Set<string>()
  check(openRoom, met)
  expect([...met].sort()).toEqual(['gone', 'turned away'])
})

test.each<[string, (room: FairRoom<Named>) => FairRoom<Named>]>([
  [
    'that forgets who settled',
    room => ({
      ...seen(room),
      admit: (guest, nowMs) => room.admit(Object.assign(guest, { firstHeardMs: nowMs }), nowMs),
    }),
  ],
  ['that keeps the place of who left', room => ({ ...seen(room), leave: () => {} })],
  [
    'that turns away nobody',
    room => ({
      ...seen(room),
      admit: (guest, nowMs) => room.admit(guest, nowMs).filter(each => each !== guest),
    }),
  ],
])('a room %s is seen to differ', (_, spoil) => {
  expect(() => check(() => spoil(openRoom()), new Set())).toThrow()
})

/** What can be seen of a room, read when it is asked for. */
function seen(room: FairRoom<Named>): FairRoom<Named> {
  return {
    admit: room.admit,
    leave: room.leave,
    isSafe: room.isSafe,
    get size() {
      return room.size
    },
    get bytes() {
      return room.bytes
    },
  }
}
