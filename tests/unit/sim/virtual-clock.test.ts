import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

describe('a virtual clock', () => {
  test('stands still until it is advanced', async () => {
    const clock = virtualClock({ startMs: 1_000 })
    let fired = false
    clock.after(10, () => (fired = true))
    await clock.turn()
    expect([clock.now(), clock.monotonic(), fired, clock.pending]).toEqual([1_000, 0, false, 1])
    await clock.advance(9)
    expect(fired).toBe(false)
    await clock.advance(1)
    expect([clock.now(), clock.monotonic(), fired, clock.pending]).toEqual([1_010, 10, true, 0])
  })

  test('fires timers in order of time, then of making, each at its own instant', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: -5, max: 50 }), { maxLength: 40 }), async delays => {
        const clock = virtualClock()
        const fired: [number, number][] = []
        delays.forEach((delay, index) => clock.after(delay, () => fired.push([clock.monotonic(), index])))
        await clock.advance(50)
        const expected = delays
          .map((delay, index): [number, number] => [Math.max(delay, 0), index])
          .sort(([a, i], [b, j]) => a - b || i - j)
        expect(fired).toEqual(expected)
        expect(clock.pending).toBe(0)
      }),
      { numRuns: 50 },
    )
  })

  test('fires timers that are made on the way', async () => {
    const clock = virtualClock()
    const times: number[] = []
    const tick = (): void => {
      times.push(clock.monotonic())
      clock.after(10, tick)
    }
    clock.after(10, tick)
    await clock.advance(35)
    expect(times).toEqual([10, 20, 30])
    expect(clock.monotonic()).toBe(35)
  })

  test('lets work that waits for turns finish before time goes on', async () => {
    const clock = virtualClock()
    let seenAt = -1
    clock.after(5, () => {
      void (async () => {
        for (let turn = 0; turn < 20; turn += 1) await clock.turn()
        seenAt = clock.monotonic()
      })()
    })
    clock.after(6, () => {})
    await clock.advance(100)
    expect(seenAt).toBe(5)
  })

  test('ends a sleep on abort, at once, and leaves nothing', async () => {
    const clock = virtualClock()
    const controller = new AbortController()
    const sleep = clock.sleep(1_000, controller.signal)
    expect(clock.pending).toBe(1)
    controller.abort()
    await sleep
    expect(clock.pending).toBe(0)
    await clock.sleep(1_000, controller.signal)
    expect(clock.monotonic()).toBe(0)
  })

  test('does not fire what was cancelled, and cancelling twice is harmless', async () => {
    const clock = virtualClock()
    let fired = 0
    const cancel = clock.after(10, () => (fired += 1))
    cancel()
    cancel()
    expect(clock.pending).toBe(0)
    await clock.advance(20)
    expect(fired).toBe(0)
  })

  test('runs until a condition holds, and no further', async () => {
    const clock = virtualClock()
    let count = 0
    const tick = (): void => {
      count += 1
      clock.after(100, tick)
    }
    tick()
    await clock.runUntil(() => count === 4, 1_000)
    expect(clock.monotonic()).toBe(300)
    await expect(clock.runUntil(() => false, 1_000)).rejects.toThrow('within 1000 ms')
  })
})

describe('seeded chance', () => {
  test('repeats for a seed and differs between seeds', () => {
    const take = (seed: number): readonly number[] => {
      const random = seededRandom(seed)
      return Array.from({ length: 5 }, () => random.number())
    }
    expect(take(1)).toEqual(take(1))
    expect(take(1)).not.toEqual(take(2))
    expect([...seededRandom(7).bytes(4)]).toEqual([...seededRandom(7).bytes(4)])
  })

  test('is even: each tenth gets its share', () => {
    const random = seededRandom(42)
    const counts = Array.from({ length: 10 }, () => 0)
    for (let index = 0; index < 100_000; index += 1) {
      const number = random.number()
      const tenth = Math.floor(number * 10)
      counts[tenth] = (counts[tenth] ?? 0) + 1
    }
    expect(counts).toHaveLength(10)
    for (const count of counts) expect(Math.abs(count - 10_000)).toBeLessThan(500)
  })
})
