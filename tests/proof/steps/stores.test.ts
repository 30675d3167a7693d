import { expect } from 'vitest'
import type { Namespace } from '../../../src/contracts/names.js'
import type { CompleteStore } from '../../../src/contracts/transport.js'
import { encodeText, sameBytes } from '../../../src/core/json/text.js'
import { decodeRelease, positionOf } from '../../../src/core/release/release.js'
import { fileStore, type FileStore } from '../../../src/node/board/file-store.js'
import { seededDice } from '../../../src/sim/dice.js'
import { simDisk } from '../../../src/sim/disk.js'
import { startProcess } from '../../../src/sim/process.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { etcd, etcdGateway } from '../../../src/transports/etcd/index.js'
import { postgres } from '../../../src/transports/postgres/index.js'
import { redis } from '../../../src/transports/redis/index.js'
import type { StoreEngine } from '../../../src/transports/store/engine.js'
import { memoryEngine } from '../../../src/transports/store/memory-engine.js'
import { storeFrom } from '../../../src/transports/store/store-from.js'
import { atEachStep, driven, meanwhile, type End, type Stage } from '../../support/at-each-step.js'
import {
  digestOfRelease,
  EPOCH,
  NAMESPACE,
  never,
  publish,
  releaseOf,
  snapshotOf,
} from '../../support/board-kit.js'
import { fakeEtcd } from '../../support/engines/fake-etcd.js'
import { fakePostgres } from '../../support/engines/fake-postgres.js'
import { fakeRedis } from '../../support/engines/fake-redis.js'
import { damaged, failingAs } from '../../support/failures.js'
import { stepped } from '../../support/requests.js'
import type { Steps } from '../../support/steps.js'
import { reportOf } from '../../support/report-of.js'

const TENANT = 'billing/prod'

interface Opened {
  /** The store whose awaits are counted. */
  readonly store: CompleteStore
  /** The same board through another store. */
  readonly beside: CompleteStore
  /** The process that the store runs in ends. */
  readonly kill?: (how: 'a kill' | 'a loss of power') => void
  /** Rejects when that process ends. */
  readonly dead?: Promise<never>
  readonly close?: () => Promise<unknown>
  /** What holds connections; there may be none in the end. */
  readonly server?: { readonly subscriptions: number }
}

/**
 * Every kind of store; the ones over a server run over one that is no more than its answers. A new
 * one is tried like the others.
 */
const STORES: Readonly<Record<string, (steps: Steps, clock: VirtualClock) => Opened>> = {
  'a store over an engine': (steps, clock) => {
    const engine = memoryEngine('an engine')
    return overEngines(steps.around<StoreEngine>('engine', engine), engine, clock)
  },
  'a store over an engine that writes key by key': (steps, clock) => {
    const engine: StoreEngine = { ...memoryEngine('an engine'), atomic: 'key' }
    return overEngines(steps.around<StoreEngine>('engine', engine), engine, clock)
  },
  'a store over an engine that does not notify': (steps, clock) => {
    const { listen: _listen, ...engine } = memoryEngine('an engine')
    return overEngines(steps.around<StoreEngine>('engine', engine), engine, clock)
  },
  redis(steps, clock) {
    const server = fakeRedis(() => clock.now())
    const open = (own?: Steps): CompleteStore => redis(server.client(own), { system: { clock } })
    return { store: open(steps), beside: open(), server }
  },
  'postgres over pg': (steps, clock) => {
    const server = fakePostgres(() => clock.now())
    const open = (own?: Steps): CompleteStore => postgres(server.pool(own), { system: { clock } })
    return { store: open(steps), beside: open(), server }
  },
  'postgres over a client of pg': (steps, clock) => {
    const server = fakePostgres(() => clock.now())
    const open = (own?: Steps): CompleteStore => postgres(server.client(own), { system: { clock } })
    return { store: open(steps), beside: open(), server }
  },
  'postgres over postgres': (steps, clock) => {
    const server = fakePostgres(() => clock.now())
    const open = (own?: Steps): CompleteStore => postgres(server.sql(own), { system: { clock } })
    return { store: open(steps), beside: open(), server }
  },
  etcd(steps, clock) {
    const server = fakeEtcd()
    const { fetch } = server
    const open = (own?: Steps): CompleteStore =>
      etcd(
        etcdGateway({
          url: 'http://etcd.test:2379',
          system: { clock },
          fetch: (url, init) =>
            own === undefined
              ? fetch(url, init)
              : stepped(own, new Request(url, { method: 'POST' }), () => fetch(url, init)),
        }),
        { system: { clock } },
      )
    return { store: open(steps), beside: open(), server }
  },
  fileStore(steps, clock) {
    const disk = simDisk(clock, seededDice(1, 'disk'))
    const process = startProcess('app.1', { clock, seed: 1 })
    const other = startProcess('other.1', { clock, seed: 1 })
    const dead = new Promise<never>((_resolve, reject) => {
      process.onDeath(() => reject(new Error('the process died')))
    })
    dead.catch(() => {})
    const open = (own: typeof process, fs = disk.mount(own)): FileStore =>
      fileStore('/board', { fs, system: own.system, owner: own.owner })
    const store = open(process, steps.around('disk', disk.mount(process)))
    const beside = open(other)
    return {
      store,
      beside,
      dead,
      kill(how) {
        process.kill()
        if (how === 'a loss of power') disk.losePower()
      },
      async close() {
        if (process.alive) await store.close()
        await beside.close()
        process.kill()
        other.kill()
      },
    }
  },
}

