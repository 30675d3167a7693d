import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import { createRegistry } from '../../../src/fleet/registry.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { reportOf } from '../../support/report-of.js'

const report = (instanceId: string, count: number, more: Partial<ClientReport> = {}): ClientReport =>
  reportOf({ namespace: 'a', instanceId, clientId: instanceId, count, ...more })
const WEEK_MS = 7 * 86_400_000
const names = (reports: readonly ClientReport[]): string[] =>
  reports.map(({ instanceId }) => instanceId).sort()

describe('the registry', () => {
  test('holds the highest count of each instance, whatever the order and however often', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.constantFrom('x', 'y', 'z'), fc.integer({ min: 1, max: 9 })), { maxLength: 40 }),
        words => {
          const registry = createRegistry({ clock: virtualClock() })
          const highest = new Map<string, number>()
          for (const [instanceId, count] of words) {
            registry.add(report(instanceId, count))
            highest.set(instanceId, Math.max(count, highest.get(instanceId) ?? 0))
          }
          expect(new Map(registry.of('a').map(({ instanceId, count }) => [instanceId, count]))).toEqual(
            highest,
          )
        },
      ),
    )
  })

  test('keeps namespaces apart, also for one instance', () => {
    const registry = createRegistry({ clock: virtualClock() })
    registry.add(report('x', 5))
    registry.add(report('x', 1, { namespace: 'b' }))
    expect([registry.of('a')[0]?.count, registry.of('b')[0]?.count, registry.of('c')]).toEqual([5, 1, []])
  })

  test('a repeated report shows that the client is there, and changes nothing else', async () => {
    const clock = virtualClock()
    const registry = createRegistry({ clock })
    registry.add(report('x', 2, { phase: 'rejected' }))
    await clock.advance(1_000)
    registry.add(report('x', 2, { phase: 'healthy' }))
    expect(registry.of('a')).toMatchObject([{ phase: 'rejected', receivedAt: '2026-01-01T00:00:01.000Z' }])
  })

  test.each([true, false])(
    'knows how long it hears an instance, though its clock is set back (heard again: %s)',
    async again => {
      const time = virtualClock()
      let aheadMs = 86_400_000
      const registry = createRegistry({ clock: { ...time, now: () => time.now() + aheadMs } })
      registry.add(report('x', 1))
      await time.advance(60_000)
      aheadMs = 0
      if (again) registry.add(report('x', 2))
      expect(registry.of('a')).toMatchObject([
        {
          firstHeardAt: '2026-01-01T00:00:00.000Z',
          receivedAt: again ? '2026-01-01T00:01:00.000Z' : '2026-01-01T00:00:00.000Z',
        },
      ])
    },
  )

  test('stamps when a report came and when its instance was first heard, whatever it says of that', async () => {
    const clock = virtualClock()
    const registry = createRegistry({ clock })
    await clock.advance(1_000)
    const invented = { receivedAt: '1999-01-01T00:00:00.000Z', firstHeardAt: '1999-01-01T00:00:00.000Z' }
    registry.add(report('x', 1, invented))
    await clock.advance(1_000)
    registry.add(report('x', 2, invented))
    expect(registry.of('a')).toMatchObject([
      { count: 2, firstHeardAt: '2026-01-01T00:00:01.000Z', receivedAt: '2026-01-01T00:00:02.000Z' },
    ])
    expect(registry.since).toBe('2026-01-01T00:00:00.000Z')
  })

  test('when it is full, those that stopped go first, then the missing, then whoever was silent for longest', async () => {
    const clock = virtualClock()
    const registry = createRegistry({ clock, maxInstances: 4 })
    registry.add(report('silent', 1))
    registry.add(report('stopped', 1, { phase: 'stopped' }))
    await clock.advance(1_000)
    registry.add(report('missing', 1, { nextReportWithinMs: 1_000 }))
    registry.add(report('present', 1))
    await clock.advance(3_001)
    registry.add(report('one', 1))
    expect(names(registry.of('a'))).toEqual(['missing', 'one', 'present', 'silent'])
    registry.add(report('two', 1))
    expect(names(registry.of('a'))).toEqual(['one', 'present', 'silent', 'two'])
    registry.add(report('three', 1))
    expect(names(registry.of('a'))).toEqual(['one', 'present', 'three', 'two'])
    expect(registry.size).toBe(4)
  })

  test('forgets an instance that was silent for a week, also one that a bearer spoke for, and no other', async () => {
    const time = virtualClock()
    let aheadMs = 0
    const registry = createRegistry({ clock: { ...time, now: () => time.now() + aheadMs } })
    registry.add(report('silent', 1))
    registry.add(report('stranger', 1), { type: 'stranger', address: '192.0.2.7' })
    registry.add(report('present', 1))
    await time.advance(1)
    registry.add(report('elsewhere', 1, { namespace: 'b' }))
    await time.advance(WEEK_MS - 1)
    registry.add(report('present', 2))
    expect(names(registry.of('a'))).toEqual(['present', 'silent', 'stranger'])
    await time.advance(1)
    expect(names(registry.of('a'))).toEqual(['present'])
    // Nobody asks for the other namespace, and it goes all the same.
    await time.advance(600_000)
    registry.add(report('present', 3))
    expect(registry.size).toBe(1)
    // Time that did not pass makes nobody silent.
    aheadMs = 2 * WEEK_MS
    expect(names(registry.of('a'))).toEqual(['present'])
  })

  test('takes one that comes back after a week as new', async () => {
    const clock = virtualClock()
    const registry = createRegistry({ clock })
    registry.add(report('x', 9))
    await clock.advance(WEEK_MS + 1)
    expect(registry.add(report('x', 1))).toBe('kept')
    expect(registry.of('a')).toMatchObject([{ count: 1, firstHeardAt: '2026-01-08T00:00:00.001Z' }])
  })

  test('stays within its bound under a flood, quickly', () => {
    const registry = createRegistry({ clock: virtualClock(), maxInstances: 1_000 })
    for (let index = 0; index < 50_000; index += 1)
      registry.add(report(`i${index}`, 1, { namespace: `n${index % 7}` }))
    expect(registry.size).toBe(1_000)
    expect([0, 1, 2, 3, 4, 5, 6].reduce((sum, index) => sum + registry.of(`n${index}`).length, 0)).toBe(1_000)
  })
})
