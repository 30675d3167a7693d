import { strict as assert } from 'node:assert'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Json } from '../../../src/contracts/json.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { SavedState } from '../../../src/contracts/state.js'
import type { Session, StrategyEvent } from '../../../src/contracts/strategy.js'
import type { Delivery, Latest, Transport, WatchTransport } from '../../../src/contracts/transport.js'
import type { Release } from '../../../src/core/release/release.js'
import type * as parts from './second-bugs-parts.js'
import { reportOf } from '../../support/report-of.js'

/** The source, as it is or with a planted bug. */
export type Parts = typeof parts

/** Shows that a bug is one: passes with the source as it is, and throws with the bug. */
export type Proof = (source: Parts) => Promise<void>

const namespace = 'checkout/prod'
const clientId = 'client'
const identity = { clientId, instanceId: 'instance', ephemeral: false, labels: {} }
const silent = { debug() {}, info() {}, warn() {}, error() {} }
const never = new AbortController().signal
const bytesOf = (text: string): Uint8Array<ArrayBuffer> => new TextEncoder().encode(text)
const start = Date.UTC(2026, 0, 1)

function releaseOf(sequence: number, more: Partial<Release> = {}): Release {
  return {
    v: 1,
    namespace,
    epoch: '1-00000001',
    sequence,
    issuedAt: new Date(start).toISOString(),
    cause: 'publish',
    stable: { version: sequence, variants: [{ digest: 'a'.repeat(64), bytes: 2 }] },
    prev: sequence === 1 ? null : 'b'.repeat(64),
    ...more,
  }
}

function ownReport(more: Partial<ClientReport> = {}): ClientReport {
  return reportOf({ namespace, ...identity, ...more })
}

function sessionOf(source: Parts, clock: Session['clock'], more: Partial<Session> = {}): Session {
  return {
    namespace,
    identity,
    clock,
    random: source.seededRandom(1),
    signal: never,
    tag: () => undefined,
    seen: () => undefined,
    have: () => undefined,
    wait: async (ms, signal) => {
      await (Number.isFinite(ms) ? clock.sleep(ms, signal) : new Promise(() => {}))
      return 'elapsed'
    },
    ...more,
  }
}

const transportOf = (more: Partial<WatchTransport>): Transport => ({
  name: 'stub',
  latest: async () => ({ type: 'none' }),
  snapshot: async () => new Uint8Array(),
  ...more,
})

/** A promise that is settled from outside. */
function gate(): { readonly opened: Promise<void>; readonly open: () => void } {
  let open = (): void => {}
  const opened = new Promise<void>(resolve => (open = resolve))
  return { opened, open }
}