function overEngines(watched: StoreEngine, engine: StoreEngine, clock: VirtualClock): Opened {
  return {
    store: storeFrom(watched, { system: { clock } }),
    beside: storeFrom(engine, { system: { clock } }),
  }
}

interface Scene extends Stage<unknown>, Pick<Opened, 'beside' | 'kill'> {
  readonly clock: VirtualClock
  readonly store: CompleteStore
  readonly caller: AbortController
}

interface Written {
  readonly snapshot: ReturnType<typeof snapshotOf>
  readonly at: { readonly epoch: string; readonly sequence: number }
  readonly bytes: Uint8Array
  /** The same board, through another store. */
  readonly beside: CompleteStore
}

/** A call of a store: what it does, and what must be true once it ended well. */
interface Call {
  readonly run: (store: CompleteStore, signal: AbortSignal, written: Written) => Promise<unknown>
  readonly judge?: (result: unknown, written: Written) => Promise<void> | void
}

const first = snapshotOf({ size: 1 })
const report = reportOf({
  namespace: NAMESPACE,
  instanceId: 'an-instance',
  clientId: 'host-a',
  phase: 'healthy',
})

const CALLS: Readonly<Record<string, Call>> = {
  'put()': {
    run: (store, signal, { snapshot }) => store.put({ namespace: NAMESPACE, ...snapshot }, signal),
    judge: (_, { beside, snapshot }) => readable(beside, snapshot),
  },
  'append()': {
    async run(store, signal, { snapshot, at, bytes }) {
      await store.put({ namespace: NAMESPACE, ...snapshot }, signal)
      return store.append({ namespace: NAMESPACE, at, bytes }, signal)
    },
    judge: async (outcome, { beside, bytes, snapshot }) => {
      expect(await holds(beside, bytes)).toBe(outcome === 'appended')
      await readable(beside, snapshot)
    },
  },
  'latest()': {
    run: (store, signal) => store.latest({ namespace: NAMESPACE }, signal),
    judge: latest => expect(latest).toMatchObject({ type: 'release' }),
  },
  'next()': {
    run: (store, signal) =>
      store.next({ namespace: NAMESPACE, after: { epoch: EPOCH, sequence: 0 } }, signal),
    judge: next => expect(next).toMatchObject({ type: 'release' }),
  },
  'snapshot()': {
    run: (store, signal) =>
      store.snapshot({ namespace: NAMESPACE, digest: first.digest, maxSnapshotBytes: 1_000 }, signal),
    judge: bytes => expect(bytes).toEqual(first.bytes),
  },
  'history()': {
    run: (store, signal) => logOf(store, NAMESPACE, signal),
    judge: log => expect((log as readonly Uint8Array[]).length).toBeGreaterThanOrEqual(1),
  },
  'namespaces()': {
    run: (store, signal) => store.namespaces(signal),
    judge: names => expect(names).toContain(NAMESPACE),
  },
  'putSchema() and schema()': {
    async run(store, signal) {
      await store.putSchema({ namespace: NAMESPACE, bytes: encodeText('{}') }, signal)
      return store.schema({ namespace: NAMESPACE }, signal)
    },
    judge: async (bytes, { beside }) => {
      expect(bytes).toEqual(encodeText('{}'))
      expect(await beside.schema({ namespace: NAMESPACE }, never)).toEqual(bytes)
    },
  },
  'report() and reports()': {
    async run(store, signal) {
      await store.report([report], signal)
      return store.reports({ namespace: NAMESPACE }, signal)
    },
    judge: reports => expect(reports).toMatchObject({ reports: [{ instanceId: 'an-instance', count: 1 }] }),
  },
  'remove()': {
    run: (store, signal) =>
      store.remove({ namespace: NAMESPACE, digest: snapshotOf({ never: 'published' }).digest }, signal),
  },
  'watch()': {
    // Reads what is there, and what another store writes then; and gives it up at that.
    async run(store, signal, { beside }) {
      let told = 0
      for await (const delivery of store.watch({ namespaces: [NAMESPACE], inline: false }, signal)) {
        if (delivery.type !== 'release') continue
        told = decodeRelease(delivery.bytes).release.sequence
        if (told >= 2) return told
        await publish(beside, { size: 2 })
      }
      return told
    },
  },
}

