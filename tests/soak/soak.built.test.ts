import { expect, test } from 'vitest'
import { runSoak, type Measure } from './run-soak.js'

/**
 * A small part of the scale that the guarantee speaks of, so that it fits into every run; the whole of it is
 * `runSoak({ clients: 2_000, separate: 100, stalled: 50, warmUp: 100, publishes: 1_000 })`.
 */
test('a hundred publishes leave neither memory nor handles behind, in clients or server, with readers that stall', async () => {
  const { clients, server } = await runSoak({
    clients: 100,
    separate: 12,
    stalled: 6,
    warmUp: 20,
    publishes: 120,
  })
  for (const { before, after } of [clients, server]) {
    expect(growth(before, after)).toBeLessThan(1.05)
    expect(after.handles).toEqual(before.handles)
  }
}, 240_000)

test('a client that keeps what it ran is seen to grow', async () => {
  const { clients } = await runSoak({
    clients: 10,
    separate: 2,
    stalled: 0,
    warmUp: 10,
    publishes: 40,
    settleMs: 5_000,
    leaky: true,
  })
  expect(growth(clients.before, clients.after)).toBeGreaterThan(1.05)
}, 120_000)

const growth = (before: Measure, after: Measure): number => after.heapBytes / before.heapBytes
