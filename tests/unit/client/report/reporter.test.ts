import { expect, test } from 'vitest'
import { startReporter, type ReportState } from '../../../../src/client/report/reporter.js'
import type { ClientReport } from '../../../../src/contracts/report.js'
import { seededRandom } from '../../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'

const silent = { debug() {}, info() {}, warn() {}, error() {} }

test('a report says how long the client runs and has been where it is, also when it comes late', async () => {
  const clock = virtualClock()
  const ending = new AbortController()
  const sent: ClientReport[] = []
  let runsSinceMs: number | undefined
  let state: ReportState = {
    namespace: 'a',
    clientId: 'c',
    instanceId: 'i',
    ephemeral: false,
    labels: {},
    strategy: 'pull',
    lookMs: 30_000,
    phase: 'waiting',
    protection: 'none',
  }
  const reporter = startReporter({
    to: { report: async states => void sent.push(...states) },
    state: () => state,
    runsSinceMs: () => runsSinceMs,
    rhythm: () => ({ intervalMs: 60_000 }),
    clock,
    random: seededRandom(1),
    logger: silent,
    signal: ending.signal,
    batchMs: 1_000,
  })
  const become = async (change: Partial<ReportState>, forMs: number): Promise<ClientReport | undefined> => {
    if (change.digest !== undefined) runsSinceMs = clock.monotonic()
    state = { ...state, ...change }
    reporter.touch()
    await clock.advance(forMs)
    return sent.at(-1)
  }
  const nearly = (ms: number): object => expect.toSatisfy((value: number) => Math.abs(value - ms) <= 1_000)

  await clock.advance(5_000)
  // The report of a change says since when it is so, and not since when it was told.
  const applied = await become({ phase: 'applied', digest: 'a'.repeat(64) }, 1_000)
  expect(applied).toMatchObject({ phase: 'applied', upMs: nearly(5_700), sinceMs: nearly(700) })
  expect(applied?.sinceMs).toBe((applied?.upMs ?? 0) - 5_000)
  // To be healthy is to run the same for longer.
  await clock.advance(100_000)
  const healthy = await become({ phase: 'healthy' }, 1_000)
  expect(healthy?.sinceMs).toBe((healthy?.upMs ?? 0) - 5_000)
  // Another snapshot begins anew, and so does another phase.
  await clock.advance(8_000)
  const next = await become({ digest: 'b'.repeat(64) }, 1_000)
  expect(next?.sinceMs).toBe((next?.upMs ?? 0) - 115_000)
  const refused = await become({ phase: 'rejected', refused: 'c'.repeat(64) }, 1_000)
  expect(refused?.sinceMs).toBe((refused?.upMs ?? 0) - 116_000)

  ending.abort()
  await Promise.all([reporter.stop(), clock.advance(1_000)])
})
