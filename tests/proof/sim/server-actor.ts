import { fileStore, type FileStore } from '../../../src/node/board/file-store.js'
import { createHandler, type Handler } from '../../../src/server/handler.js'
import { cached } from '../../../src/transports/cached.js'
import { httpStore, type HttpStore } from '../../../src/transports/http/http-store.js'
import { boardSystem } from './board-system.js'
import { NAMESPACE, PERIODS } from './periods.js'
import { PLAIN, type Configuration } from './configuration.js'
import type { SimDisk } from '../../../src/sim/disk.js'
import { soundLink, type Link } from '../../../src/sim/link.js'
import { fetchOver, type Host } from './net.js'
import { startProcess, type SimProcess } from '../../../src/sim/process.js'
import type { Dice } from '../../../src/sim/dice.js'
import { watchStreams } from './streams.js'
import { watchWatches, type Watches } from './watches.js'
import { loggerOf } from './values.js'
import type { World } from './world.js'

export const TOKEN = 'a-token-for-the-simulation'

/** A server machine, and the process that runs on it just now. */
export interface ServerActor {
  readonly host: () => Host | undefined
  readonly process: SimProcess | undefined
  start(): void
  kill(): void
}

/** How often a server looks for what others wrote. */
export const BOARD_POLL_MS = 2_000

/** A server over a board on a disk; several may share one disk. */
export function serverActor(
  world: World,
  name: string,
  disk: SimDisk,
  { options }: Configuration = PLAIN,
): ServerActor {
  return actorOf(world, name, false, process => {
    const store: FileStore = fileStore('/board', {
      fs: disk.mount(process),
      system: boardSystem(process),
      pollIntervalMs: BOARD_POLL_MS,
      owner: process.owner,
      logger: loggerOf(world, name),
    })
    const handler = createHandler(store, {
      ...options,
      write: { token: TOKEN },
      heartbeatMs: PERIODS.heartbeatMs,
      system: process.system,
      logger: loggerOf(world, name),
    })
    return {
      fetch: handler.fetch,
      // A store is closed by whoever opened it.
      async close() {
        await handler.close()
        await store.close()
      },
    }
  })
}

/** Somebody who serves what another server gives, with a link of its own to it. */
export type RelayActor = ServerActor & {
  readonly link: Link
  /** Its watches of the namespace that every client follows. */
  readonly watches: () => Watches | undefined
}

/** A relay: a server over what another server gives. */
export function relayActor(
  world: World,
  name: string,
  upstream: () => Host | undefined,
  configuration: Configuration = PLAIN,
  of: 'the servers' | 'a relay' = 'the servers',
): RelayActor {
  // A relay of a relay has nothing to write with, and where it stands that would not help it to
  // read.
  const token = of === 'a relay' ? configuration.readToken : TOKEN
  return relaying(world, name, { upstream, base: configuration.base, token }, (transport, process, dice) =>
    // What can be written through a relay is another server's all the same, and so are its marks.
    createHandler(dice.chance(0.3) ? transport : cached(transport), {
      ...configuration.options,
      heartbeatMs: PERIODS.heartbeatMs,
      system: process.system,
      logger: loggerOf(world, name),
    }),
  )
}

/**
 * A server at the edge, where strangers come: everything it has room for is little, and it writes
 * through to the board or does not write.
 */
export function edgeActor(
  world: World,
  name: string,
  upstream: () => Host | undefined,
  configuration: Configuration = PLAIN,
): RelayActor {
  return relaying(
    world,
    name,
    { upstream, base: configuration.base, token: TOKEN },
    (transport, process, dice) => {
      const writes = dice.chance(0.6)
      return createHandler(writes ? transport : cached(transport, { maxSnapshots: 2, maxBytes: 1_000 }), {
        ...configuration.options,
        ...(writes && { write: { token: TOKEN } }),
        heartbeatMs: 3_000,
        pollIntervalMs: 2_000,
        maxConnections: 4,
        maxConnectionAgeMs: 9_000,
        cacheBytes: 2_000,
        maxInstances: 2,
        system: process.system,
        logger: loggerOf(world, name),
      })
    },
  )
}

function relaying(
  world: World,
  name: string,
  {
    base,
    upstream,
    token,
  }: { readonly base: string; readonly upstream: () => Host | undefined; readonly token: string | undefined },
  open: (transport: HttpStore, process: SimProcess, dice: Dice) => Handler,
): RelayActor {
  const link = soundLink()
  let watches: Watches | undefined
  const actor = actorOf(world, name, true, (process, dice) => {
    const own = watchStreams({
      process,
      nowMs: () => world.clock.monotonic(),
      heartbeatMs: PERIODS.heartbeatMs,
      violate: world.truth.violate,
    })
    const ownWatches = watchWatches(NAMESPACE, () => world.clock.monotonic())
    watches = ownWatches
    const transport = httpStore(base, {
      system: { clock: process.clock },
      timeoutMs: PERIODS.timeoutMs,
      // It writes where it is told to, and reads what may not be read by all.
      ...(token !== undefined && { token }),
      logger: loggerOf(world, name),
      fetch: fetchOver({
        world: world.clock,
        dice,
        client: process,
        trace: world.trace,
        host: upstream,
        link,
        onRequest(method, path, status) {
          world.trace.add(name, 'request', `${method} ${path.split('?')[0]} ${status}`)
        },
        onChunk: (chunk, server) => world.marks.heard(chunk, server.relay),
        onStream: own.opened,
      }),
    })
    return open(ownWatches.over(transport), process, dice)
  })
  return Object.assign(actor, { link, watches: () => watches })
}

function actorOf(
  world: World,
  name: string,
  relay: boolean,
  open: (process: SimProcess, dice: Dice) => Pick<Handler, 'fetch' | 'close'>,
): ServerActor {
  let lives = 0
  let process: SimProcess | undefined
  let host: Host | undefined

  return {
    host: () => host,
    get process() {
      return process
    },
    start() {
      lives += 1
      const own = startProcess(`${name}.${lives}`, world)
      process = own
      const handler = open(own, own.system.random)
      host = {
        process: own,
        relay,
        async fetch(request) {
          const failed = (how: string): void => {
            const what = `${own.name} answered ${request.method} ${request.url} with ${how}`
            if (own.alive) world.truth.violate('one-error-class', what)
          }
          try {
            const response = await handler.fetch(request)
            if (response.status === 500) failed('500')
            return response
          } catch (error) {
            failed(String(error))
            throw error
          }
        },
        close: () => handler.close(),
      }
      world.trace.add(name, 'starts', `life ${lives}`)
    },
    kill() {
      process?.kill()
      host = undefined
      world.trace.add(name, 'is killed')
    },
  }
}
