import { expect, test } from 'vitest'
import { inSlices } from '../../../src/async/in-slices.js'

test('gives way after some 3 ms of work, and does everything in its order', async () => {
  let nowMs = 0
  const turnsAtMs: number[] = []
  const clock = { monotonic: () => nowMs, turn: async () => void turnsAtMs.push(nowMs) }
  const done: number[] = []
  const items = Array.from({ length: 100 }, (_, at) => at)
  const act = (item: number): void => {
    done.push(item)
    nowMs = done.length / 10
  }
  await inSlices(items, act, { clock, perLook: 1 })
  expect(turnsAtMs).toEqual([3, 6, 9])
  expect(done).toEqual(items)
})

test('looks at the time after every 32 items, where each takes next to nothing', async () => {
  let nowMs = 0
  let turns = 0
  const looksAtMs: number[] = []
  const clock = {
    monotonic() {
      looksAtMs.push(nowMs)
      return nowMs
    },
    turn: async () => void (turns += 1),
  }
  await inSlices(Array.from({ length: 100 }), () => (nowMs += 0.01), { clock })
  expect(turns).toBe(0)
  expect(looksAtMs).toHaveLength(4)
})
