import { describe, expect, test } from 'vitest'
import { NoticeboardError, type ErrorCode } from '../../../src/contracts/errors.js'
import type {
  Delivery,
  ReportTransport,
  Transport,
  WatchTransport,
} from '../../../src/contracts/transport.js'
import { hybrid } from '../../../src/strategies/index.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { fallback } from '../../../src/transports/fallback.js'
import { memory } from '../../../src/transports/memory.js'
import { down, faulty, namespace, publish, releaseOf, run } from '../../support/session.js'
import { reportOf } from '../../support/report-of.js'

const signal = new AbortController().signal
const failure = (code: ErrorCode, retryAfterMs?: number) =>
  new NoticeboardError(code, code, retryAfterMs === undefined ? {} : { retryAfterMs })

async function two() {
  const clock = virtualClock()
  const stores = [memory({ system: { clock }, name: 'a' }), memory({ system: { clock }, name: 'b' })] as const
  for (const store of stores) await publish(store, 1)
  const [a, b] = [faulty(stores[0], clock), faulty(stores[1], clock)]
  return { clock, stores, a, b, both: fallback([a.transport, b.transport], { system: { clock } }) }
}

/** A transport that throws. */
function failing(code: ErrorCode, retryAfterMs?: number): Transport {
  const fail = async () => Promise.reject(failure(code, retryAfterMs))
  return { name: code, latest: fail, snapshot: fail }
}

describe('asking', () => {
  test('goes to the first while it answers', async () => {
    const { a, b, both } = await two()
    await both.latest({ namespace }, signal)
    expect([a.calls.length, b.calls.length]).toEqual([1, 0])
    expect(both.name).toBe('fallback a, b')
  })

  test('goes to the next when one cannot be reached, and back after a while', async () => {
    const { clock, a, b, both } = await two()
    a.faults.latest = down()
    expect(await both.latest({ namespace }, signal)).toMatchObject({ type: 'release' })
    await both.latest({ namespace }, signal)
    expect([a.calls.length, b.calls.length]).toEqual([1, 2])
    a.faults.latest = undefined
    await clock.advance(60_000)
    await both.latest({ namespace }, signal)
    expect([a.calls.length, b.calls.length]).toEqual([2, 2])
  })

  test('asks the one that failed again when the others fail too', async () => {
    const { a, b, both } = await two()
    a.faults.latest = down()
    await both.latest({ namespace }, signal)
    a.faults.latest = undefined
    b.faults.latest = down()
    expect(await both.latest({ namespace }, signal)).toMatchObject({ type: 'release' })
  })

  test.each(['forbidden', 'unauthorized', 'invalid-data'] as const)('takes %s for an answer', async code => {
    const { b } = await two()
    await expect(fallback([failing(code), b.transport]).latest({ namespace }, signal)).rejects.toMatchObject({
      code,
    })
    expect(b.calls).toHaveLength(0)
  })

  test('does not wait for a transport that hangs', async () => {
    const { clock, a, both } = await two()
    a.faults.hang = true
    const answer = both.latest({ namespace }, signal)
    await clock.advance(4_000)
    expect(await answer).toMatchObject({ type: 'release' })
    expect(clock.pending).toBe(0)
  })

  test('never gives a tag of one transport to another', async () => {
    const { a, b, both } = await two()
    const answer = await both.latest({ namespace }, signal)
    const tag = answer.type === 'release' ? answer.tag : undefined
    expect(await both.latest({ namespace, tag }, signal)).toEqual({ type: 'unchanged' })
    a.faults.latest = down()
    expect(await both.latest({ namespace, tag }, signal)).toMatchObject({ type: 'release' })
    expect(b.calls.map(({ tag: given }) => given)).toEqual([undefined])
  })

  test('says that none could be reached, and when the first may be asked again', async () => {
    const slow = failing('unavailable', 9_000)
    const none = fallback([slow, failing('unavailable', 5_000)])
    await expect(none.latest({ namespace }, signal)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringMatching(/none of its 2 transports could be reached; the first says: ./),
      retryAfterMs: 5_000,
    })
    await expect(
      fallback([slow, failing('unavailable')]).latest({ namespace }, signal),
    ).rejects.toMatchObject({
      retryAfterMs: undefined,
    })
  })

  test('stops when it is told to', async () => {
    const { a, b, both } = await two()
    const controller = new AbortController()
    a.faults.hang = true
    a.faults.latest = down()
    const answer = both.latest({ namespace }, controller.signal)
    controller.abort()
    await expect(answer).rejects.toMatchObject({ code: 'closed' })
    expect(b.calls).toHaveLength(0)
  })

  test('walks the log where there is one', async () => {
    const { stores, a, both } = await two()
    await publish(stores[1], 2)
    const { next: _, ...without } = a.transport
    const later = await fallback([without, stores[1]]).next?.({ namespace, after: releaseOf(1).at }, signal)
    expect(later).toEqual({ type: 'none' })
    expect(await both.next?.({ namespace, after: releaseOf(1).at }, signal)).toEqual({ type: 'none' })
    expect(fallback([without])).not.toHaveProperty('next')
  })
})

