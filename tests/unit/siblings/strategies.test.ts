import { describe, expect, test } from 'vitest'
import type { WatchTransport } from '../../../src/contracts/transport.js'
import { isLine } from '../../../src/core/json/text.js'
import { hybrid, pull, push } from '../../../src/strategies/index.js'
import { trackedSignal } from '../../../src/testing/conformance/tracked-signal.js'
import { isNumeric, NO_NUMBERS, optionNames, refusalOf } from '../../support/option-names.js'
import { down, publish, run, sessionOf, setUp, type Faults } from '../../support/session.js'
import { strategySiblings } from './strategies.js'

const RETRY_AFTER_MS = 60_000
/** The longest backoff, which comes on top of a Retry-After. */
const CAP_MS = 30_000

/** What a transport may do while a strategy is ended. */
const troubles: Readonly<Record<string, Faults>> = {
  'all is well': {},
  'nobody is there': { latest: down(), watch: down() },
  'the server names a time': { latest: down(60_000), watch: down(60_000) },
  'no answer comes': { hang: true, mute: true },
  'streams are silent': { dead: true },
  'streams end at once': { hangUp: true },
}

describe.each(strategySiblings.map(sibling => [sibling.what, sibling] as const))('%s', (_, sibling) => {
  test('asks nothing for as long as Retry-After says, however often it is asked, and goes on after', async () => {
    const { clock, transport, faults, calls } = await setUp()
    Object.assign(faults, { latest: down(RETRY_AFTER_MS), watch: down(RETRY_AFTER_MS) })
    const client = run(sibling.make(transport), { clock })
    await clock.advance(0)
    const before = calls.length
    expect(before).toBeGreaterThan(0)
    for (let passed = 0; passed < RETRY_AFTER_MS - 1_000; passed += 1_000) {
      client.ask()
      await clock.advance(1_000)
    }
    expect(calls).toHaveLength(before)
    expect(client.errors().length).toBeGreaterThan(50)
    Object.assign(faults, { latest: undefined, watch: undefined })
    await clock.advance(1_000 + CAP_MS)
    client.ask()
    await clock.advance(0)
    expect(client.seen()?.sequence).toBe(1)
    await client.stop()
  })

  test.each([999_999_999_000, 1e15, Number.POSITIVE_INFINITY])(
    'looks again within a minute and a backoff of a server that asks for %d ms of quiet, also before the first document',
    async retryAfterMs => {
      const { clock, transport, faults, calls } = await setUp()
      Object.assign(faults, { latest: down(retryAfterMs), watch: down(retryAfterMs) })
      const client = run(sibling.make(transport), { clock })
      await clock.advance(0)
      const before = calls.length
      Object.assign(faults, { latest: undefined, watch: undefined })
      await clock.advance(59_000)
      expect(calls).toHaveLength(before)
      await clock.advance(1_000 + CAP_MS)
      client.ask()
      await clock.advance(0)
      expect(client.seen()?.sequence).toBe(1)
      await client.stop()
    },
  )

  test.each([1, 2, 3])(
    'is over outage number %i as over the first: the newest is there within a backoff of its end',
    async outages => {
      const { clock, store, transport, faults, cut } = await setUp()
      const client = run(sibling.make(transport), { clock })
      await clock.advance(0)
      for (let outage = 1; outage <= outages; outage += 1) {
        Object.assign(faults, { latest: down(), watch: down() })
        cut()
        for (let passed = 0; passed < 300_000; passed += 10_000) {
          client.ask()
          await clock.advance(10_000)
        }
        await publish(store, outage + 1)
        Object.assign(faults, { latest: undefined, watch: undefined })
        await clock.advance(CAP_MS)
        client.ask()
        await clock.advance(0)
        expect(client.seen()?.sequence).toBe(outage + 1)
        // Well for so long that the next outage begins with short delays again.
        await clock.advance(300_000)
      }
      await client.stop()
      expect(clock.pending).toBe(0)
    },
  )

  test.each(Object.keys(troubles))(
    'ends at once when its client closes while %s, and leaves no timer, watch or listener',
    async trouble => {
      for (const afterMs of [0, 1, 700, 9_000, 45_000, 400_000]) {
        const { clock, transport, faults, open } = await setUp()
        Object.assign(faults, troubles[trouble])
        const { signal, abort, listeners } = trackedSignal()
        const session = sessionOf({ clock, signal })
        let ended = false
        const delivering = (async () => {
          for await (const arrival of sibling.make(transport).deliver(session))
            if (arrival.type === 'release') session.verify(arrival)
          ended = true
        })()
        await clock.advance(afterMs)
        expect(ended).toBe(false)
        abort()
        await clock.advance(0)
        expect({ afterMs, ended, open: open() }).toEqual({ afterMs, ended: true, open: 0 })
        await delivering
        expect({ afterMs, pending: clock.pending, listeners: listeners() }).toEqual({
          afterMs,
          pending: 0,
          listeners: 0,
        })
      }
    },
  )

  test('gives the clients that share it the same as one of their own', async () => {
    const alone = await setUp()
    const shared = await setUp()
    const strategy = sibling.make(shared.transport)
    const clients = [
      run(sibling.make(alone.transport), { clock: alone.clock }),
      run(strategy, { clock: shared.clock }),
      run(strategy, { clock: shared.clock }),
    ]
    for (let sequence = 2; sequence < 5; sequence += 1) {
      await publish(alone.store, sequence)
      await publish(shared.store, sequence)
      for (const { clock } of [alone, shared]) {
        await clock.advance(40_000)
        for (const client of clients) client.ask()
        await clock.advance(0)
      }
    }
    for (const client of clients) expect([...new Set(client.sequences())]).toEqual([1, 2, 3, 4])
    await Promise.all(clients.map(client => client.stop()))
  })

  test('turns what a transport throws, at once and in its own words, into an interruption of ours', async () => {
    const { clock, transport } = await setUp()
    const throwing = (): never => {
      throw new TypeError('not ours')
    }
    const broken = { ...transport, latest: throwing, watch: throwing, next: throwing }
    const client = run(sibling.make(broken as unknown as WatchTransport), { clock })
    await clock.advance(60_000)
    client.ask()
    await clock.advance(0)
    expect(client.errors().length).toBeGreaterThan(0)
    expect([...new Set(client.errors())]).toEqual(['unavailable'])
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('has a name that fits a report, and says its times', async () => {
    const { transport } = await setUp()
    const { name, lookMs, freshMs, reportTo } = sibling.make(transport)
    expect(isLine(name)).toBe(true)
    expect(lookMs).toBeGreaterThan(0)
    expect(freshMs).toBeGreaterThan(0)
    expect(reportTo).toBe(transport)
  })

  test('refuses, by name, each option that is no number of its kind', async () => {
    const { transport } = await setUp()
    const names = optionNames(options => sibling.make(transport, options))
    const numeric = names.filter(isNumeric)
    expect(numeric.length).toBeGreaterThan(1)
    for (const name of numeric) {
      for (const value of [...NO_NUMBERS, Number.POSITIVE_INFINITY]) {
        const { code, message } = refusalOf(() => sibling.make(transport, { [name]: value }))
        expect({ code, message }).toEqual({ code: 'invalid-option', message: expect.stringContaining(name) })
      }
    }
    expect(names.filter(name => !isNumeric(name) && name !== 'backoff')).toEqual([])
    if (!names.includes('backoff')) return
    const ofBackoff = optionNames(backoff => sibling.make(transport, { backoff }))
    for (const name of ofBackoff) {
      const { code } = refusalOf(() => sibling.make(transport, { backoff: { [name]: -1 } }))
      expect(code).toBe('invalid-option')
    }
  })

  test('refuses what is no transport, with an error of ours', () => {
    for (const thing of [undefined, null, {}, 'http://127.0.0.1', { latest() {} }])
      expect(refusalOf(() => sibling.makeOf(thing as never)).code).toBe('invalid-option')
  })
})

test.each([
  ['pull', pull],
  ['push', push],
  ['hybrid', hybrid],
] as const)('%s obeys a longer Retry-After where its backoff says so', async (_, make) => {
  const { clock, transport, faults, calls } = await setUp()
  Object.assign(faults, { latest: down(600_000), watch: down(600_000) })
  const client = run(make(transport, { backoff: { maxRetryAfterMs: 600_000 } }), { clock })
  await clock.advance(0)
  const before = calls.length
  await clock.advance(599_000)
  expect(calls).toHaveLength(before)
  await client.stop()
})
