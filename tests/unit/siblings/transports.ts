import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Fetch } from '../../../src/contracts/system.js'
import type { Store, Transport } from '../../../src/contracts/transport.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { mountedBoard } from '../../../src/node/mount/mounted-board.js'
import { createHandler } from '../../../src/server/index.js'
import type { VirtualClock } from '../../../src/sim/virtual-clock.js'
import { cached } from '../../../src/transports/cached.js'
import { etcd } from '../../../src/transports/etcd/index.js'
import { fallback } from '../../../src/transports/fallback.js'
import { faulty } from '../../../src/transports/faulty/index.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { postgres } from '../../../src/transports/postgres/index.js'
import { redis } from '../../../src/transports/redis/index.js'
import { fromSource } from '../../../src/transports/source.js'
import { memoryEngine } from '../../../src/transports/store/memory-engine.js'
import { storeFrom } from '../../../src/transports/store/store-from.js'

/** A transport that is open, and what ends it. */
export interface OpenSibling {
  readonly transport: Transport & Partial<Store>
  readonly close?: () => Promise<unknown>
}

/** A transport as it is tried: one line of the table. */
export interface TransportSibling {
  /** The exported function that makes it. */
  readonly maker: string
  /**
   * With an answer at hand at once; undefined where that takes a server (tests/system/engines tries
   * those).
   */
  readonly open?: (clock: VirtualClock) => OpenSibling
  /** Over something that never answers, or throws at once. */
  readonly over?: (inner: Inner, clock: VirtualClock) => Transport
  /**
   * It stops waiting by itself for what does not hear of an abort; others leave that to what is
   * within.
   */
  readonly bounds?: true
  /** Makes it with options. */
  readonly withOptions: (options: object) => unknown
}

/** What a sibling is laid over: a transport whose calls do this. */
export type Inner = (signal: AbortSignal) => Promise<never>

const nothing = async (): Promise<never> => {
  throw new Error('nothing is asked')
}
/** A driver that is given to the maker and never used. */
const noClient = new Proxy({}, { get: (_, member) => (member === 'name' ? 'a client' : nothing) }) as never
const TOKEN = 'x'.repeat(32)

/** A transport all of whose calls do the same. */
function transportOf(inner: Inner): Store {
  const call = (_: unknown, signal: AbortSignal): Promise<never> => inner(signal)
  return {
    name: 'inner',
    durability: 'single',
    maxSnapshotBytes: 1_048_576,
    latest: call,
    next: call,
    snapshot: call,
    put: call,
    append: call,
    reports: call,
    schema: call,
    putSchema: call,
    remove: call,
    namespaces: inner,
    async *history(_, signal) {
      yield await inner(signal)
    },
  }
}

/** Both halves of a board behind an address: what clients read, and what publishers write. */
function siblingOverHttp(maker: string, make: typeof http | typeof httpStore): TransportSibling {
  const over = (fetch: Fetch, clock: VirtualClock): Transport =>
    make('http://board.test', { fetch, token: TOKEN, system: { clock } })
  return {
    maker,
    open(clock) {
      const handler = createHandler(memory({ system: { clock } }), {
        write: { token: TOKEN },
        system: { clock },
      })
      const fetch: Fetch = (url, init) => handler.fetch(new Request(url, init as RequestInit)) as never
      return {
        transport: over(fetch, clock),
        async close() {
          const closing = handler.close({ drainMs: 0, graceMs: 0 })
          await clock.advance(10_000)
          await closing
          await handler.close()
        },
      }
    },
    over: (inner, clock) => over((_, init) => inner(init?.signal as AbortSignal), clock),
    bounds: true,
    withOptions: options => make('http://board.test', options),
  }
}

/** Every transport and store. The next one is one more entry. */
export const transportSiblings: readonly TransportSibling[] = [
  {
    maker: 'memory',
    open: clock => ({ transport: memory({ system: { clock } }) }),
    withOptions: options => memory(options),
  },
  {
    maker: 'storeFrom',
    open: clock => ({ transport: storeFrom(memoryEngine('engine'), { system: { clock } }) }),
    over: (inner, clock) =>
      storeFrom(
        {
          name: 'engine',
          durability: 'single',
          atomic: 'batch',
          read: (_, signal) => inner(signal),
          write: (_, signal) => inner(signal),
          list: (_, signal) => inner(signal),
        },
        { system: { clock } },
      ),
    bounds: true,
    withOptions: options => storeFrom(memoryEngine('engine'), options),
  },
  {
    maker: 'fileStore',
    open() {
      const folder = mkdtempSync(join(tmpdir(), 'noticeboard-test-'))
      const store = fileStore(folder)
      return {
        transport: store,
        async close() {
          await store.close()
          await store.close()
          rmSync(folder, { recursive: true, force: true })
        },
      }
    },
    withOptions: options => fileStore('/nowhere', options),
  },
  {
    maker: 'mountedBoard',
    open(clock) {
      const folder = mkdtempSync(join(tmpdir(), 'noticeboard-test-'))
      mkdirSync(join(folder, '..1'))
      symlinkSync('..1', join(folder, '..data'))
      return {
        transport: mountedBoard(folder, { system: { clock } }),
        close: async () => rmSync(folder, { recursive: true, force: true }),
      }
    },
    withOptions: options => mountedBoard('/nowhere', options),
  },
  siblingOverHttp('http', http),
  siblingOverHttp('httpStore', httpStore),
  {
    maker: 'fromSource',
    open: clock => ({ transport: fromSource(() => ({ size: 1 }), { system: { clock } }) }),
    over: (inner, clock) =>
      fromSource({ name: 'inner', read: signal => inner(signal) }, { system: { clock } }),
    withOptions: options => fromSource(() => ({}), options),
  },
  {
    maker: 'cached',
    open: clock => ({ transport: cached(memory({ system: { clock } })) }),
    over: inner => cached(transportOf(inner)),
    withOptions: options => cached(memory(), options),
  },
  {
    maker: 'fallback',
    open: clock => ({
      transport: fallback([memory({ system: { clock } }), memory()], { system: { clock } }),
    }),
    over: (inner, clock) => fallback([transportOf(inner), transportOf(inner)], { system: { clock } }),
    withOptions: options => fallback([memory(), memory()], options),
  },
  {
    maker: 'faulty',
    open: clock => ({
      transport: faulty(memory({ system: { clock } }), { faults: [] }, { system: { clock } }),
    }),
    over: (inner, clock) => faulty(transportOf(inner), { faults: [] }, { system: { clock } }),
    withOptions: options => faulty(memory(), { faults: [] }, options),
  },
  { maker: 'etcd', withOptions: options => etcd(noClient, options) },
  { maker: 'redis', withOptions: options => redis(noClient, options) },
  { maker: 'postgres', withOptions: options => postgres(noClient, options) },
]
