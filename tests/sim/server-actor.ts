import { fileStore, type FileStore } from '../../src/node/file-store.js'
import { systemCrypto } from '../../src/ports/system.js'
import { createHandler, type Handler } from '../../src/server/handler.js'
import { cached } from '../../src/transports/cached.js'
import { http } from '../../src/transports/http/http.js'
import { loggerOf, PERIODS } from './client-actor.js'
import type { SimDisk } from './disk.js'
import { simFetch, soundLink, type Host, type Link } from './net.js'
import { startProcess, type SimProcess } from './process.js'
import { diceOf } from './random.js'
import { watchStreams, type Streams } from './streams.js'
import type { World } from './world.js'

export const TOKEN = 'a-token-for-the-simulation'

/** A server machine, and the process that runs on it just now. */
export interface ServerActor {
  readonly host: () => Host | undefined
  readonly process: SimProcess | undefined
  start(): void
  kill(): void
}

/** A server over a board on a disk; several may share one disk. */
export function serverActor(world: World, name: string, disk: SimDisk): ServerActor {
  return actorOf(world, name, false, (process, dice) => {
    const store: FileStore = fileStore('/board', {
      disk: disk.mount(process),
      clock: process.clock,
      // The reserve is a mebibyte of chance, which nobody reads.
      random: { ...dice, bytes: length => (length > 1_024 ? new Uint8Array(length) : dice.bytes(length)) },
      crypto: systemCrypto,
      pollMs: 2_000,
      owner: { tag: process.name, isAlive: () => false } as never,
      logger: loggerOf(world, name),
    })
    return createHandler(store, {
      write: { token: TOKEN },
      heartbeatMs: PERIODS.heartbeatMs,
      clock: process.clock,
      random: dice,
      crypto: systemCrypto,
      logger: loggerOf(world, name),
    })
  })
}

/** A relay: a server over what another server gives, with its own link to it. */
export function relayActor(
  world: World,
  name: string,
  upstream: () => Host | undefined,
): ServerActor & { readonly link: Link; readonly streams: () => Streams | undefined } {
  const link = soundLink()
  let streams: Streams | undefined
  const actor = actorOf(world, name, true, (process, dice) => {
    const own = watchStreams({
      process,
      nowMs: () => world.clock.monotonic(),
      heartbeatMs: PERIODS.heartbeatMs,
      violate: world.truth.violate,
    })
    streams = own
    const transport = http('http://board.test', {
      clock: process.clock,
      timeoutMs: PERIODS.timeoutMs,
      fetch: simFetch({
        world: world.clock,
        dice,
        client: process,
        host: upstream,
        link,
        onRequest: () => {},
        onChunk: world.marks.heard,
        onStream: own.opened,
      }),
    })
    return createHandler(cached(transport), {
      heartbeatMs: PERIODS.heartbeatMs,
      clock: process.clock,
      random: dice,
      crypto: systemCrypto,
      logger: loggerOf(world, name),
    })
  })
  return Object.assign(actor, { link, streams: () => streams })
}

function actorOf(
  world: World,
  name: string,
  relay: boolean,
  open: (process: SimProcess, dice: ReturnType<typeof diceOf>) => Handler,
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
      process = startProcess(`${name}.${lives}`, world.clock)
      const handler = open(process, diceOf(world.seed, process.name))
      host = { process, relay, fetch: request => handler.fetch(request), close: () => handler.close() }
      world.trace.add(name, 'starts', `life ${lives}`)
    },
    kill() {
      process?.kill()
      host = undefined
      world.trace.add(name, 'is killed')
    },
  }
}
