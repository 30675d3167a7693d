import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createBackoff } from '../../../src/async/backoff.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

const fixed = (number: number) => ({ number: () => number, bytes: () => new Uint8Array() })

describe('the backoff', () => {
  test('doubles its bound up to the cap', () => {
    const backoff = createBackoff({ clock: virtualClock(), random: fixed(1) })
    const bounds = Array.from({ length: 9 }, () => backoff.failed())
    expect(bounds).toEqual([500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
  })

  test('is never zero, and keeps its jitter at the cap', () => {
    const clock = virtualClock()
    const backoff = createBackoff({ clock, random: seededRandom(5) })
    for (let failure = 0; failure < 10; failure += 1) backoff.failed()
    const tenths = Array.from({ length: 10 }, () => 0)
    for (let index = 0; index < 10_000; index += 1) {
      const delay = backoff.failed()
      if (delay < 50 || delay > 30_000) throw new Error(`a delay of ${delay} ms`)
      const tenth = Math.min(9, Math.floor(delay / 3_000))
      tenths[tenth] = (tenths[tenth] ?? 0) + 1
    }
    for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150)
  })

  test('is never shorter than what a Retry-After asks for, and spread beyond it', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(60_000), fc.nat(12), (seed, retryAfterMs, failures) => {
        const backoff = createBackoff({ clock: virtualClock(), random: seededRandom(seed) })
        for (let failure = 0; failure < failures; failure += 1) backoff.failed()
        const delay = backoff.failed(retryAfterMs)
        expect(delay).toBeGreaterThan(retryAfterMs)
        expect(delay).toBeLessThanOrEqual(retryAfterMs + 30_000)
      }),
    )
  })

  test.each([
    [Number.POSITIVE_INFINITY, 90_000],
    [Number.NaN, 30_000],
    [-5_000, 30_000],
    [1e15, 90_000],
  ])('bounds a Retry-After of %d', (retryAfterMs, most) => {
    const backoff = createBackoff({ clock: virtualClock(), random: seededRandom(1) })
    expect(backoff.failed(retryAfterMs)).toBeLessThanOrEqual(most)
  })

  test('obeys a longer Retry-After where it is told to', () => {
    const backoff = createBackoff({
      clock: virtualClock(),
      random: seededRandom(1),
      maxRetryAfterMs: 600_000,
    })
    expect(backoff.failed(300_000)).toBeGreaterThan(300_000)
    expect(backoff.failed(1e15)).toBeLessThanOrEqual(630_000)
  })

  test('starts anew only after a minute of health', async () => {
    const clock = virtualClock()
    const backoff = createBackoff({ clock, random: fixed(1) })
    for (let failure = 0; failure < 5; failure += 1) backoff.failed()
    backoff.succeeded()
    await clock.advance(59_999)
    backoff.succeeded()
    expect(backoff.failed()).toBe(16_000)
    backoff.succeeded()
    await clock.advance(60_000)
    expect(backoff.failed()).toBe(500)
  })

  test('counts health from the first success after the last failure', async () => {
    const clock = virtualClock()
    const backoff = createBackoff({ clock, random: fixed(1) })
    for (let failure = 0; failure < 5; failure += 1) backoff.failed()
    for (let success = 0; success < 3; success += 1) {
      backoff.succeeded()
      await clock.advance(20_000)
    }
    expect(backoff.failed()).toBe(500)
  })
})
