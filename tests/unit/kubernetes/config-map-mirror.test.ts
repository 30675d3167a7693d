import { describe, expect, test } from 'vitest'
import { whenAborted } from '../../../src/async/signals.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { LogDetails } from '../../../src/contracts/system.js'
import {
  configMapMirror,
  type BoardManifest,
  type ConfigMapMirrorOptions,
} from '../../../src/kubernetes/index.js'
import { fileStore } from '../../../src/node/index.js'
import { createPublisher, everyone, type PublisherOptions } from '../../../src/publisher/index.js'
import { MAX_CONFIG_MAP_BYTES } from '../../../src/core/limits.js'
import { staged, timed } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { hybrid, pull } from '../../../src/strategies/index.js'
import { anything } from '../../../src/core/schema/anything.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import {
  closeLater,
  NAMESPACE,
  never,
  publish,
  snapshotOf,
  temporaryFolder,
} from '../../support/board-kit.js'
import { sampleLog } from '../../../src/testing/conformance/fixture.js'
import { refusalOf } from '../../support/option-names.js'

const MINUTE = 60_000

/** Which releases were applied: the sequences that manifests name. */
const sequenceOf = ({ metadata }: BoardManifest): number =>
  Number(metadata.annotations['noticeboard-position']?.split(':')[1])

interface World {
  readonly clock: VirtualClock
  readonly store: MemoryStore
  readonly applied: number[]
  readonly logged: LogDetails[]
  /** What the next calls of `apply` do before they count; nothing unless told. */
  readonly before: ((signal: AbortSignal) => unknown)[]
  readonly mirror: ReturnType<typeof configMapMirror>
  follow(): { end(): Promise<void> }
}

function world(options: ConfigMapMirrorOptions = {}): World {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(1) }
  const store = memory({ system })
  const applied: number[] = []
  const logged: LogDetails[] = []
  const before: ((signal: AbortSignal) => unknown)[] = []
  const note = (_: string, details: LogDetails = {}): void => void logged.push(details)
  const mirror = configMapMirror(
    async (manifest, signal) => {
      await before.shift()?.(signal)
      applied.push(sequenceOf(manifest))
    },
    { system, logger: { debug() {}, info() {}, warn: note, error: note }, ...options },
  )
  return {
    clock,
    store,
    applied,
    logged,
    before,
    mirror,
    follow() {
      const own = new AbortController()
      const following = mirror.follow({ strategy: hybrid(store), namespaces: [NAMESPACE] }, own.signal)
      return {
        async end() {
          own.abort()
          await following
        },
      }
    },
  }
}

const fails = (): never => {
  throw new Error('the API server is away')
}

