import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { phaseOf, pull } from '../../../src/strategies/index.js'
import { memory } from '../../../src/transports/memory.js'
import { down, faulty, namespace, publish, releaseOf, run, setUp } from '../../support/session.js'

describe('pull', () => {
  test('asks at once, then in its own place, then once an interval give or take a tenth', async () => {
    const { clock, transport, calls } = await setUp()
    const client = run(pull(transport), { clock, clientId: 'web-7' })
    await clock.advance(280_000 * 0.8)
    await client.stop()
    const times = calls.map(({ atMs }) => atMs)
    expect(times[0]).toBe(0)
    expect(times[1]).toBeCloseTo(phaseOf(`${namespace} web-7`, 30_000))
    for (let index = 2; index < times.length; index += 1) {
      const step = times[index]! - times[index - 1]!
      expect(step).toBeGreaterThanOrEqual(27_000)
      expect(step).toBeLessThanOrEqual(33_000)
    }
    expect(times.length).toBeGreaterThan(6)
  })

  test('tells that it is current when nothing changed, and brings what did', async () => {
    const { clock, store, transport } = await setUp()
    const client = run(pull(transport), { clock })
    await clock.advance(100_000)
    await publish(store, 2)
    await clock.advance(33_000)
    await client.stop()
    expect(client.sequences()).toEqual([1, 2])
    expect(client.log.filter(({ arrival }) => arrival.type === 'current').length).toBeGreaterThan(1)
    expect(client.log.every(({ arrival }) => arrival.type !== 'release' || arrival.from === transport)).toBe(
      true,
    )
  })

  test('asks with the tag of what was verified, not of what was received', async () => {
    const { clock, transport, calls } = await setUp()
    const client = run(pull(transport), { clock, verify: false })
    await clock.advance(100_000)
    await client.stop()
    expect(calls.map(({ tag }) => tag)).toEqual(calls.map(() => undefined))
    expect(client.sequences().length).toBe(calls.length)
  })

  test('says that nothing was published yet', async () => {
    const { clock } = await setUp()
    const client = run(pull(memory({ system: { clock } })), { clock })
    await clock.advance(1)
    await client.stop()
    expect(client.log.map(({ arrival }) => arrival.type)).toEqual(['none'])
  })

  test('sweeps: asks without a tag, and walks the log past a pointer that lags', async () => {
    const { clock, store, transport, calls } = await setUp()
    const lagging = {
      ...transport,
      latest: async () => ({ type: 'release' as const, bytes: releaseOf(1).bytes, tag: 'old' }),
    }
    const client = run(pull(lagging), { clock })
    for (const sequence of [2, 3, 4]) await publish(store, sequence)
    await clock.advance(230_000)
    expect(client.seen()?.sequence).toBe(1)
    await clock.advance(170_000)
    expect(client.seen()?.sequence).toBe(4)
    // Those between are superseded.
    expect(client.sequences()).not.toContain(2)
    await client.stop()
    expect(calls.filter(({ what }) => what === 'next').length).toBe(4)
  })

  test('asks without a tag on each sweep', async () => {
    const { clock, transport, calls } = await setUp()
    const client = run(pull(transport, { sweepIntervalMs: 100_000 }), { clock })
    await clock.advance(1_000_000)
    await client.stop()
    const bare = calls.filter(({ what, tag }) => what === 'latest' && tag === undefined)
    expect(bare.length).toBeGreaterThanOrEqual(8)
    expect(bare.length).toBeLessThanOrEqual(11)
  })

  test('looks at once when the client asks, without a tag', async () => {
    const { clock, store, transport, calls } = await setUp()
    const client = run(pull(transport, { pollIntervalMs: 3_600_000 }), { clock, clientId: 'c' })
    await clock.advance(1_000)
    await publish(store, 2)
    client.ask()
    await clock.advance(0)
    expect(client.seen()?.sequence).toBe(2)
    expect(calls.at(-2)).toEqual({ what: 'latest', atMs: 1_000, tag: undefined })
    await client.stop()
  })

  test('goes on through every error, and converges without a restart', async () => {
    const { clock, store, transport, faults, calls } = await setUp()
    faults.latest = new NoticeboardError('unauthorized', 'no')
    const client = run(pull(transport), { clock })
    await clock.advance(3_600_000)
    await publish(store, 2)
    faults.latest = undefined
    const failures = calls.length
    expect(client.errors().every(code => code === 'unauthorized')).toBe(true)
    expect(failures).toBeGreaterThan(120)
    expect(failures).toBeLessThan(400)
    await clock.advance(30_001)
    expect(client.seen()?.sequence).toBe(2)
    await client.stop()
  })

  test('stays away for as long as the server asked, also when its client asks', async () => {
    const { clock, transport, faults, calls } = await setUp()
    faults.latest = down(20_000)
    const client = run(pull(transport), { clock })
    await clock.advance(10_000)
    client.ask()
    await clock.advance(9_999)
    expect(calls).toHaveLength(1)
    expect(client.errors()).toEqual(['unavailable', 'unavailable'])
    faults.latest = undefined
    await clock.advance(1_000)
    expect(calls.length).toBeGreaterThan(1)
    expect(client.sequences()).toEqual([1])
    await client.stop()
  })

  test('gives up a question that is not answered, and asks again', async () => {
    const { clock, transport, faults } = await setUp()
    faults.hang = true
    const client = run(pull(transport), { clock })
    await clock.advance(9_999)
    expect(client.errors()).toEqual([])
    await clock.advance(1)
    expect(client.errors()).toEqual(['timeout'])
    faults.hang = false
    await clock.advance(501)
    expect(client.sequences()).toEqual([1])
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('does not wait for a transport that ignores its signal', async () => {
    const { clock, transport } = await setUp()
    const client = run(pull({ ...transport, latest: () => new Promise(() => {}) }), { clock })
    await clock.advance(11_000)
    expect(client.errors()).toEqual(['timeout'])
    await clock.advance(5_000)
    const stopped = client.stop()
    await clock.advance(1_000)
    await stopped
    expect(clock.pending).toBe(0)
  })

  test('takes whatever a transport throws for a loss, without its words', async () => {
    const { clock, transport } = await setUp()
    const rude = () => {
      throw new TypeError('secret=1')
    }
    const client = run(pull({ ...transport, latest: rude }), { clock })
    await clock.advance(0)
    await client.stop()
    const [first] = client.log
    expect(first?.arrival).toMatchObject({ type: 'interrupted', error: { code: 'unavailable' } })
    expect(
      JSON.stringify(first?.arrival.type === 'interrupted' && first.arrival.error.message),
    ).not.toContain('secret')
  })

  test.each(['at the start', 'in a pause', 'in a question', 'in a backoff'])(
    'leaves nothing when it is stopped %s',
    async when => {
      const { clock, transport, faults } = await setUp()
      if (when === 'in a question') faults.hang = true
      if (when === 'in a backoff') faults.latest = down()
      const client = run(pull(transport), { clock })
      if (when !== 'at the start') await clock.advance(20)
      await client.stop()
      expect(clock.pending).toBe(0)
      const { length } = client.log
      await clock.advance(600_000)
      expect(client.log).toHaveLength(length)
    },
  )

  test('spreads a fleet that starts together evenly over the interval', async () => {
    const { clock, store } = await setUp()
    const wrapped = faulty(store, clock)
    const clients = Array.from({ length: 600 }, (_, index) =>
      run(pull(wrapped.transport), { clock, clientId: `web-${index}`, seed: index }),
    )
    await clock.advance(300_000 * 0.7)
    await Promise.all(clients.map(client => client.stop()))
    expect(wrapped.calls.filter(({ atMs }) => atMs === 0)).toHaveLength(600)
    for (let fromMs = 35_000; fromMs < 200_000; fromMs += 10_000) {
      const asked = wrapped.calls.filter(({ atMs }) => atMs >= fromMs && atMs < fromMs + 10_000).length
      expect(Math.abs(asked - 200), `from ${fromMs} ms on`).toBeLessThan(60)
    }
    expect(clock.pending).toBe(0)
  })

  test('states what it holds to', () => {
    const { lookMs, freshMs, reportTo, name } = pull(memory(), { pollIntervalMs: 1_000 })
    expect([name, lookMs, freshMs]).toEqual(['pull', 1_100, 3_000])
    expect(reportTo).toBeDefined()
  })
})
