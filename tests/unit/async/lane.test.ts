import { expect, test } from 'vitest'
import { createLane } from '../../../src/async/lane.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

const open = (inFlight: number) => {
  const clock = virtualClock()
  return { clock, lane: createLane({ inFlight, patienceMs: 100, clock }) }
}

test('work goes on in the order of the calls, so much of it at once and no more', async () => {
  const { clock, lane } = open(2)
  const begun: number[] = []
  const ends: (() => void)[] = []
  const pass = (piece: number): Promise<void> =>
    lane(() => {
      begun.push(piece)
      return new Promise<void>(resolve => ends.push(resolve))
    })
  const all = [0, 1, 2, 3].map(pass)
  await clock.advance(1)
  expect(begun).toEqual([0, 1])
  ends[1]?.()
  await all[1]
  // Whoever comes at this moment does not slip in.
  all.push(pass(4))
  await clock.advance(1)
  expect(begun).toEqual([0, 1, 2])
  ends[0]?.()
  ends[2]?.()
  await clock.advance(1)
  expect(begun).toEqual([0, 1, 2, 3, 4])
  ends.forEach(end => end())
  await Promise.all(all)
  await clock.advance(0)
  expect(clock.pending).toBe(0)
})

test('a failure is its own call’s, and frees its place', async () => {
  const { lane } = open(1)
  const failed = lane(() => {
    throw new Error('away')
  })
  const next = lane(async () => 'here')
  await expect(failed).rejects.toThrow('away')
  expect(await next).toBe('here')
})

test('what hangs keeps others waiting for a moment only', async () => {
  const { clock, lane } = open(1)
  void lane(() => new Promise(() => {}))
  let passed = false
  const next = lane(async () => (passed = true))
  await clock.advance(99)
  expect(passed).toBe(false)
  await clock.advance(1)
  expect(passed).toBe(true)
  await next
})
