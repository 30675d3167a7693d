import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createHeldBodies, type HeldBody } from '../../../src/server/http/held-bodies.js'

const MAX = 1_000

const step = fc.oneof(
  { weight: 3, arbitrary: fc.record({ type: fc.constant('open' as const), bytes: fc.nat(2 * MAX) }) },
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('grow' as const),
      which: fc.nat(40),
      bytes: fc.integer({ min: 1, max: 300 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('complete' as const), which: fc.nat(40) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('close' as const), which: fc.nat(40) }) },
)

/** A body as a plain list knows it. */
interface Plain {
  bytes: number
  state: 'coming' | 'complete' | 'gone'
  readonly body: HeldBody
}

const digits = (bytes: number): number => (bytes === 0 ? 0 : bytes.toString(2).length)

test('what is held is a sum that stays within its bound, and of those that are coming the largest yield', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120, size: 'max' }), steps => {
      const held = createHeldBodies(MAX)
      const all: Plain[] = []
      const sum = (): number =>
        all.reduce((total, { bytes, state }) => total + (state === 'gone' ? 0 : bytes), 0)
      const largest = (): number =>
        Math.max(-1, ...all.filter(({ state }) => state === 'coming').map(({ bytes }) => digits(bytes)))

      for (const given of steps) {
        if (given.type === 'open') {
          const isRefused = sum() + given.bytes > MAX && (largest() < 0 || digits(given.bytes) >= largest())
          const body = held.open(given.bytes, () => {
            // Whoever yields is of the largest at that moment, and nobody yields while there is
            // room.
            expect(digits(plain?.bytes ?? 0)).toBe(largest())
            expect(sum()).toBeGreaterThan(MAX)
            if (plain !== undefined) plain.state = 'gone'
          })
          expect(body === undefined).toBe(isRefused)
          const plain: Plain | undefined = body && { bytes: 0, state: 'coming', body }
          if (plain !== undefined) all.push(plain)
        } else {
          const plain = all[given.which % Math.max(1, all.length)]
          if (plain === undefined) continue
          if (given.type === 'grow') {
            if (plain.state === 'coming') plain.bytes += given.bytes
            plain.body.grow(given.bytes)
          } else if (given.type === 'complete') {
            plain.body.complete()
            if (plain.state === 'coming') plain.state = 'complete'
          } else {
            plain.body.close()
            plain.state = 'gone'
          }
        }
        expect(held.bytes).toBe(sum())
        expect(held.bytes).toBeLessThanOrEqual(MAX)
      }
    }),
    { numRuns: 100 },
  )
})
