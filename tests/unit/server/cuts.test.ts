import { expect, test } from 'vitest'
import { createCuts } from '../../../src/server/stream/cuts.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

function watched() {
  const clock = virtualClock()
  const lines: string[] = []
  const warn = (message: string): void => void lines.push(message)
  const cuts = createCuts({
    clock,
    logger: { debug() {}, info() {}, warn, error: warn },
    heartbeatMs: 15_000,
  })
  return { clock, lines, cuts }
}

test("a proxy's timeout of 10 s is told once, with the settings to change", async () => {
  const { clock, lines, cuts } = watched()
  await clock.advance(100_000)
  for (let cut = 0; cut < 40; cut += 1) {
    await clock.advance(2_500)
    const nowMs = clock.monotonic()
    cuts.ended({ writtenAtMs: nowMs - 10_000 - (cut % 3) * 100 })
  }
  expect(lines).toEqual([
    expect.stringMatching(/^streams are closed from outside always after 10 s .*heartbeat/),
  ])
})

test('readers that leave together, or whenever they like, are no pattern', async () => {
  const { clock, lines, cuts } = watched()
  await clock.advance(1_000_000)
  const together = clock.monotonic()
  for (let reader = 0; reader < 100; reader += 1) cuts.ended({ writtenAtMs: together - 7_000 })
  for (let reader = 0; reader < 100; reader += 1) {
    await clock.advance(1_300)
    const nowMs = clock.monotonic()
    cuts.ended({ writtenAtMs: nowMs - (nowMs % 15_000) })
  }
  expect(lines).toEqual([])
})

test('the eighth stream that ends alike is told, and not the seventh', async () => {
  const { clock, lines, cuts } = watched()
  await clock.advance(100_000)
  for (let cut = 1; cut <= 8; cut += 1) {
    expect(lines).toEqual([])
    await clock.advance(2_500)
    cuts.ended({ writtenAtMs: clock.monotonic() - 10_000 })
  }
  expect(lines).toHaveLength(1)
})
