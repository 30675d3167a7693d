import { describe, expect, test } from 'vitest'
import type { ReportTransport, Transport, WatchTransport } from '../../../src/contracts/transport.js'
import { hybrid } from '../../../src/strategies/index.js'
import { cached } from '../../../src/transports/cached.js'
import { memory } from '../../../src/transports/memory.js'
import { down, namespace, publish, releaseOf, run, setUp } from '../../support/session.js'

const signal = new AbortController().signal

async function counted(sequences = 1) {
  const store = memory()
  for (let sequence = 1; sequence <= sequences; sequence += 1) await publish(store, sequence)
  const asked: AbortSignal[] = []
  const transport = {
    ...store,
    snapshot: (query: Parameters<Transport['snapshot']>[0], own: AbortSignal) => {
      asked.push(own)
      return store.snapshot(query, own)
    },
  }
  return { store, transport, asked }
}

const queryOf = (sequence: number, maxSnapshotBytes = 1_000) => ({
  namespace,
  digest: releaseOf(sequence).digest,
  maxSnapshotBytes,
})

describe('cached snapshots', () => {
  test('are asked for once', async () => {
    const { transport, asked } = await counted()
    const cache = cached(transport)
    for (let turn = 0; turn < 3; turn += 1)
      expect(await cache.snapshot(queryOf(1), signal)).toEqual(releaseOf(1).snapshot)
    expect(asked).toHaveLength(1)
  })

  test('are asked for once by many at the same time', async () => {
    const { transport, asked } = await counted()
    const cache = cached(transport)
    const all = await Promise.all(
      Array.from({ length: 20 }, () => cache.snapshot(queryOf(1), new AbortController().signal)),
    )
    expect(new Set(all).size).toBe(1)
    expect(asked).toHaveLength(1)
  })

  test('are left when the last who waits leaves, and not before', async () => {
    const { transport } = await counted()
    const signals: AbortSignal[] = []
    let answer = (_: Uint8Array): void => {}
    const slow: Transport = {
      ...transport,
      snapshot: (_query, own) => {
        signals.push(own)
        return new Promise((resolve, reject) => {
          answer = resolve
          own.addEventListener('abort', () => reject(down()))
        })
      },
    }
    const cache = cached(slow)
    const [one, two, three] = [new AbortController(), new AbortController(), new AbortController()]
    const first = cache.snapshot(queryOf(1), one.signal)
    const second = cache.snapshot(queryOf(1), two.signal)
    await Promise.resolve()
    one.abort()
    await expect(first).rejects.toMatchObject({ code: 'closed' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([false])
    two.abort()
    await expect(second).rejects.toMatchObject({ code: 'closed' })
    expect(signals.map(({ aborted }) => aborted)).toEqual([true])
    // Whoever comes after that is not handed the fetch that was given up.
    const third = cache.snapshot(queryOf(1), three.signal)
    await Promise.resolve()
    expect(signals).toHaveLength(2)
    answer(releaseOf(1).snapshot)
    expect(await third).toEqual(releaseOf(1).snapshot)
    await expect(cache.snapshot(queryOf(2), AbortSignal.abort())).rejects.toMatchObject({ code: 'closed' })
  })

  test('are not kept when they are not what their digest names, or failed', async () => {
    const { transport } = await counted()
    const answers = [
      async () => Promise.reject(down()),
      async () => new Uint8Array(3),
      async () => releaseOf(1).snapshot,
    ]
    const cache = cached({ ...transport, snapshot: () => answers.shift()!() })
    await expect(cache.snapshot(queryOf(1), signal)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await cache.snapshot(queryOf(1), signal)).toHaveLength(3)
    expect(await cache.snapshot(queryOf(1), signal)).toEqual(releaseOf(1).snapshot)
    expect(await cache.snapshot(queryOf(1), signal)).toEqual(releaseOf(1).snapshot)
    expect(answers).toHaveLength(0)
  })

  test('are kept for one namespace only, and not handed out beyond a limit', async () => {
    const { transport } = await counted()
    const cache = cached(transport)
    await cache.snapshot(queryOf(1), signal)
    await expect(cache.snapshot({ ...queryOf(1), namespace: 'other' }, signal)).rejects.toMatchObject({
      code: 'not-found',
    })
    await expect(cache.snapshot(queryOf(1, 2), signal)).rejects.toMatchObject({ code: 'too-large' })
  })

  test.each([
    ['by number', { maxSnapshots: 2 }],
    ['by size', { maxBytes: 2 * releaseOf(1).snapshot.length }],
  ])('go when there are too many %s, the least recently used first', async (_name, options) => {
    const { transport, asked } = await counted(3)
    const cache = cached(transport, options)
    for (const sequence of [1, 2, 1, 3]) await cache.snapshot(queryOf(sequence), signal)
    expect(asked).toHaveLength(3)
    await cache.snapshot(queryOf(1), signal)
    expect(asked).toHaveLength(3)
    await cache.snapshot(queryOf(2), signal)
    expect(asked).toHaveLength(4)
  })

  test('that are larger than all there is room for pass through', async () => {
    const { transport, asked } = await counted()
    const cache = cached(transport, { maxBytes: 3 })
    for (let turn = 0; turn < 2; turn += 1)
      expect(await cache.snapshot(queryOf(1), signal)).toEqual(releaseOf(1).snapshot)
    expect(asked).toHaveLength(2)
  })
})

test('everything else passes through', async () => {
  const { clock, store, transport, calls } = await setUp()
  const client = run(hybrid(cached(transport)), { clock })
  await clock.advance(0)
  await publish(store, 2)
  await clock.advance(400_000)
  expect(client.seen()?.sequence).toBe(2)
  await client.stop()
  expect(new Set(calls.map(({ what }) => what))).toEqual(new Set(['watch', 'latest', 'next']))
})

test('it can do what the transport within can, also for the compiler', () => {
  const whole: WatchTransport & ReportTransport = cached(memory())
  expect(typeof whole.report).toBe('function')
  const { watch: _w, report: _r, next: _n, ...mute } = memory()
  const bare: Transport = { ...mute, unmanaged: true }
  const silent = cached(bare)
  expect(silent).not.toHaveProperty('watch')
  expect(silent.unmanaged).toBe(true)
  expect(cached({ ...bare, remote: true } as Transport).remote).toBe(true)
  expect(silent).not.toHaveProperty('remote')
  // @ts-expect-error -- it does not notify
  expect(() => hybrid(silent)).toThrow()
})

test.each([{ maxSnapshots: 0 }, { maxBytes: Number.NaN }])('refuses %o', options => {
  expect(() => cached(memory(), options)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
})