async function inFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'second-bugs-'))
  try {
    await run(folder)
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** A hub over a store in memory, with one reader that a test blocks and reads. */
async function hubOf(source: Parts) {
  const clock = source.virtualClock()
  const hasher = source.systemHasher
  const transport = source.memory({ system: { clock } })
  const lifetime = source.createLifetime()
  const maxBytes = 1_000_000
  const snapshots = source.createSnapshotCache({
    transport,
    hasher,
    maxBytes,
    maxSnapshotBytes: maxBytes,
    lifetime,
  })
  const hub = source.createHub({
    transport,
    snapshots,
    mints: true,
    memory: undefined,
    clock,
    random: source.seededRandom(1),
    hasher,
    logger: undefined,
    heartbeatMs: 15_000,
    pollIntervalMs: 1_000,
    maxConnections: 10,
    maxConnectionAgeMs: 1_800_000,
    lifetime,
  })
  const publisher = source.createPublisher({
    namespace,
    schema: source.anything,
    store: transport,
    system: { clock },
  })
  const publish = async (document: Json): Promise<void> => {
    await publisher.publish(document, { rollout: source.everyone(), reason: 'proof' })
    await clock.advance(1)
  }
  const join = async () => {
    const reader = { blocked: false, heard: '' }
    const plan = await hub.admit({ namespaces: [namespace], identity: undefined, have: new Map() })
    const subscriber = plan.open({
      blocked: () => reader.blocked,
      write: frame => (reader.heard += new TextDecoder().decode(frame.chunked)),
      end() {},
      destroy() {},
    })
    await clock.advance(1)
    return { reader, subscriber }
  }
  return { clock, publish, join, end: () => hub.close(0) }
}

/** By the name of the bug. */
export const PROOFS: Readonly<Record<string, Proof>> = {
  async 'activation-span-backwards'(source) {
    const clock = source.virtualClock({ startMs: start })
    let over = false
    const activateAt = new Date(start + 10_000).toISOString()
    const waiting = source.waitForActivation(
      releaseOf(1, { activateAt }),
      { clock, fleetClock: source.createFleetClock(clock), onWait() {} },
      never,
    )
    void waiting.then(() => (over = true))
    await clock.advance(5_000)
    assert.equal(over, false)
    await clock.advance(5_000)
    assert.equal(over, true)
  },

  async 'report-lost-with-one-request'(source) {
    const clock = source.virtualClock()
    const ending = new AbortController()
    let asked = 0
    const reporter = source.startReporter({
      to: {
        async report() {
          asked += 1
          if (asked === 1) throw new source.NoticeboardError('unavailable', 'lost')
        },
      },
      state: () => ownReport(),
      clock,
      random: source.seededRandom(1),
      logger: silent,
      signal: ending.signal,
      batchMs: 1_000,
      runsSinceMs: () => undefined,
      rhythm: () => ({ intervalMs: 300_000 }),
    })
    await clock.advance(60_000)
    assert.equal(asked, 2)
    ending.abort()
    await reporter.stop()
  },

  async 'resume-takes-the-first-missed'(source) {
    let state: typeof source.INITIAL = { ...source.INITIAL, mode: { at: 'paused', newest: undefined } }
    const from = transportOf({})
    for (const sequence of [1, 2]) {
      const position = { epoch: '1-00000001', sequence }
      const pending = {
        type: 'release',
        release: releaseOf(sequence),
        position,
        from,
        inline: [],
        origin: 'network',
      } as const
      state = { ...state, mode: source.nextMode(state, { type: 'release', pending }) }
    }
    assert.equal(state.mode.at === 'paused' && state.mode.newest?.position?.sequence, 2)
  },

  async 'second-outage-not-told'(source) {
    const clock = source.virtualClock()
    let overdue = 0
    const freshness = source.createFreshness({ clock, freshMs: () => 1_000, onOverdue: () => (overdue += 1) })
    for (const outages of [1, 2]) {
      freshness.prove()
      await clock.advance(5_000)
      assert.equal(overdue, outages)
    }
  },

  async 'defaults-wait-their-turn'(source) {
    const clock = source.virtualClock()
    const store = source.memory({ system: { clock } })
    const client = source.createClient({
      namespace,
      schema: source.anything,
      strategy: source.pull(store),
      defaults: { pool: 1 },
      clientId,
      system: { clock },
    })
    const ready = client.ready()
    await clock.advance(2_000)
    await ready
    const publisher = source.createPublisher({
      namespace,
      schema: source.anything,
      store,
      system: { clock },
    })
    await publisher.publish({ pool: 2 }, { rollout: source.everyone(), reason: 'proof', spreadMs: 3_600_000 })
    await clock.advance(60_000)
    assert.deepEqual(client.current, { pool: 2 })
    await client.close()
  },

  async 'state-newer-than-its-snapshots'(source) {
    const written = new Set<string>()
    const slow = gate()
    const missing: string[] = []
    const writer = await source.openStateWriter({
      storage: {
        clientId: async proposed => proposed,
        load: async () => ({ state: { good: [], refused: [] }, warnings: [] }),
        async save({ state }: { readonly state: SavedState }) {
          if (state.current !== undefined && !written.has(state.current.digest))
            missing.push(state.current.digest)
        },
        readSnapshot: async () => undefined,
        async writeSnapshot({ digest }) {
          await slow.opened
          written.add(digest)
        },
      },
      namespace,
      instanceId: 'instance',
      logger: silent,
    })
    for (const digest of ['a'.repeat(64), 'b'.repeat(64)])
      writer.update({ current: { digest, version: 1, bytes: 2 } }, { digest, bytes: new Uint8Array(2) })
    slow.open()
    await writer.flush()
    assert.deepEqual(missing, [])
  },

  async 'previous-without-overrides'(source) {
    const clock = source.virtualClock()
    const store = source.memory({ system: { clock } })
    const seen: (Json | undefined)[] = []
    const publisher = source.createPublisher({
      namespace,
      schema: source.anything,
      store,
      system: { clock },
    })
    await publisher.publish({ pool: 1 }, { rollout: source.everyone(), reason: 'proof' })
    const client = source.createClient({
      namespace,
      schema: source.anything,
      strategy: source.pull(store),
      overrides: {
        name: 'all to 9',
        apply: document => ({ document: { ...(document as object), pool: 9 } as Json, paths: ['pool'] }),
      },
      validators: [{ name: 'spy', validate: (_, { previous }) => void seen.push(previous) }],
      clientId,
      system: { clock },
    })
    const ready = client.ready()
    await clock.advance(1_000)
    await ready
    await publisher.publish({ pool: 2 }, { rollout: source.everyone(), reason: 'proof' })
    await clock.advance(60_000)
    assert.deepEqual(seen, [undefined, { pool: 9 }])
    await client.close()
  },

  async 'lagging-answer-counts'(source) {
    const clock = source.virtualClock()
    const order = source.createReleaseOrder({
      namespace,
      clock,
      hasher: source.systemHasher,
      fleetClock: source.createFleetClock(clock),
      seen: undefined,
      floor: undefined,
    })
    const [near, far] = [transportOf({}), transportOf({})]
    order.judge({ type: 'release', bytes: source.encodeRelease(releaseOf(2)), from: near, tag: 'new' })
    order.judge({ type: 'release', bytes: source.encodeRelease(releaseOf(1)), from: far, tag: 'old' })
    assert.equal(order.tag(far), undefined)
  },

  async 'second-subscriber-not-told'(source) {
    let tell = (_value: { readonly pool: number }): void => {}
    const listeners = new Set<typeof tell>()
    tell = value => listeners.forEach(listener => listener(value))
    const selected = source.createSelected({
      pick: (value: { readonly pool: number }) => value.pool,
      of: { current: { pool: 1 } },
      running: () => ({ value: { pool: 1 } }),
      onChange(listener) {
        listeners.add(listener)
        return () => void listeners.delete(listener)
      },
      logger: silent,
    })
    const heard: string[] = []
    for (const name of ['first', 'second']) selected.subscribe(part => heard.push(`${name} ${part}`))
    tell({ pool: 2 })
    assert.deepEqual(heard, ['first 1', 'second 1', 'first 2', 'second 2'])
  },

  async 'goodbye-delay-ignored'(source) {
    const clock = source.virtualClock()
    const ending = new AbortController()
    let opened = 0
    const notify = transportOf({
      latest: async () => ({ type: 'none' }),
      async *watch() {
        opened += 1
        yield { type: 'alive', heartbeatMs: 15_000 } as const
        throw new source.NoticeboardError('unavailable', 'goodbye', { retryAfterMs: 30_000 })
      },
    }) as WatchTransport
    const done = (async () => {
      for await (const event of source
        .push(notify)
        .deliver(sessionOf(source, clock, { signal: ending.signal })))
        assert.notEqual(event.type, 'release')
    })()
    await clock.advance(25_000)
    ending.abort()
    await clock.advance(2_000)
    await done
    assert.equal(opened, 1)
  },

  async 'look-deadline-does-not-cancel'(source) {
    const clock = source.virtualClock()
    let given: AbortSignal | undefined
    const hanging = transportOf({
      latest: (_, signal) => {
        given = signal
        return new Promise<Latest>(() => {})
      },
    })
    const looking = source.look(sessionOf(source, clock), hanging, { sweep: false, timeoutMs: 1_000 })
    await clock.advance(10_000)
    await looking
    assert.equal(given?.aborted, true)
  },

  async 'fallen-back-in-step'(source) {
    const clock = source.virtualClock()
    const ending = new AbortController()
    const asked: number[] = []
    const bytes = source.encodeRelease(releaseOf(1))
    const notify = transportOf({
      async latest() {
        asked.push(clock.monotonic())
        return { type: 'unchanged' }
      },
      async *watch(_, signal): AsyncGenerator<Delivery> {
        if (clock.monotonic() >= 5_000) throw new source.NoticeboardError('unavailable', 'away')
        yield { type: 'release', namespace, bytes }
        await clock.sleep(5_000 - clock.monotonic(), signal)
        throw new source.NoticeboardError('unavailable', 'lost')
      },
    }) as WatchTransport
    const all = ['one', 'two', 'three', 'four'].map(async name => {
      const session = sessionOf(source, clock, {
        identity: { ...identity, clientId: name },
        signal: ending.signal,
      })
      for await (const event of source.push(notify).deliver(session)) assert.ok(event)
    })
    await clock.advance(40_000)
    const first = asked.filter(atMs => atMs >= 5_000)
    assert.ok(first.filter(atMs => atMs < 5_500).length < 4)
    ending.abort()
    await clock.advance(2_000)
    await Promise.all(all)
  },

  async 'on-demand-sweeps-for-good'(source) {
    const clock = source.virtualClock()
    const tags: (string | undefined)[] = []
    const transport = transportOf({
      async latest({ tag }) {
        tags.push(tag)
        return { type: 'unchanged' }
      },
    })
    const ending = new AbortController()
    const session = sessionOf(source, clock, {
      signal: ending.signal,
      tag: () => 'tag',
      async wait() {
        await clock.sleep(tags.length === 1 ? 300_001 : 10_000, ending.signal)
        return 'asked'
      },
    })
    const events: StrategyEvent[] = []
    const done = (async () => {
      for await (const event of source.onDemand(transport).deliver(session)) events.push(event)
    })()
    await clock.advance(325_000)
    ending.abort()
    await clock.advance(1)
    await done
    assert.deepEqual(tags.slice(0, 4), ['tag', undefined, 'tag', 'tag'])
  },

  async 'first-to-leave-cancels'(source) {
    const slow = gate()
    const transport = source.cached(
      transportOf({
        async snapshot(_, signal) {
          await slow.opened
          signal.throwIfAborted()
          return bytesOf('{}')
        },
      }),
    )
    const query = {
      namespace,
      digest: source.digestOf(source.systemHasher, bytesOf('{}')),
      maxSnapshotBytes: 10,
    }
    const leaving = new AbortController()
    const gone = transport.snapshot(query, leaving.signal)
    const stays = transport.snapshot(query, never)
    leaving.abort()
    await assert.rejects(gone)
    slow.open()
    assert.deepEqual(await stays, bytesOf('{}'))
  },

  async 'source-answers-overtake'(source) {
    const slow = gate()
    let reads = 0
    const transport = source.fromSource(async () => {
      reads += 1
      if (reads !== 2) return { pool: reads }
      await slow.opened
      return { pool: 2 }
    })
    const tagOf = (latest: Latest): string | undefined => (latest.type === 'release' ? latest.tag : undefined)
    await transport.latest({ namespace }, never)
    const late = transport.latest({ namespace }, never)
    const newest = tagOf(await transport.latest({ namespace }, never))
    slow.open()
    assert.equal(tagOf(await late), newest)
  },

  async 'preferred-avoided-for-good'(source) {
    const clock = source.virtualClock()
    let asked = 0
    const near = transportOf({
      async latest() {
        asked += 1
        if (asked === 1) throw new source.NoticeboardError('unavailable', 'away')
        return { type: 'none' }
      },
    })
    const transport = source.fallback([near, transportOf({})], { system: { clock } })
    await transport.latest({ namespace }, never)
    await clock.advance(61_000)
    await transport.latest({ namespace }, never)
    assert.equal(asked, 2)
  },

  async 'retry-after-in-milliseconds'(source) {
    assert.equal(source.readRetryAfter('30', 0), 30_000)
  },

  async 'news-during-read-lost'(source) {
    const engine = source.memoryEngine('proof')
    const plain = source.storeFrom(engine)
    const publisher = source.createPublisher({ namespace, schema: source.anything, store: plain })
    const publish = (pool: number) =>
      publisher.publish({ pool }, { rollout: source.everyone(), reason: 'proof' })
    await publish(1)
    const reading = gate()
    const slow = gate()
    let reads = 0
    const clock = source.virtualClock()
    const watching = source.storeFrom(
      {
        ...engine,
        async read(keys, signal) {
          const found = await engine.read(keys, signal)
          reads += 1
          if (reads === 1) {
            reading.open()
            await slow.opened
          }
          return found
        },
      },
      { timeoutMs: Number.POSITIVE_INFINITY, checkIntervalMs: Number.POSITIVE_INFINITY, system: { clock } },
    )
    const ending = new AbortController()
    let heard = 0
    const done = (async () => {
      for await (const { type } of watching.watch({ namespaces: [namespace], inline: false }, ending.signal))
        if (type === 'release') heard += 1
    })()
    await reading.opened
    await publish(2)
    slow.open()
    await clock.advance(1_000)
    ending.abort()
    await done
    assert.equal(heard, 2)
  },

  async 'relay-mints-its-own-marks'(source) {
    assert.equal(source.mintsMarks({ ...source.memory(), remote: true }), false)
  },

  async 'relay-trusts-a-dead-watch'(source) {
    const clock = source.virtualClock()
    const ending = new AbortController()
    const topic = { namespace, watched: false }
    let watches = 0
    const transport = transportOf({
      async *watch() {
        watches += 1
        if (watches === 1) yield { type: 'alive' } as const
        throw new source.NoticeboardError('unavailable', 'away')
      },
    })
    const done = source.follow(
      topic as never,
      {
        transport,
        topics: { check: () => Promise.reject(new source.NoticeboardError('unavailable', 'away')) } as never,
        clock,
        random: source.seededRandom(1),
        pollIntervalMs: 1_000,
        logger: undefined,
        passMark() {},
      },
      ending.signal,
    )
    await clock.advance(120_000)
    const { watched } = topic
    ending.abort()
    await done
    assert.equal(watched, false)
  },

  async 'failed-load-stays'(source) {
    let asked = 0
    const maxBytes = 1_000
    const cache = source.createSnapshotCache({
      transport: transportOf({
        async snapshot() {
          asked += 1
          if (asked === 1) throw new source.NoticeboardError('unavailable', 'away')
          return bytesOf('{}')
        },
      }),
      hasher: source.systemHasher,
      maxBytes,
      maxSnapshotBytes: maxBytes,
      lifetime: source.createLifetime(),
    })
    const digest = source.digestOf(source.systemHasher, bytesOf('{}'))
    await assert.rejects(cache.load(namespace, digest))
    assert.deepEqual((await cache.load(namespace, digest)).bytes, bytesOf('{}'))
  },

  async 'slow-reader-not-caught-up'(source) {
    const { publish, join, end } = await hubOf(source)
    const { reader, subscriber } = await join()
    reader.blocked = true
    await publish({ pool: 1 })
    reader.blocked = false
    subscriber.drained()
    assert.match(reader.heard, /event: release/)
    await end()
  },

  async 'second-audience-not-followed'(source) {
    const { clock, publish, join, end } = await hubOf(source)
    await publish({ pool: 1 })
    const { subscriber } = await join()
    subscriber.gone()
    const { reader } = await join()
    await publish({ pool: 2 })
    await clock.advance(5_000)
    assert.match(reader.heard, /"sequence":2/)
    await end()
  },

  async 'reports-saved-once'(source) {
    const clock = source.virtualClock()
    let saved = 0
    const reports = source.boardReports(
      {
        hiddenFs: { list: async () => [], makeFolder: async () => {}, read: async () => undefined },
        hiddenFiles: { replace: async () => void (saved += 1) },
        clock,
        paths: { reports: () => '/reports' },
        owner: { tag: 'own' },
        logger: undefined,
      } as never,
      { open: async () => {}, watch: write => write() },
    )
    for (const count of [1, 2]) {
      reports.hear([ownReport({ count })])
      await clock.advance(6_000)
      assert.equal(saved, count)
    }
  },

  async 'young-snapshots-removed'(source) {
    await inFolder(async folder => {
      const one = source.stateFolder(folder, { owner: { tag: 'one', isGone: () => false } })
      const two = source.stateFolder(folder, { owner: { tag: 'two', isGone: () => false } })
      const digest = 'a'.repeat(64)
      await one.writeSnapshot({ namespace, digest, bytes: bytesOf('{}') })
      await two.save({ namespace, instanceId: 'two', state: { good: [], refused: [] } })
      assert.notEqual(await one.readSnapshot({ namespace, digest, maxSnapshotBytes: 10 }), undefined)
    })
  },

  async 'second-writer-acknowledges-early'(source) {
    await inFolder(async folder => {
      const fs = source.nodeFs()
      const synced: string[] = []
      const syncFolder = (path: string): Promise<void> => {
        synced.push(path)
        return fs.syncFolder(path)
      }
      const store = source.fileStore(folder, { fs: { ...fs, syncFolder } })
      const document = bytesOf('{}')
      const digest = source.digestOf(source.systemHasher, document)
      await store.put({ namespace, digest, bytes: document }, never)
      const release = releaseOf(1, { stable: { version: 1, variants: [{ digest, bytes: 2 }] } })
      const query = {
        namespace,
        at: { epoch: release.epoch, sequence: 1 },
        bytes: source.encodeRelease(release),
      }
      await store.append(query, never)
      synced.length = 0
      await store.append(query, never)
      assert.ok(synced.some(path => path.endsWith(release.epoch)))
      await store.close()
    })
  },

  async 'rollback-twice-as-far'(source) {
    const store = source.memory()
    const options = { namespace, schema: source.anything }
    const other = source.createPublisher({ ...options, store })
    for (const pool of [1, 2, 3])
      await other.publish({ pool }, { rollout: source.everyone(), reason: 'proof' })
    let raced = false
    const publisher = source.createPublisher({
      ...options,
      store: {
        ...store,
        async append(query, signal) {
          if (!raced) {
            raced = true
            await other.rollback({ reason: 'proof' })
          }
          return store.append(query, signal)
        },
      },
    })
    await publisher.rollback({ reason: 'proof' })
    assert.deepEqual((await publisher.current())?.document, { pool: 2 })
  },

  async 'version-index-not-rewound'(source) {
    const versions = source.createVersionIndex()
    const named = (digit: string) => [{ digest: digit.repeat(64), bytes: 2 }] as const
    const entry = (epoch: string, sequence: number, digit: string) =>
      releaseOf(sequence, { epoch, stable: { version: sequence, variants: named(digit) } })
    const logOf = (...releases: Release[]) =>
      async function* () {
        for (const release of releases) yield { release }
      }
    const first = [5, 4, 3, 2, 1].map(sequence => entry('1-00000001', sequence, String(sequence)))
    await versions.find(named('f'), first[0] as Release, logOf(...first))
    const second = [3, 2, 1].map(sequence => entry('2-00000002', sequence, String(sequence)))
    assert.equal(await versions.find(named('2'), second[0] as Release, logOf(...second)), 2)
  },

  async 'epoch-above-applied-only'(source) {
    const store = source.memory()
    const publisher = source.createPublisher({ namespace, schema: source.anything, store })
    await publisher.publish({ pool: 1 }, { rollout: source.everyone(), reason: 'proof' })
    await store.report([ownReport({ seen: { epoch: '7-00000007', sequence: 1 } })], never)
    await publisher.openEpoch({ reason: 'proof' })
    assert.match((await publisher.current())?.position.epoch ?? '', /^8-/)
  },

  async 'longest-known-thrown-out'(source) {
    const clock = source.virtualClock()
    const registry = source.createRegistry({ clock, maxInstances: 2 })
    for (const [instanceId, count] of [
      ['a', 1],
      ['b', 1],
      ['a', 2],
      ['c', 1],
    ] as const)
      registry.add(ownReport({ instanceId, count }))
    assert.deepEqual(
      registry
        .of(namespace)
        .map(({ instanceId }) => instanceId)
        .sort(),
      ['a', 'c'],
    )
  },

  async 'writers-leave-no-note'(source) {
    await inFolder(async folder => {
      const store = source.fileStore(folder)
      const document = bytesOf('{}')
      const digest = source.digestOf(source.systemHasher, document)
      await store.put({ namespace, digest, bytes: document }, never)
      const release = releaseOf(1, { stable: { version: 1, variants: [{ digest, bytes: 2 }] } })
      const at = { epoch: release.epoch, sequence: 1 }
      await store.append({ namespace, at, bytes: source.encodeRelease(release) }, never)
      await store.latest({ namespace }, never)
      // Somebody may go on to write there.
      assert.deepEqual(await store.standing?.([{ namespace, position: at }], never), new Set())
      await store.close()
    })
  },
}
