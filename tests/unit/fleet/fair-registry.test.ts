import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { Voice } from '../../../src/fleet/voice.js'
import { BEARER } from '../../../src/fleet/voice.js'
import { createRegistry } from '../../../src/fleet/registry.js'
import { isGivenUp } from '../../../src/fleet/standing.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { reportOf } from '../../support/report-of.js'

const NAMESPACE = 'shop'
const PRESENCE_MS = 300_000
const MOST = 80

interface Kept {
  add(report: ClientReport, voice: Voice): unknown
  of(namespace: string): readonly ClientReport[]
}
type Open = (clock: VirtualClock) => Kept

const fair: Open = clock => createRegistry({ clock, maxInstances: MOST })

/** Lets go of whoever was silent for longest, whoever comes. */
const naive: Open = () => {
  const kept = new Map<string, ClientReport>()
  return {
    add(report) {
      kept.delete(report.instanceId)
      kept.set(report.instanceId, report)
      const [oldest = ''] = kept.keys()
      if (kept.size > MOST) kept.delete(oldest)
    },
    of: () => [...kept.values()],
  }
}

const at = (address: string): Voice => ({ type: 'stranger', address })
const counts = new Map<string, number>()
const word = (instanceId: string, more: Partial<ClientReport> = {}): ClientReport => {
  const count = (counts.get(instanceId) ?? 0) + 1
  counts.set(instanceId, count)
  const own = { namespace: NAMESPACE, instanceId, clientId: instanceId, count }
  return reportOf({ ...own, nextReportWithinMs: PRESENCE_MS, ...more })
}
const heardOf = (kept: Kept, name: string): number =>
  kept.of(NAMESPACE).filter(({ instanceId }) => instanceId.startsWith(`${name}-`)).length

/** Reports of a fleet behind one address, for so many periods. */
async function live(
  { kept, clock, voice, name }: { kept: Kept; clock: VirtualClock; voice: Voice; name: string },
  { clients, periods }: { clients: number; periods: number },
): Promise<void> {
  for (let period = 0; period <= periods; period += 1) {
    for (let index = 0; index < clients; index += 1) kept.add(word(`${name}-${index}`), voice)
    if (period < periods) await clock.advance(PRESENCE_MS)
  }
}

/** What fakes say of themselves. */
const fake = fc.record({
  address: fc.integer({ min: 1, max: 12 }).map(number => `198.51.100.${number}`),
  nextReportWithinMs: fc.constantFrom(1, PRESENCE_MS, 3_600_000),
  phase: fc.constantFrom('applied' as const, 'healthy' as const, 'stopped' as const),
})
const flood = fc.array(fake, { minLength: 200, maxLength: 300 })
let fakes = 0
const inject = (
  kept: Kept,
  { address, ...said }: typeof fake extends fc.Arbitrary<infer One> ? One : never,
) => {
  fakes += 1
  kept.add(word(`fake-${fakes}`, said), at(address))
}

const settledStay = (open: Open) =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 60 }), flood, async (clients, attack) => {
      const clock = virtualClock()
      const kept = open(clock)
      await live({ kept, clock, voice: at('192.0.2.1'), name: 'real' }, { clients, periods: 3 })
      for (const each of attack) inject(kept, each)
      expect(heardOf(kept, 'real')).toBe(clients)
    }),
    { numRuns: 30 },
  )

const bearersStay = (open: Open) =>
  fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: MOST }), flood, async (clients, attack) => {
      const clock = virtualClock()
      const kept = open(clock)
      for (let index = 0; index < clients; index += 1) kept.add(word(`real-${index}`), BEARER)
      for (const each of attack) inject(kept, each)
      expect(heardOf(kept, 'real')).toBe(clients)
    }),
    { numRuns: 30 },
  )