async function open(
  steps: Steps,
  { run, judge }: Call,
  { make, operation }: { readonly make: (typeof STORES)[string]; readonly operation: string },
): Promise<Scene> {
  const clock = virtualClock()
  const { store, beside, kill, dead, close, server } = make(steps, clock)
  const before = await driven(clock, publish(beside, { size: 1 }))
  const snapshot = snapshotOf({ size: 2 })
  const at = { epoch: EPOCH, sequence: 2 }
  const written: Written = {
    snapshot,
    at,
    bytes: releaseOf(snapshot, { at, prev: digestOfRelease(before.bytes) }),
    beside,
  }
  const caller = new AbortController()
  let alive = true
  let isHanging = false
  dead?.catch(() => (alive = false))

  const judgeEnd = async (end: End<unknown>, happened: string): Promise<void> => {
    if (!end.ok) {
      if (!alive) return
      const allowed: Readonly<Record<string, readonly string[]>> = {
        "the caller's abort": ['closed'],
        'a damaged answer': ['unavailable', 'invalid-data', 'digest-mismatch', 'store-damaged', 'internal'],
      }
      const { code } = end.error as { code?: string }
      if (!(allowed[happened] ?? ['unavailable', 'timeout']).includes(String(code)))
        throw new Error(`it failed with ${code}`, { cause: end.error })
    } else if (happened !== "the caller's abort" && happened !== 'a damaged answer') {
      await judge?.(end.result, written)
      if (operation === 'watch()') expect(end.result).toBeGreaterThanOrEqual(2)
    } else if (operation === 'put()' || operation === 'append()') await judge?.(end.result, written)
  }

  return {
    clock,
    beside,
    store,
    caller,
    get signals() {
      return alive ? [caller.signal] : []
    },
    ...(kill !== undefined && { kill }),
    run: () => {
      const call = run(store, caller.signal, written)
      return dead === undefined ? call : Promise.race([call, dead])
    },
    async judge(end, happened) {
      isHanging = happened === 'an answer after every deadline'
      await judgeEnd(end, happened)
      // What failed can be done again, which changes nothing twice; for a process that died another
      // does it.
      const own = await holds(beside, written.bytes)
      const again = run(alive ? store : beside, never, written)
      if (happened.startsWith('another release') && operation === 'append()')
        expect(await again).toBe(own ? 'appended' : 'taken')
      else {
        const result = await again
        await judge?.(result, written)
      }
      const sequences = (await logOf(beside, NAMESPACE)).map(bytes => decodeRelease(bytes).release.sequence)
      expect(sequences).toEqual(sequences.map((_, index) => sequences.length - index))
      // No tenant was touched, and the store takes the next release.
      expect((await publish(alive ? store : beside, { size: 9 })).outcome).toBe('appended')
      expect((await publish(beside, { size: 3 }, { namespace: TENANT })).outcome).toBe('appended')
    },
    async end() {
      await close?.()
      await clock.sleep(1, never)
      // A subscription that hangs ends when it comes about.
      if (!isHanging) expect(server?.subscriptions ?? 0).toBe(0)
    },
  }
}

for (const [kind, make] of Object.entries(STORES))
  for (const [operation, call] of Object.entries(CALLS)) {
    // Key by key it cannot be told that no release names a snapshot by the time it goes.
    if (kind.endsWith('key by key') && operation === 'remove()') continue
    atEachStep<unknown, Scene>({
      name: `${kind}: ${operation}`,
      leastSteps: operation.startsWith('report') && kind === 'fileStore' ? 1 : 2,
      open: steps => open(steps, call, { make, operation }),
      happenings: {
        'a failure': failingAs('EIO'),
        'a late answer': ({ clock }, _place, over) => clock.sleep(5_000, over),
        'an answer after every deadline': ({ clock }, _place, over) => clock.sleep(60_000, over),
        'a damaged answer': damaged,
        "the caller's abort": meanwhile(({ caller }) => caller.abort()),
        'another release of the same board': ({ beside }) => publish(beside, { size: 5 }),
        'another release through the same store': meanwhile(({ store }) => publish(store, { size: 6 })),
        "another tenant's release": async ({ beside }) => {
          await publish(beside, { size: 7 }, { namespace: TENANT })
        },
        "another tenant's release through the same store": meanwhile(({ store }) =>
          publish(store, { size: 7 }, { namespace: TENANT }),
        ),
        ...(kind === 'fileStore' && {
          'a kill': ({ kill }: Scene) => kill?.('a kill'),
          'a loss of power': ({ kill }: Scene) => kill?.('a loss of power'),
        }),
      },
    })
  }

async function holds(store: CompleteStore, bytes: Uint8Array): Promise<boolean> {
  return (await logOf(store, NAMESPACE)).some(entry => sameBytes(entry, bytes))
}

async function readable(store: CompleteStore, snapshot: Written['snapshot']): Promise<void> {
  const query = { namespace: NAMESPACE, digest: snapshot.digest, maxSnapshotBytes: 1_000 }
  expect(sameBytes(await store.snapshot(query, never), snapshot.bytes)).toBe(true)
}

async function logOf(
  store: CompleteStore,
  namespace: Namespace,
  signal: AbortSignal = never,
): Promise<readonly Uint8Array[]> {
  const log: Uint8Array[] = []
  for await (const { bytes } of store.history({ namespace }, signal)) log.push(bytes)
  for (const bytes of log) positionOf(decodeRelease(bytes).release)
  return log
}
