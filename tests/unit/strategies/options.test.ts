import { describe, expect, test } from 'vitest'
import type { WatchTransport } from '../../../src/contracts/transport.js'
import { hybrid, onDemand, pull, push } from '../../../src/strategies/index.js'
import { memory } from '../../../src/transports/memory.js'

const store = memory()
const { watch: _, ...mute } = store
const asWatch = mute as unknown as WatchTransport

describe('options', () => {
  test.each([
    ['hybrid', () => hybrid(asWatch), 'hybrid needs a transport with watch(); use pull(transport)'],
    ['push', () => push(asWatch), 'push needs a transport with watch(); use pull(transport)'],
    [
      'hybrid of two',
      () => hybrid({ notify: asWatch, fetch: store }),
      'hybrid needs a `notify` transport with watch()',
    ],
    [
      'hybrid of what only notifies, alone',
      () => hybrid({ name: 'notices', watch: store.watch } as never),
      'hybrid needs a transport with latest() and snapshot()',
    ],
    [
      'push of what only notifies',
      () => push({ name: 'notices', watch: store.watch } as never),
      'push needs a transport with latest() and snapshot()',
    ],
    [
      'hybrid of nothing',
      () => hybrid({ notify: store, fetch: undefined as never }),
      'hybrid needs a `fetch` transport with latest()',
    ],
    ['pull', () => pull(undefined as never), 'pull needs a transport with latest()'],
    ['onDemand', () => onDemand('http://here' as never), 'onDemand needs a transport with latest()'],
  ])('%s refuses at once what is not its transport', (_name, make, message) => {
    expect(make).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(message) }),
    )
  })

  test.each([0, -1, Number.NaN, Number.POSITIVE_INFINITY, '5' as never])(
    'a time of %s is refused by name',
    value => {
      const refused = (name: string) =>
        expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(name) })
      expect(() => pull(store, { pollIntervalMs: value })).toThrow(refused('pollIntervalMs'))
      expect(() => push(store, { heartbeatMs: value })).toThrow(refused('heartbeatMs'))
      expect(() => hybrid(store, { sweepIntervalMs: value })).toThrow(refused('sweepIntervalMs'))
      expect(() => onDemand(store, { maxAgeMs: value })).toThrow(refused('maxAgeMs'))
    },
  )

  test('streams state their sweep, and how long a heartbeat proves something', () => {
    const { lookMs, freshMs } = hybrid(store, {
      sweepIntervalMs: 10_000,
      heartbeatMs: 1_000,
      pollIntervalMs: 1_000,
    })
    expect([lookMs, freshMs]).toEqual([12_000, 2_500])
    expect(push(store).freshMs).toBe(45_000)
  })

  test('reports go to the transport that is fetched from, else to the one that notifies', () => {
    const { report: _report, ...silent } = store
    const other = memory()
    expect(hybrid({ notify: store, fetch: other }).reportTo).toBe(other)
    expect(hybrid({ notify: store, fetch: silent }).reportTo).toBe(store)
    expect(pull(silent).reportTo).toBeUndefined()
  })
})