describe('snapshots', () => {
  const { digest, snapshot } = releaseOf(2)
  const query = { namespace, digest, maxSnapshotBytes: 100 }

  test('are looked for further on where one does not have them', async () => {
    const { stores, both } = await two()
    await expect(both.snapshot(query, signal)).rejects.toMatchObject({ code: 'not-found' })
    await publish(stores[1], 2)
    expect(await both.snapshot(query, signal)).toEqual(snapshot)
  })

  test('that one does not have say nothing against it', async () => {
    const { stores, a, both } = await two()
    await publish(stores[1], 2)
    await both.snapshot(query, signal)
    await both.latest({ namespace }, signal)
    expect(a.calls).toHaveLength(1)
  })

  test('are only missing if everybody says so', async () => {
    await expect(fallback([failing('unavailable'), memory()]).snapshot(query, signal)).rejects.toMatchObject({
      code: 'unavailable',
    })
  })
})

describe('watching', () => {
  const watched = async (transport: WatchTransport): Promise<Delivery> => {
    for await (const delivery of transport.watch({ namespaces: [namespace], inline: false }, signal))
      return delivery
    throw new Error('it ended')
  }

  test('goes to the next that notifies', async () => {
    const { a, b, both } = await two()
    a.faults.watch = failure('no-watch')
    expect(await watched(both)).toMatchObject({ type: 'release' })
    await watched(both)
    expect([a.calls.length, b.calls.length]).toEqual([1, 2])
    expect(b.open()).toBe(0)
  })

  test('says that there is none where nobody notifies', async () => {
    const { a, b, both } = await two()
    a.faults.watch = b.faults.watch = failure('no-watch')
    await expect(watched(both)).rejects.toMatchObject({ code: 'no-watch' })
    b.faults.watch = down()
    await expect(watched(both)).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('leaves a stream that brings nothing for the other one', async () => {
    const { clock, stores, a, b, both } = await two()
    a.faults.mute = true
    const client = run(hybrid(both), { clock })
    await clock.advance(10_501)
    expect([a.open(), b.open()]).toEqual([0, 1])
    for (const store of stores) await publish(store, 2)
    await clock.advance(0)
    expect(client.seen()?.sequence).toBe(2)
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('goes on at the other one when a stream is lost', async () => {
    const { clock, stores, a, b, both } = await two()
    const client = run(hybrid(both), { clock })
    await clock.advance(0)
    Object.assign(a.faults, { watch: down(), latest: down() })
    a.cut()
    await clock.advance(501)
    expect([a.open(), b.open()]).toEqual([0, 1])
    await publish(stores[1], 2)
    await clock.advance(0)
    expect(client.seen()?.sequence).toBe(2)
    await client.stop()
  })
})

describe('what it can do', () => {
  test('follows from what they can do, also for the compiler', () => {
    const { watch: _w, report: _r, ...mute } = memory()
    const silent: Transport = mute
    const one: WatchTransport & ReportTransport = fallback([silent, memory()])
    expect(typeof one.watch).toBe('function')
    const none = fallback([silent, silent])
    expect(none).not.toHaveProperty('watch')
    expect(none).not.toHaveProperty('report')
    // @ts-expect-error -- nobody notifies
    expect(() => hybrid(none)).toThrow()
  })

  test('is unmanaged only if all are', () => {
    const bare: Transport = { ...memory(), unmanaged: true }
    expect(fallback([bare, bare]).unmanaged).toBe(true)
    expect(fallback([bare, memory()]).unmanaged).toBeUndefined()
  })

  test('is remote if one of them is', () => {
    const remote: Transport = { ...memory(), remote: true }
    expect(fallback([memory(), remote]).remote).toBe(true)
    expect(fallback([memory(), memory()]).remote).toBeUndefined()
  })

  test('reports go to the first that can be reached', async () => {
    const store = memory()
    const report = reportOf({
      namespace,
      instanceId: 'a',
      clientId: 'web',
      lookMs: 30_000,
      upMs: 0,
      sinceMs: 0,
      nextReportWithinMs: 1_000,
    })
    const deaf = { ...failing('unavailable'), report: async () => Promise.reject(down()) }
    await fallback([deaf, failing('unavailable'), store]).report([report], signal)
    expect(await store.reports({ namespace }, signal)).toMatchObject({ reports: [report] })
    await expect(fallback([deaf, deaf]).report([report], signal)).rejects.toMatchObject({
      code: 'unavailable',
    })
  })

  test('is nothing without a transport', () => {
    expect(() => fallback([] as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(() => fallback(memory() as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
  })
})
