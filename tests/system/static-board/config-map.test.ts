import { afterEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/client.js'
import type { Fetch } from '../../../src/contracts/system.js'
import type { CompleteStore, WatchTransport } from '../../../src/contracts/transport.js'
import { createController } from '../../../src/controller/index.js'
import { fileStore, configMapMirror } from '../../../src/node/index.js'
import { boardOnVolume } from '../../../src/node/mount/mounted-board.js'
import { nodeVolumeDisk } from '../../../src/node/mount/node-volume-disk.js'
import { createPublisher, type Publisher } from '../../../src/publisher/index.js'
import { isExposed } from '../../../src/core/release/audience.js'
import { decodeRelease, type Release } from '../../../src/core/release/release.js'
import { staged, timed } from '../../../src/rollouts/index.js'
import { createHandler } from '../../../src/server/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { hybrid } from '../../../src/strategies/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { fallback } from '../../../src/transports/fallback.js'
import { http } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { driven } from '../../support/at-each-step.js'
import { NAMESPACE, never, temporaryFolder } from '../../support/board-kit.js'
import { fakeKubelet, mountPoint } from '../../support/kubelet.js'

// A store that a publisher and a controller write, a mirror that follows it, a kubelet that brings
// what the mirror applied to a volume as late as a real one does, and clients that read the volume.
// No client asks the store.

const MINUTE = 60_000
/**
 * The sync period of a kubelet and the age of its cache: what applying and mounting take together.
 */
const KUBELET_MS = 90_000
/** More seldom than by default: hours pass here, and the volume changes once in a sync period. */
const LOOK_MS = 30_000
const CLIENTS = 8
const schema = z.object({ size: z.number() })
type Config = z.output<typeof schema>

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

interface World {
  readonly store: CompleteStore
  readonly publisher: Publisher<Config>
  /** What each client runs. */
  sizes(): readonly (number | undefined)[]
  newest(): Promise<Release>
  /** Which clients the newest release exposes. */
  exposed(): Promise<readonly boolean[]>
  pass(ms: number): Promise<void>
  /** Waits for some work, and lets the time pass that it takes. */
  settled<Work>(work: Promise<Work>): Promise<Work>
}

interface WorldOptions {
  readonly open?: (clock: VirtualClock) => Promise<CompleteStore> | CompleteStore
  /** What the clients read through, laid over the volume. */
  readonly over?: (board: WatchTransport, store: CompleteStore, clock: VirtualClock) => WatchTransport
}

async function world({ open, over = board => board }: WorldOptions = {}): Promise<World> {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const store = (await open?.(clock)) ?? memory({ system })
  const folder = await mountPoint(await temporaryFolder())
  const kubelet = fakeKubelet(folder)
  await kubelet.write({})
  let applied: Readonly<Record<string, string>> = {}
  const mirror = configMapMirror(({ data }) => void (applied = data), { system })
  const own = new AbortController()
  const settled = <Work>(work: Promise<Work>): Promise<Work> => driven(clock, work, { readsDisk: true })
  const pass = (ms: number): Promise<void> => settled(clock.sleep(ms, never))
  const following = mirror.follow({ strategy: hybrid(store), namespaces: [NAMESPACE] }, own.signal)
  const syncing = (async () => {
    while (!own.signal.aborted) {
      await kubelet.write(applied)
      await clock.sleep(KUBELET_MS, own.signal)
    }
  })()
  const controller = createController({ store, system, namespaces: [NAMESPACE] })
  const publisher = createPublisher({ namespace: NAMESPACE, schema, store, system })
  const board = boardOnVolume(
    folder,
    { system, pollIntervalMs: LOOK_MS },
    { disk: nodeVolumeDisk(), folderWatch: undefined },
  )
  const read = over(board, store, clock)
  const clients = Array.from({ length: CLIENTS }, (_, index) =>
    createClient({
      namespace: NAMESPACE,
      schema,
      strategy: hybrid(read),
      clientId: `pod-${index}`,
      system: { ...system, random: seededRandom(100 + index) },
      reports: { intervalMs: 30_000 },
      defaults: { size: 0 },
    }),
  )
  for (const client of clients) void client.ready({ fallbackTo: 'defaults' }).catch(() => {})
  closing.push(async () => {
    own.abort()
    const closed = Promise.all([
      ...clients.map(client => client.close()),
      controller.close(),
      publisher.close(),
      following,
      syncing,
    ])
    await settled(closed)
  })
  const newest = async (): Promise<Release> => {
    const latest = await store.latest({ namespace: NAMESPACE }, never)
    if (latest.type !== 'release') throw new Error('there is a release')
    return decodeRelease(latest.bytes).release
  }
  return {
    store,
    publisher,
    newest,
    pass,
    settled,
    sizes: () => clients.map(({ running }) => (running?.value as Config | undefined)?.size),
    async exposed() {
      const { audience } = await newest()
      return clients.map(
        (_, index) =>
          audience !== undefined &&
          isExposed(audience, { clientId: `pod-${index}`, labels: {} } as never, systemHasher),
      )
    },
  }
}

const reason = 'a test'
const all = (size: number): readonly number[] => Array.from({ length: CLIENTS }, () => size)

describe.each<[string, NonNullable<WorldOptions['open']>]>([
  ['memory', clock => memory({ system: { clock } })],
  [
    'a folder',
    async clock => {
      const store = fileStore(await temporaryFolder(), { system: { clock } })
      closing.push(() => store.close())
      return store
    },
  ],
])('from a store in %s through a ConfigMap, by the clock', (_, open) => {
  test('a candidate reaches its audience alone, stage after stage, and goes back at once', async () => {
    const { publisher, sizes, newest, exposed, pass, settled } = await world({ open })
    await pass(1)
    await settled(publisher.publish({ size: 1 }, { reason }))
    await pass(2 * KUBELET_MS)
    expect(sizes()).toEqual(all(1))

    const rollout = timed({ steps: 2, everyMs: 4 * KUBELET_MS })
    const begun = await settled(publisher.publish({ size: 2 }, { rollout, reason }))
    expect(begun.state).toBe('running')
    await pass(2 * KUBELET_MS)
    const first = await exposed()
    expect(new Set(first)).toEqual(new Set([true, false]))
    expect(sizes()).toEqual(first.map(isOne => (isOne ? 2 : 1)))

    // The controller, and nobody else, moves it on: to everybody, and to its end.
    await pass(5 * KUBELET_MS)
    expect(sizes()).toEqual(all(2))
    await pass(4 * KUBELET_MS)
    expect((await newest()).rollout?.state).toBe('completed')

    // Another one, which is taken back in its first stage.
    await settled(publisher.publish({ size: 3 }, { rollout, reason }))
    await pass(2 * KUBELET_MS)
    expect(sizes()).toContain(3)
    await settled(publisher.rollback({ reason }))
    await pass(2 * KUBELET_MS)
    expect(sizes()).toEqual(all(2))

    // A kill reaches those who are exposed and those who are not.
    await settled(publisher.publish({ size: 4 }, { rollout, reason }))
    await pass(2 * KUBELET_MS)
    expect(new Set(sizes())).toEqual(new Set([2, 4]))
    await settled(publisher.kill({ patch: { size: 9 }, reason }))
    await pass(2 * KUBELET_MS)
    expect(sizes()).toEqual(all(9))
  })
})

describe('through a ConfigMap, with reports to a server', () => {
  test('staged() goes by what clients report, and the documents come by the volume alone', async () => {
    const asked: string[] = []
    const { publisher, store, sizes, newest, exposed, pass, settled } = await world({
      over(board, served, clock) {
        const handler = createHandler(served, { system: { clock } })
        closing.push(() => handler.close({ drainMs: 0, graceMs: 0 }))
        const fetch: Fetch = (url, init) => {
          asked.push(`${init.method} ${new URL(url).pathname}`)
          return handler.fetch(new Request(url, init as RequestInit)) as never
        }
        const server = http('http://board.test', { fetch, system: { clock } })
        return fallback([board, server], { system: { clock } })
      },
    })
    await settled(publisher.publish({ size: 1 }, { reason }))
    await pass(2 * KUBELET_MS + 5 * MINUTE)
    expect(sizes()).toEqual(all(1))
    expect((await store.reports({ namespace: NAMESPACE }, never)).reports.length).toBeGreaterThanOrEqual(
      CLIENTS,
    )

    const rollout = staged({
      stages: [1, '50%', 'all'],
      bakeMs: 2 * MINUTE,
      reportMs: 30_000,
      watchMs: 5 * MINUTE,
    })
    await settled(publisher.publish({ size: 2 }, { rollout, reason }))
    await pass(2 * KUBELET_MS)
    const first = await exposed()
    expect(first.filter(Boolean)).toHaveLength(1)
    expect(sizes()).toEqual(first.map(isOne => (isOne ? 2 : 1)))
    await pass(35 * MINUTE)
    expect(sizes()).toEqual(all(2))
    expect(['completed', 'watching']).toContain((await newest()).rollout?.state)
    expect(asked).toContain(`POST /v1/${NAMESPACE}/~reports`)
    // While the disk is slow, the release itself may be asked of the server.
    expect(asked.filter(line => line.includes('/snapshots/'))).toEqual([])
  })
})