describe('following a store', () => {
  test('applies each newest release, whoever appended it, and nothing twice', async () => {
    const { clock, store, applied, follow } = world()
    const following = follow()
    await clock.advance(1_000)
    expect(applied).toEqual([])
    for (const size of [1, 2, 3]) {
      await publish(store, { size })
      await clock.advance(1_000)
    }
    expect(applied).toEqual([1, 2, 3])
    await following.end()
    expect(clock.pending).toBe(0)
    await publish(store, { size: 4 })
    await clock.advance(10 * MINUTE)
    expect(applied).toEqual([1, 2, 3])
  })

  test('tries again with backoff, for as long as it takes', async () => {
    const { clock, store, applied, logged, before, follow } = world()
    before.push(...Array.from({ length: 12 }, () => fails))
    await publish(store, { size: 1 })
    const following = follow()
    await clock.advance(1_000)
    const soon = 12 - before.length
    expect(soon).toBeGreaterThan(0)
    expect(soon).toBeLessThan(6)
    await clock.advance(12 * 30_000)
    expect(applied).toEqual([1])
    // One line at once, and one a minute with a count.
    expect(logged.reduce((sum, { times = 1 }) => sum + Number(times), 0)).toBe(12)
    expect(logged.length).toBeLessThan(12)
    expect(logged[0]).toMatchObject({ namespace: NAMESPACE, code: 'unavailable' })
    expect(JSON.stringify(logged)).not.toContain('size')
    await following.end()
    expect(clock.pending).toBe(0)
  })

  test('gives up a release for a newer one, also in the middle and while it waits for its next try', async () => {
    const { clock, store, applied, before, follow } = world()
    let given: AbortSignal | undefined
    before.push(async signal => {
      given = signal
      await whenAborted(signal)
      signal.throwIfAborted()
    })
    await publish(store, { size: 1 })
    const following = follow()
    await clock.advance(1_000)
    expect(given?.aborted).toBe(false)
    await publish(store, { size: 2 })
    before.push(fails)
    await clock.advance(0)
    expect(given?.aborted).toBe(true)
    await publish(store, { size: 3 })
    await clock.advance(0)
    expect(applied).toEqual([3])
    await following.end()
  })

  test('is not held by a call that never ends, and writes the newest again when that came to nothing', async () => {
    const { clock, store, applied, before, follow } = world({ timeoutMs: 10_000 })
    let late = (): void => {}
    before.push(() => new Promise<void>(resolve => (late = resolve)))
    await publish(store, { size: 1 })
    const following = follow()
    await clock.advance(1_000)
    await publish(store, { size: 2 })
    await clock.advance(5_000)
    expect(applied).toEqual([2])
    // What was given up comes to its end after all, and overwrites what is newer.
    late()
    await clock.advance(0)
    expect(applied).toEqual([2, 1])
    await clock.advance(6 * MINUTE)
    expect(applied.at(-1)).toBe(2)
    await following.end()
    expect(clock.pending).toBe(0)
  })

  test('applies the newest again after each period, so that what another hand removed comes back', async () => {
    const { clock, store, applied, follow } = world({ repeatMs: MINUTE })
    await publish(store, { size: 1 })
    const following = follow()
    await clock.advance(3 * MINUTE + 1_000)
    expect(applied).toEqual([1, 1, 1, 1])
    await following.end()
  })

  test('waits for a snapshot that is not in the store yet', async () => {
    const { clock, store, applied, mirror } = world()
    let isHere = false
    const lagging = {
      ...store,
      async snapshot(query: Parameters<MemoryStore['snapshot']>[0], signal: AbortSignal) {
        if (!isHere) throw new NoticeboardError('not-found', 'not here yet')
        return store.snapshot(query, signal)
      },
    }
    await publish(store, { size: 1 })
    const own = new AbortController()
    const following = mirror.follow({ strategy: pull(lagging), namespaces: [NAMESPACE] }, own.signal)
    await clock.advance(5_000)
    expect(applied).toEqual([])
    isHere = true
    await clock.advance(MINUTE)
    expect(applied).toEqual([1])
    own.abort()
    await following
  })

  test('two namespaces have two objects', async () => {
    const { clock, store } = world()
    const names: string[] = []
    const system = { clock, random: seededRandom(2) }
    const mirror = configMapMirror(({ metadata }) => void names.push(metadata.name), { system })
    const namespaces = [NAMESPACE, 'billing/prod']
    for (const namespace of namespaces) await publish(store, { size: 1 }, { namespace })
    const own = new AbortController()
    const following = mirror.follow({ strategy: hybrid(store), namespaces }, own.signal)
    await clock.advance(1_000)
    expect(names.toSorted()).toEqual(['noticeboard-billing-prod', 'noticeboard-checkout-prod'])
    own.abort()
    await following
    const same = configMapMirror(() => {}, { name: () => 'board' })
    await expect(same.follow({ strategy: hybrid(store), namespaces }, never)).rejects.toMatchObject({
      code: 'invalid-option',
    })
  })
})

describe('as a mirror', () => {
  const log = sampleLog(NAMESPACE)
  const samples = [log.next(), log.next(), log.next()]

  test('an older release that waits behind a newer one is passed over, and never written after it', async () => {
    const { clock, applied, before, mirror } = world()
    let open = (): void => {}
    let given: AbortSignal | undefined
    before.push(signal => {
      given = signal
      return new Promise<void>(resolve => (open = resolve))
    })
    for (const { snapshot } of samples) await mirror.put({ namespace: NAMESPACE, ...snapshot }, never)
    const announced: Promise<void>[] = []
    for (const { bytes } of samples) {
      announced.push(mirror.announce({ namespace: NAMESPACE, bytes }, never))
      if (announced.length === 1) await clock.advance(0)
    }
    await clock.advance(0)
    expect(given?.aborted).toBe(true)
    open()
    await Promise.all(announced)
    await mirror.announce({ namespace: NAMESPACE, bytes: samples[0]?.bytes ?? new Uint8Array() }, never)
    expect(applied.at(-1)).toBe(3)
    expect(applied).not.toContain(2)
  })

  test('what `apply` throws is `unavailable`, so that a publisher tries it again, and ours stays as it is', async () => {
    const { before, mirror } = world()
    const [sample] = samples
    if (sample === undefined) throw new Error('there are samples')
    await mirror.put({ namespace: NAMESPACE, ...sample.snapshot }, never)
    before.push(fails, () => {
      throw new NoticeboardError('forbidden', 'no right to write ConfigMaps')
    })
    const announce = () => mirror.announce({ namespace: NAMESPACE, bytes: sample.bytes }, never)
    await expect(announce()).rejects.toMatchObject({ code: 'unavailable' })
    await expect(announce()).rejects.toMatchObject({ code: 'forbidden' })
    await announce()
  })

  test.each<ConfigMapMirrorOptions>([
    { name: 'board' as never },
    { namespace: 'A' },
    { labels: { '': 'a' } },
    { timeoutMs: 0 },
    { repeatMs: -1 },
  ])('is refused with %j', options => {
    expect(refusalOf(() => configMapMirror(() => {}, options)).code).toBe('invalid-option')
  })
})

