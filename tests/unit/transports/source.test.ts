import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Json } from '../../../src/contracts/json.js'
import { comparePositions, epochNumber } from '../../../src/contracts/position.js'
import type { Source } from '../../../src/contracts/source.js'
import type { Delivery, Latest } from '../../../src/contracts/transport.js'
import { decodeRelease } from '../../../src/core/release/release.js'
import { hybrid, pull } from '../../../src/strategies/index.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { fromSource } from '../../../src/transports/source.js'
import { run } from '../../support/session.js'

const namespace = 'checkout/prod'
const signal = new AbortController().signal
const releaseIn = (latest: Latest) => {
  if (latest.type !== 'release') throw new Error(`it is ${latest.type}`)
  return decodeRelease(latest.bytes).release
}

describe('a document', () => {
  test('is a release with one snapshot, for whatever namespace is asked', async () => {
    const transport = fromSource(() => ({ b: 1, a: [true] }))
    const release = releaseIn(await transport.latest({ namespace }, signal))
    expect(release).toMatchObject({ namespace, sequence: 1, cause: 'document', prev: null })
    const { digest, bytes } = release.stable.variants[0]
    const snapshot = await transport.snapshot({ namespace, digest, maxSnapshotBytes: 100 }, signal)
    expect(new TextDecoder().decode(snapshot)).toBe('{"a":[true],"b":1}')
    expect(snapshot).toHaveLength(bytes)
    expect(releaseIn(await transport.latest({ namespace: 'other' }, signal)).namespace).toBe('other')
    expect(transport.unmanaged).toBe(true)
    await expect(
      transport.snapshot({ namespace, digest, maxSnapshotBytes: 5 }, signal),
    ).rejects.toMatchObject({
      code: 'too-large',
    })
    await expect(
      transport.snapshot({ namespace, digest: 'f'.repeat(64), maxSnapshotBytes: 5 }, signal),
    ).rejects.toMatchObject({ code: 'not-found' })
  })

  test('has a new sequence when its content changes, not when its spelling does', async () => {
    let value: Json = { a: 1, b: 2 }
    const transport = fromSource(() => value)
    const one = await transport.latest({ namespace }, signal)
    const tag = one.type === 'release' ? one.tag : undefined
    value = { b: 2, a: 1 }
    expect(await transport.latest({ namespace, tag }, signal)).toEqual({ type: 'unchanged' })
    value = { a: 2 }
    expect(releaseIn(await transport.latest({ namespace, tag }, signal)).sequence).toBe(2)
    value = { a: 1, b: 2 }
    const three = releaseIn(await transport.latest({ namespace, tag }, signal))
    expect(three.sequence).toBe(3)
    expect(three.stable.variants[0].digest).toBe(releaseIn(one).stable.variants[0].digest)
  })

  test('starts in a newer epoch each time, also within one second', async () => {
    const clock = virtualClock({ startMs: Date.UTC(2026, 5, 1) })
    const epochs: string[] = []
    for (let start = 0; start < 3; start += 1) {
      epochs.push(
        releaseIn(await fromSource(() => start, { system: { clock } }).latest({ namespace }, signal)).epoch,
      )
    }
    await clock.advance(60_000)
    epochs.push(
      releaseIn(await fromSource(() => 0, { system: { clock } }).latest({ namespace }, signal)).epoch,
    )
    for (let index = 1; index < epochs.length; index += 1) {
      expect(
        comparePositions({ epoch: epochs[index]!, sequence: 1 }, { epoch: epochs[index - 1]!, sequence: 9 }),
      ).toBe('newer')
    }
    expect(epochs[3]!.length).toBeLessThanOrEqual(18)
  })

  test('gives processes that start in one second on one document the same release', async () => {
    const start = () =>
      fromSource(() => ({ a: 1 }), {
        system: { clock: virtualClock({ startMs: Date.UTC(2026, 5, 1) + 400 }) },
      })
    expect(await start().latest({ namespace }, signal)).toEqual(await start().latest({ namespace }, signal))
  })

  test.each([Date.UTC(1970, 0, 1), Date.UTC(2100, 0, 1)])(
    'has a valid epoch whatever the clock says: %d',
    async startMs => {
      const { epoch } = releaseIn(
        await fromSource(() => 1, { system: { clock: virtualClock({ startMs }) } }).latest(
          { namespace },
          signal,
        ),
      )
      expect(epochNumber(epoch)).toBeGreaterThan(0)
    },
  )

  test('does not bring an old content back when answers overtake each other', async () => {
    const waiting: ((value: Json) => void)[] = []
    const transport = fromSource(() => new Promise<Json>(resolve => waiting.push(resolve)))
    const first = transport.latest({ namespace }, signal)
    const second = transport.latest({ namespace }, signal)
    await Promise.resolve()
    waiting[1]!('new')
    const { sequence } = releaseIn(await second)
    waiting[0]!('old')
    expect(releaseIn(await first)).toMatchObject({ sequence, stable: releaseIn(await second).stable })
  })

  test('that is not there yet is nothing, for the reason that its source gives, and an error once it is gone', async () => {
    let value: Json | undefined
    const source: Source = {
      name: 'settings.yaml',
      async read() {
        if (value === undefined) throw new NoticeboardError('not-found', 'settings.yaml is not there')
        return value
      },
    }
    const transport = fromSource(source)
    expect(transport.name).toBe('document settings.yaml')
    expect(await transport.latest({ namespace }, signal)).toMatchObject({
      type: 'none',
      why: { code: 'not-found', message: 'settings.yaml is not there' },
    })
    value = 1
    expect(releaseIn(await transport.latest({ namespace }, signal)).sequence).toBe(1)
    value = undefined
    await expect(transport.latest({ namespace }, signal)).rejects.toMatchObject({ code: 'not-found' })
  })

  test('passes on what is wrong with a document, and nothing of what others throw', async () => {
    const broken = new NoticeboardError('invalid-data', 'settings.yaml:3:7')
    await expect(
      fromSource({ name: 'a', read: async () => Promise.reject(broken) }).latest({ namespace }, signal),
    ).rejects.toBe(broken)
    const rude = fromSource(() => {
      throw new TypeError('secret=1')
    })
    await expect(rude.latest({ namespace }, signal)).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.not.stringContaining('secret'),
    })
    await expect(fromSource(() => Number.NaN).latest({ namespace }, signal)).rejects.toMatchObject({
      code: 'invalid-data',
    })
  })

  test('refuses what is no source', () => {
    expect(() => fromSource({} as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    expect(() => fromSource(() => 1, { pollIntervalMs: 0 })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    )
  })
})

