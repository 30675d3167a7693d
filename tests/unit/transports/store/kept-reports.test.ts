import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../../src/contracts/report.js'
import { sampleReport } from '../../../../src/testing/conformance/fixture.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { engineCalls } from '../../../../src/transports/store/calls.js'
import type { StoreEngine } from '../../../../src/transports/store/engine.js'
import { memoryEngine } from '../../../../src/transports/store/memory-engine.js'
import { storeReports } from '../../../../src/transports/store/reports.js'

const never = new AbortController().signal
const MAX_BYTES = 20_000

/** A report of about 1 KB. */
const report = (namespace: string, at: number, more: Partial<ClientReport> = {}): ClientReport =>
  sampleReport(namespace, {
    clientId: `client-${at}`,
    instanceId: `instance-${at}`,
    overridden: ['x'.repeat(200), 'y'.repeat(200), 'z'.repeat(200)],
    ...more,
  })

function open(atomic: StoreEngine['atomic']) {
  const clock = virtualClock()
  const engine: StoreEngine = { ...memoryEngine('reports'), atomic, now: async () => clock.now() }
  const calls = engineCalls(engine, { clock, timeoutMs: Number.POSITIVE_INFINITY })
  const reports = storeReports(calls, { ttlMs: 3_600_000, maxBytes: MAX_BYTES })
  /** What the engine holds of all reports, in bytes. */
  const held = async (): Promise<number> => {
    const found = await engine.list({ prefix: 'reports/', limit: 1_000 }, never)
    const keys = found.filter(key => !key.includes('listening'))
    const entries = await Promise.all(keys.map(key => engine.read([key], never)))
    return entries.flat().reduce((sum, entry) => sum + (entry?.value.length ?? 0), 0)
  }
  const clients = async (namespace: string): Promise<readonly string[]> =>
    (await reports.reports(namespace, never)).reports.map(({ clientId }) => clientId)
  return { clock, calls, reports, held, clients }
}

describe.each(['batch', 'key'] as const)('reports in an engine that writes by %s', atomic => {
  test('have a bound in bytes, past which those that were heard longest ago go', async () => {
    const { clock, reports, held, clients } = open(atomic)
    for (let at = 0; at < 60; at += 1) {
      await reports.report([report('a/prod', at)], never)
      await clock.advance(1_000)
    }
    expect(await held()).toBeLessThanOrEqual(MAX_BYTES)
    const left = await clients('a/prod')
    expect(left.length).toBeGreaterThan(10)
    expect(left).toEqual(Array.from({ length: left.length }, (_, at) => `client-${60 - left.length + at}`))
  })

  test('share it between namespaces: a small one loses nothing to a large one', async () => {
    const { reports, held, clients } = open(atomic)
    await reports.report([report('small/prod', 1), report('small/prod', 2)], never)
    await reports.report(
      Array.from({ length: 60 }, (_, at) => report('large/prod', at)),
      never,
    )
    expect(await held()).toBeLessThanOrEqual(MAX_BYTES)
    expect(await clients('small/prod')).toHaveLength(2)
  })

  test('keep who was heard for three periods before newcomers', async () => {
    const { clock, reports, clients } = open(atomic)
    const nextReportWithinMs = 300_000
    for (let count = 1; count <= 4; count += 1) {
      await reports.report([report('a/prod', 0, { count, nextReportWithinMs })], never)
      await clock.advance(nextReportWithinMs)
    }
    await reports.report(
      Array.from({ length: 60 }, (_, at) => report('a/prod', 1_000 + at)),
      never,
    )
    expect(await clients('a/prod')).toContain('client-0')
  })

  test('are bounded also where another process wrote them, once they are asked for', async () => {
    const { calls, held, clients } = open(atomic)
    const unbounded = storeReports(calls, { ttlMs: 3_600_000, maxBytes: 1e9 })
    await unbounded.report(
      Array.from({ length: 60 }, (_, at) => report('a/prod', at)),
      never,
    )
    expect(await held()).toBeGreaterThan(MAX_BYTES)
    await clients('a/prod')
    expect(await held()).toBeLessThanOrEqual(MAX_BYTES)
  })

  test('count no more once their time is over', async () => {
    const { clock, reports, clients } = open(atomic)
    const nextReportWithinMs = 60_000
    await reports.report(
      Array.from({ length: 18 }, (_, at) => report('a/prod', at, { nextReportWithinMs })),
      never,
    )
    await clock.advance(4 * 3_600_000)
    await reports.report(
      Array.from({ length: 18 }, (_, at) => report('b/prod', at, { nextReportWithinMs })),
      never,
    )
    expect(await clients('b/prod')).toHaveLength(18)
  })
})
