import type { Fetch } from '../../../src/contracts/system.js'
import { fileStore, type FileStore } from '../../../src/node/board/file-store.js'
import { createHandler, type Handler } from '../../../src/server/index.js'
import { seededDice } from '../../../src/sim/dice.js'
import { simDisk } from '../../../src/sim/disk.js'
import { startProcess } from '../../../src/sim/process.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { cached } from '../../../src/transports/cached.js'
import { fallback } from '../../../src/transports/fallback.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import type { StoreEngine } from '../../../src/transports/store/engine.js'
import { memoryEngine } from '../../../src/transports/store/memory-engine.js'
import { storeFrom } from '../../../src/transports/store/store-from.js'
import type { CompleteStore, Store } from '../../../src/contracts/transport.js'
import type { Reach } from '../../support/tenant.js'

/** A place that stores can be opened over. */
export interface StorePlace {
  readonly clock: VirtualClock
  /** Opens another object over the place. */
  readonly connect: () => Reach
  readonly close: () => Promise<unknown>
}

/** A kind of store, or of what stands in front of one: one line of the table. */
export interface StoreKind {
  readonly what: string
  readonly open: () => StorePlace | Promise<StorePlace>
  /** Two objects over one place are not to be had: what is in memory is in one object. */
  readonly isOneObject?: true
}

const TOKEN = 'a-token-for-writing'

const asReach = (store: Store): Reach => ({ reads: store, writes: store })

/**
 * An engine that notifies is never compared with by time, so that what it does not tell is missed.
 */
const overEngine = (
  change: (engine: StoreEngine) => StoreEngine,
  checkIntervalMs = Number.POSITIVE_INFINITY,
): StorePlace => {
  const clock = virtualClock()
  const engine = change(memoryEngine('an engine'))
  return {
    clock,
    connect: () => asReach(storeFrom(engine, { system: { clock }, checkIntervalMs })),
    close: async () => {},
  }
}

/** A board behind handlers, and how it is reached through them. */
function behindHandlers(
  connectTo: (place: {
    readonly clock: VirtualClock
    readonly handler: Handler
    /** Opens another handler over the same store. */
    readonly open: (over?: Parameters<typeof createHandler>[0]) => Handler
    readonly store: CompleteStore
  }) => () => Reach,
): StorePlace {
  const clock = virtualClock()
  const store = memory({ system: { clock } })
  const handlers: Handler[] = []
  const open = (over: Parameters<typeof createHandler>[0] = store): Handler => {
    const writes = over === store ? { write: { token: TOKEN } } : {}
    const handler = createHandler(over, { ...writes, system: { clock } })
    handlers.unshift(handler)
    return handler
  }
  return {
    clock,
    connect: connectTo({ clock, handler: open(), open, store }),
    async close() {
      for (const handler of handlers) await handler.close({ drainMs: 0, graceMs: 0 })
    },
  }
}

const over = ({ fetch }: Handler): Fetch =>
  ((url, init) => fetch(new Request(url, init as RequestInit))) as Fetch

/** Every store, and everything that can stand in front of one. The next one is one more entry. */
export const storeKinds: readonly StoreKind[] = [
  {
    what: 'memory()',
    isOneObject: true,
    open() {
      const clock = virtualClock()
      const store = memory({ system: { clock } })
      return { clock, connect: () => asReach(store), close: async () => {} }
    },
  },
  { what: 'a store over an engine', open: () => overEngine(engine => engine) },
  {
    what: 'a store over an engine that writes key by key',
    open: () => overEngine(engine => ({ ...engine, atomic: 'key' })),
  },
  {
    what: 'a store over an engine that does not notify',
    open: () => overEngine(({ listen: _, ...engine }) => engine, 1_000),
  },
  {
    what: 'fileStore()',
    open() {
      const clock = virtualClock()
      const disk = simDisk(clock, seededDice(1, 'disk'))
      const stores: FileStore[] = []
      return {
        clock,
        connect() {
          // Each in a process of its own, none of which has ended.
          const process = startProcess(`server.${stores.length + 1}`, { clock, seed: 1 })
          const owner = { ...process.owner, isGone: () => false }
          const fs = disk.mount(process)
          const store = fileStore('/board', { fs, system: process.system, owner, pollIntervalMs: 1_000 })
          stores.push(store)
          return asReach(store)
        },
        close: () => Promise.all(stores.map(store => store.close())),
      }
    },
  },
  {
    what: 'httpStore() over a server',
    open: () =>
      behindHandlers(
        ({ clock, handler }) =>
          () =>
            asReach(
              httpStore('http://board.test', { fetch: over(handler), token: TOKEN, system: { clock } }),
            ),
      ),
  },
  {
    what: 'httpStore() over two servers of one store',
    open: () =>
      behindHandlers(({ clock, handler, open }) => {
        const other = open()
        return () => ({
          reads: httpStore('http://other.test', { fetch: over(other), token: TOKEN, system: { clock } }),
          writes: httpStore('http://board.test', { fetch: over(handler), token: TOKEN, system: { clock } }),
        })
      }),
  },
  {
    what: 'a relay',
    open: () =>
      behindHandlers(({ clock, handler, open }) => {
        const upstream = http('http://board.test', { fetch: over(handler), system: { clock } })
        const relay = open(cached(upstream))
        return () => ({
          reads: http('http://relay.test', { fetch: over(relay), system: { clock } }),
          writes: httpStore('http://board.test', { fetch: over(handler), token: TOKEN, system: { clock } }),
        })
      }),
  },
  {
    what: 'cached() over a server',
    isOneObject: true,
    open: () =>
      behindHandlers(({ clock, handler }) => {
        const writes = httpStore('http://board.test', {
          fetch: over(handler),
          token: TOKEN,
          system: { clock },
        })
        const reads = cached(writes, { maxSnapshots: 3 })
        return () => ({ reads, writes })
      }),
  },
  {
    what: 'fallback() over a server and its store',
    isOneObject: true,
    open: () =>
      behindHandlers(({ clock, handler, store }) => {
        const near = http('http://board.test', { fetch: over(handler), system: { clock } })
        const reads = fallback([near, store], { system: { clock } })
        return () => ({ reads, writes: store })
      }),
  },
]