describe('watching a document', () => {
  test('reads a source that does not tell of changes again and again', async () => {
    const clock = virtualClock()
    let value = 1
    const client = run(hybrid(fromSource(() => value, { system: { clock }, pollIntervalMs: 2_000 })), {
      clock,
    })
    await clock.advance(0)
    expect(client.sequences()).toEqual([1])
    value = 2
    await clock.advance(2_000)
    expect(client.sequences()).toEqual([1, 2])
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('follows a source that tells of changes, also one that falls before the first read', async () => {
    const clock = virtualClock()
    let value = 1
    let change = (): void => {}
    let listening = 0
    const source: Source = {
      name: 'object',
      async read() {
        // The document changes while it is read for the first time.
        const read = value
        if (value === 1) {
          value = 2
          change()
        }
        return read
      },
      async *changes(own) {
        listening += 1
        let dirty = false
        let wake = (): void => {}
        change = () => {
          dirty = true
          wake()
        }
        own.addEventListener('abort', () => wake())
        try {
          while (!own.aborted) {
            if (!dirty) await new Promise<void>(resolve => (wake = resolve))
            dirty = false
            if (!own.aborted) yield
          }
        } finally {
          listening -= 1
        }
      },
    }
    const controller = new AbortController()
    const got: Delivery[] = []
    const ended = (async () => {
      for await (const delivery of fromSource(source, { system: { clock } }).watch(
        { namespaces: [namespace], inline: true },
        controller.signal,
      ))
        got.push(delivery)
    })()
    await clock.advance(0)
    expect(
      got.map(delivery => delivery.type === 'release' && decodeRelease(delivery.bytes).release.sequence),
    ).toEqual([1, 2])
    expect(got[1]).toMatchObject({ snapshots: [{ bytes: new TextEncoder().encode('2') }] })
    value = 3
    change()
    await clock.advance(0)
    expect(got).toHaveLength(3)
    change()
    await clock.advance(0)
    expect(got).toHaveLength(3)
    controller.abort()
    await ended
    expect(listening).toBe(0)
    expect(clock.pending).toBe(0)
  })

  test('breaks when the document is broken, and goes on when it is whole again', async () => {
    const clock = virtualClock()
    let value: Json = 1
    const client = run(hybrid(fromSource(() => value, { system: { clock }, pollIntervalMs: 1_000 })), {
      clock,
    })
    await clock.advance(0)
    value = Number.NaN
    await clock.advance(3_000)
    expect(client.errors()).toContain('invalid-data')
    value = 2
    await clock.advance(30_000)
    expect(client.seen()?.sequence).toBe(2)
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('ends when the source stops telling of changes, so that it is opened again', async () => {
    const clock = virtualClock()
    const source: Source = { name: 'object', read: async () => 1, async *changes() {} }
    const watch = fromSource(source, { system: { clock } }).watch(
      { namespaces: [namespace], inline: false },
      signal,
    )
    await expect(
      (async () => {
        for await (const _ of watch);
      })(),
    ).rejects.toMatchObject({ code: 'unavailable' })
  })

  test('works by pull as well', async () => {
    const clock = virtualClock()
    let value = 1
    const client = run(pull(fromSource(() => value, { system: { clock } })), { clock })
    await clock.advance(1)
    value = 2
    await clock.advance(33_000)
    expect(client.seen()?.sequence).toBe(2)
    await client.stop()
  })
})