describe('a publisher with a mirror into a ConfigMap', () => {
  const reason = 'a test'

  test('refuses what would not fit, before anything is published', async () => {
    const { store, clock, mirror, applied } = world()
    const publisher = closeLater(
      createPublisher({
        namespace: NAMESPACE,
        schema: anything,
        store,
        mirrors: [mirror],
        system: { clock },
      }),
    )
    await publisher.publish('x'.repeat(600_000), { rollout: everyone(), reason })
    const second = publisher.publish('y'.repeat(600_000), { rollout: timed(), reason })
    await expect(second).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringMatching(/600002 \+ 600002.*1048576.*smaller/),
    })
    expect((await publisher.current())?.position.sequence).toBe(1)
    // One at a time they fit.
    await publisher.publish('y'.repeat(600_000), { rollout: everyone(), reason })
    expect(applied).toEqual([1, 2])
    const third = publisher.publish('z'.repeat(1_040_000), { rollout: everyone(), reason })
    await expect(third).rejects.toMatchObject({ code: 'too-large' })
  })

  test('that follows the store by itself refuses what would not fit by maxBoardBytes, and says so without it', async () => {
    const { store, clock, logged, applied, follow } = world()
    const publisherWith = (more: Pick<PublisherOptions, 'maxBoardBytes'>) =>
      closeLater(
        createPublisher({ namespace: NAMESPACE, schema: anything, store, system: { clock }, ...more }),
      )
    const knowing = publisherWith({ maxBoardBytes: MAX_CONFIG_MAP_BYTES })
    const ignorant = publisherWith({})
    const following = follow()
    await knowing.publish('x'.repeat(600_000), { rollout: everyone(), reason })
    await expect(knowing.publish('y'.repeat(600_000), { rollout: timed(), reason })).rejects.toMatchObject({
      code: 'too-large',
      message: expect.stringContaining('the board takes 1048576'),
    })
    await clock.advance(1_000)
    expect(applied).toEqual([1])

    await ignorant.publish('y'.repeat(1_048_570), { rollout: everyone(), reason })
    await clock.advance(10 * MINUTE)
    expect(applied).toEqual([1])
    expect(logged).toContainEqual(expect.objectContaining({ code: 'too-large' }))
    await knowing.publish('z', { rollout: everyone(), reason })
    await clock.advance(MINUTE)
    expect(applied.at(-1)).toBe(3)
    await following.end()
  })

  test.each<[string, () => Promise<Parameters<typeof createPublisher>[0]['store']>]>([
    ['memory', async () => memory()],
    ['a folder', async () => closeLater(fileStore(await temporaryFolder()))],
  ])(
    'over %s: staged() and no policy are refused where nothing reports, timed() and everyone() work',
    async (_, open) => {
      const mirror = configMapMirror(() => {})
      const publisher = closeLater(
        createPublisher({ namespace: NAMESPACE, schema: anything, store: await open(), mirrors: [mirror] }),
      )
      await publisher.publish({ size: 1 }, { reason })
      for (const rollout of [{ rollout: staged() }, {}])
        await expect(publisher.publish({ size: 2 }, { ...rollout, reason })).rejects.toMatchObject({
          code: 'unsupported',
          message: expect.stringContaining('timed()'),
        })
      await expect(
        publisher.publish({ size: 2 }, { rollout: timed({ everyMs: 599_999 }), drive: true, reason }),
      ).rejects.toMatchObject({
        code: 'invalid-option',
        message: expect.stringContaining('use timed({ everyMs: 600000 }) or longer steps'),
      })
      const begun = await publisher.publish({ size: 2 }, { rollout: timed(), drive: true, reason })
      expect(begun.state).toBe('running')
      await publisher.abort({ reason })
      await publisher.publish({ size: 3 }, { rollout: everyone(), reason })
      expect((await publisher.current())?.digest).toBe(snapshotOf({ size: 3 }).digest)
    },
  )
})