/** The fleet and the fakes come in any order, all of them new. */
const sharesAreEven = (open: Open) =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.integer({ min: 1, max: 9 }),
      fc.infiniteStream(fc.boolean()),
      (clients, addresses, coins) => {
        const kept = open(virtualClock())
        let next = 0
        for (let index = 0; index < 400; index += 1) {
          const isFake = coins.next().value === true || next === clients
          if (isFake)
            inject(kept, {
              address: `10.0.0.${index % addresses}`,
              nextReportWithinMs: 1,
              phase: 'applied',
            })
          else kept.add(word(`real-${next++}`), at('192.0.2.1'))
        }
        while (next < clients) kept.add(word(`real-${next++}`), at('192.0.2.1'))
        for (let index = 0; index < 200; index += 1)
          inject(kept, {
            address: `10.0.0.${index % addresses}`,
            nextReportWithinMs: 1,
            phase: 'applied',
          })
        expect(heardOf(kept, 'real')).toBeGreaterThanOrEqual(
          Math.min(clients, Math.floor(MOST / (addresses + 1))),
        )
      },
    ),
    { numRuns: 30 },
  )

/** The fakes settled first, all of the room, and go on. */
const lateOnesAreHeard = async (open: Open): Promise<void> => {
  const clock = virtualClock()
  const kept = open(clock)
  const fleets = { kept, clock, voice: at('198.51.100.1'), name: 'fake' }
  await live(fleets, { clients: MOST, periods: 6 })
  kept.add(word('real-1'), at('192.0.2.1'))
  for (let index = 0; index < 2 * MOST; index += 1) kept.add(word(`fake-${index}`), at('198.51.100.1'))
  expect(heardOf(kept, 'real')).toBe(1)
}

describe('a registry that is flooded', () => {
  test('keeps everybody who was heard for three periods', () => settledStay(fair))
  test('keeps everybody for whom a bearer of a token spoke', () => bearersStay(fair))
  test('gives each address its share of the room for newcomers', () => sharesAreEven(fair))
  test('hears who comes late, though all others have settled', () => lateOnesAreHeard(fair))

  test.each<[string, (open: Open) => unknown]>([
    ['who was heard for three periods', settledStay],
    ['bearers', bearersStay],
    ['shares', sharesAreEven],
    ['who comes late', lateOnesAreHeard],
  ])('and one that lets the oldest go is seen to fail: %s', async (_, check) => {
    await expect((async () => check(naive))()).rejects.toThrow()
  })

  test('stays within its bytes, and keeps fewer of what is large', () => {
    const registry = createRegistry({ clock: virtualClock(), maxBytes: 200_000 })
    for (let index = 0; index < 20; index += 1) registry.add(word(`real-${index}`), at('192.0.2.1'))
    for (let index = 0; index < 500; index += 1) {
      const labels = { text: String(index).padEnd(250, 'x'), more: String(index).padEnd(250, 'y') }
      const overridden = Array.from({ length: 10 }, (_, each) => `/${index}/${each}`.padEnd(250, 'x'))
      registry.add(word(`fake-${index}`, { labels, overridden }), at('198.51.100.1'))
      expect(registry.bytes).toBeLessThanOrEqual(200_000)
    }
    // What is counted is no less than what is there.
    expect(JSON.stringify(registry.of(NAMESPACE)).length).toBeLessThanOrEqual(registry.bytes)
    expect(heardOf(registry, 'real')).toBe(20)
    expect(heardOf(registry, 'fake')).toBeGreaterThan(30)
  })

  test('says whose word is only for this process: of newcomers, as soon as it is nearly full', () => {
    const registry = createRegistry({ clock: virtualClock(), maxInstances: 8 })
    const taken = Array.from({ length: 9 }, (_, index) => registry.add(word(`one-${index}`), at('192.0.2.1')))
    expect(taken).toEqual([...Array(6).fill('kept'), ...Array(3).fill('kept-here')])
    expect(registry.add(word('mine-1'))).toBe('kept')
    const full = createRegistry({ clock: virtualClock(), maxInstances: 1 })
    expect([full.add(word('two-1')), full.add(word('two-2'), at('192.0.2.1'))]).toEqual(['kept', 'no-room'])
  })
})

test('one that has settled is given up after twelve of its periods, of five minutes at least', () => {
  const guest = { voice: at('192.0.2.1'), bytes: 1, firstHeardMs: 0, heardMs: 0, stopped: false }
  const isAfter = (minutes: number, periodMs: number): boolean =>
    isGivenUp({ ...guest, periodMs }, minutes * 60_000)
  expect([60, 61].map(minutes => isAfter(minutes, 300_000))).toEqual([false, true])
  expect([60, 61].map(minutes => isAfter(minutes, 1_000))).toEqual([false, true])
  expect([720, 721].map(minutes => isAfter(minutes, 3_600_000))).toEqual([false, true])
})
