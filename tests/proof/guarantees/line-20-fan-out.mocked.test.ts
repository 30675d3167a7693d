import { describe, expect, test, vi } from 'vitest'
import type * as Forms from '../../../src/server/encodings/snapshot-form.js'
import type * as Frames from '../../../src/server/stream/frames.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { publish } from '../../support/server-fixtures.js'
import { boundMs, NAMESPACE, openPlace, PERIODS, runs, WAYS, type Place, type Way } from './place.js'

/**
 * What the servers of this process encoded: each frame of a release, and each answer with a
 * snapshot.
 */
const encoded = vi.hoisted(() => new Map<string, number>())
const count = vi.hoisted(
  () =>
    (key: string): void =>
      void encoded.set(key, (encoded.get(key) ?? 0) + 1),
)
const text = vi.hoisted(
  () =>
    (bytes: Uint8Array): string =>
      new TextDecoder().decode(bytes),
)

vi.mock('../../../src/server/stream/frames.js', async original => {
  const frames = await original<typeof Frames>()
  return {
    ...frames,
    releaseFrame(...[namespace, bytes, snapshot]: Parameters<typeof Frames.releaseFrame>) {
      count(`frame ${text(bytes)} ${snapshot?.digest ?? 'alone'}`)
      return frames.releaseFrame(namespace, bytes, snapshot)
    },
  }
})
vi.mock('../../../src/server/encodings/snapshot-form.js', async original => {
  const forms = await original<typeof Forms>()
  return {
    ...forms,
    snapshotForm(options: Parameters<typeof Forms.snapshotForm>[0]) {
      count(`answer ${options.encoding ?? 'as it is'} ${text(options.body)}`)
      return forms.snapshotForm(options)
    },
  }
})

const place = (): Place & { readonly store: ReturnType<typeof memory> } => {
  encoded.clear()
  const clock = virtualClock({ turns: 1 })
  const store = memory({ system: { clock } })
  return Object.assign(openPlace({ clock, store }), { store })
}

const CLIENTS = 12
const serversOf = ({ relayed }: Way): number => (relayed ? 2 : 1)

describe.each(WAYS)('20. one encoding, no queues, two fetches for a burst (%s)', (_name, way) => {
  test('a snapshot is encoded once per version and encoding', async () => {
    const { clock, store, client, until } = place()
    const asked: string[] = []
    const { snapshot } = store
    store.snapshot = (query, signal) => {
      asked.push(query.digest)
      return snapshot(query, signal)
    }
    await publish(store, { n: 1 }, NAMESPACE)
    const members = Array.from({ length: CLIENTS }, () => client(way))
    for (const n of [1, 2, 3]) {
      if (n > 1) await publish(store, { n }, NAMESPACE)
      await until(() => members.every(member => runs(member)?.n === n), boundMs(way))
    }
    await clock.advance(PERIODS.sweepIntervalMs)
    // Each server encodes for itself; how many ask it makes no difference.
    const most = Math.max(...encoded.values())
    expect(most).toBeLessThanOrEqual(serversOf(way))
    expect([...encoded.keys()].filter(key => key.includes('"n":')).length).toBeGreaterThanOrEqual(
      way.strategy === 'push' ? 0 : 3,
    )
    expect(asked).toHaveLength(new Set(asked).size)
    expect(asked).toHaveLength(3)
  })

  // A request takes 10 ms there and back. Whoever publishes more slowly than that has every release
  // run.
  test.each([0, 1, 7])(
    'a burst of 20 publishes, %d ms apart, costs a client at most two fetches',
    async gapMs => {
      const { clock, store, client, until } = place()
      await publish(store, { n: 1 }, NAMESPACE)
      const member = client(way)
      await until(() => runs(member)?.n === 1, boundMs(way))
      await clock.advance(5_000)
      const before = member.fetches()
      for (let n = 2; n <= 21; n += 1) {
        await publish(store, { n }, NAMESPACE)
        await clock.advance(gapMs)
      }
      await until(() => runs(member)?.n === 21, way.strategy === 'pull' ? boundMs(way) : 2_000)
      await clock.advance(PERIODS.sweepIntervalMs)
      expect(member.fetches() - before).toBeLessThanOrEqual(2)
    },
  )
})

/** What a connection takes before its reader counts as slow. */
const WAITING_BYTES = 16_384

describe.each(WAYS.filter(([, { strategy }]) => strategy !== 'pull'))(
  '20. a slow reader (%s)',
  (_name, way) => {
    test('holds one pending release, not a queue, and keeps nobody waiting', async () => {
      const { clock, store, client, until, done, origin, relay } = place()
      await publish(store, { n: 1 }, NAMESPACE)
      const member = client(way)
      const gone = new AbortController()
      const query = `ns=${NAMESPACE}${way.strategy === 'push' ? '&inline=1&client=slow' : ''}`
      const asked = (way.relayed ? relay : origin).fetch(`http://board.test/v1/~events?${query}`, {
        method: 'GET',
        headers: {},
        signal: gone.signal,
        redirect: 'manual',
        cache: 'no-store',
      })
      const { body } = await done(asked)
      // One after another, each as far as the wire, and together far more than a connection takes.
      const last = 150
      for (let n = 2; n <= last; n += 1) {
        await publish(store, { n, text: 'x'.repeat(4_000) }, NAMESPACE)
        await clock.advance(5)
      }
      await until(() => runs(member)?.n === last, 5_000)

      const got = await drain(body as ReadableStream<Uint8Array>)
      gone.abort()
      expect(got.length).toBeLessThan(WAITING_BYTES + 6_000)
      const sequences = [...got.matchAll(/"sequence":(\d+)/g)].map(([, digits]) => Number(digits))
      expect(sequences.at(-1)).toBe(last)
      expect(sequences).toEqual([...new Set(sequences)].sort((a, b) => a - b))
    })
  },
)

/** Everything that a stream has to give just now. */
async function drain(stream: ReadableStream<Uint8Array>): Promise<string> {
  const reader = stream.getReader()
  let all = ''
  for (;;) {
    const next = reader.read()
    const idle = new Promise<undefined>(resolve => setImmediate(() => setImmediate(() => resolve(undefined))))
    const chunk = await Promise.race([next, idle])
    if (chunk?.value === undefined) {
      next.catch(() => {})
      return all
    }
    all += new TextDecoder().decode(chunk.value)
  }
}
