import { test } from 'vitest'
import { WHOLE } from '../../support/scale.js'
import { growthOf, LEAK_ON_PURPOSE, runSoak } from './run-soak.js'

/**
 * What the engine adds for code that is still getting warm: as much as a tenth of heaps as small as
 * these, and most under Node 24. A client that kept a release each time would add three times as
 * much.
 */
const ENGINE_BYTES = 2_000_000

/**
 * A small part of the scale that the guarantee speaks of, so that it fits into every run; the whole
 * of it is `npm run prove -- --only soak`.
 */
test.concurrent('a hundred publishes more leave neither memory nor handles behind, in clients or server, with readers that stall', async ({
  expect,
}) => {
  const { clients, server } = await runSoak({
    clients: 100,
    separate: 12,
    stalled: 6,
    warmUp: 60,
    publishes: 160,
  })
  for (const { before, after } of [clients, server]) {
    const grownBytes = after.heapBytes - before.heapBytes
    expect(grownBytes, JSON.stringify({ before, after })).toBeLessThan(0.05 * before.heapBytes + ENGINE_BYTES)
    expect(after.handles).toEqual(before.handles)
  }
}, 900_000)

// Beside the other one: both mostly wait until their processes are quiet.
if (WHOLE)
  test.concurrent('a client that keeps what it ran is seen to grow', async ({ expect }) => {
    const { clients } = await runSoak(LEAK_ON_PURPOSE)
    expect(growthOf(clients.before, clients.after)).toBeGreaterThan(1.05)
  }, 900_000)
