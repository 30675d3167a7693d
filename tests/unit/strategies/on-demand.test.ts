import { describe, expect, test } from 'vitest'
import { onDemand } from '../../../src/strategies/index.js'
import { down, publish, run, setUp } from '../../support/session.js'

describe('on demand', () => {
  test('looks once, and then only when asked, with no timer between', async () => {
    const { clock, store, transport, calls } = await setUp()
    const client = run(onDemand(transport, { maxAgeMs: 1_000 }), { clock })
    await clock.advance(0)
    expect(client.seen()?.sequence).toBe(1)
    expect(clock.pending).toBe(0)
    await publish(store, 2)
    await clock.advance(600_000)
    expect(calls).toHaveLength(1)
    client.ask()
    await clock.advance(0)
    expect(client.seen()?.sequence).toBe(2)
    expect(clock.pending).toBe(0)
    await client.stop()
  })

  test('asks with a tag, and every five minutes without', async () => {
    const { clock, transport, calls } = await setUp()
    const client = run(onDemand(transport, { maxAgeMs: 1_000 }), { clock })
    for (let look = 0; look < 4; look += 1) {
      await clock.advance(100_000)
      client.ask()
      await clock.advance(0)
    }
    await client.stop()
    expect(calls.filter(({ what }) => what === 'latest').map(({ tag }) => tag === undefined)).toEqual([
      true,
      false,
      false,
      true,
      false,
    ])
  })

  test('answers with the last failure until the backoff has passed', async () => {
    const { clock, transport, faults, calls } = await setUp()
    faults.latest = down()
    const client = run(onDemand(transport), { clock })
    await clock.advance(0)
    for (let read = 0; read < 20; read += 1) {
      client.ask()
      await clock.advance(0)
    }
    expect(calls).toHaveLength(1)
    expect(client.errors()).toHaveLength(21)
    faults.latest = undefined
    await clock.advance(501)
    client.ask()
    await clock.advance(0)
    expect(client.sequences()).toEqual([1])
    await client.stop()
    expect(clock.pending).toBe(0)
  })
})
