import { expect } from 'vitest'
import { createClient, type Client } from '../../../../src/client/client.js'
import type { ClientOptions } from '../../../../src/client/options.js'
import type { Fetch } from '../../../../src/contracts/system.js'
import type { OutputOf, Schema } from '../../../../src/contracts/schema.js'
import { systemHasher } from '../../../../src/system/system.js'
import { createPublisher, type Publisher, type PublisherOptions } from '../../../../src/publisher/index.js'
import { createHandler, type Handler } from '../../../../src/server/handler.js'
import { virtualClock, type VirtualClock } from '../../../../src/sim/virtual-clock.js'
import { httpStore, type HttpStore } from '../../../../src/transports/http/http-store.js'
import { memory, type MemoryStore } from '../../../../src/transports/memory.js'
import { seededDice } from '../../../../src/sim/dice.js'
import { drive } from './drive.js'
import { EVENTS, type Answer, type Meddle } from './scene.js'
import { watchStream, type Fate, type Stream } from './stream.js'

export const SHOP = 'shop/prod'
const TOKEN = 'a-token-for-replays'

/** A request, and how it was answered. */
export type Asked = Omit<Answer, 'conditional'>

/**
 * A board in memory behind a server, for outages of documents and of streams, which need no disk
 * and no links.
 */
export interface Board {
  readonly clock: VirtualClock
  readonly store: MemoryStore
  /** Requests as they came, in order. */
  readonly asked: readonly Asked[]
  readonly streams: readonly Stream[]
  onFrame: ((text: string, who: string) => Fate) | undefined
  /** Everybody asks the server while it is undefined. */
  meddle: Meddle | undefined
  /** What somebody's streams wait for with each frame before it goes on. */
  hold: ((who: string) => Promise<void> | undefined) | undefined
  /** The board over HTTP, as somebody uses it. */
  transport(who: string): HttpStore
  /** What somebody asks the server with. */
  fetchOf(who: string): Fetch
  publisher<Input, Output>(
    options: Pick<PublisherOptions<Input, Output>, 'schema' | 'validators' | 'maxSnapshotBytes'> &
      Partial<PublisherOptions<Input, Output>>,
  ): Publisher<Input>
  client<S extends Schema>(
    options: Partial<ClientOptions<S>> & Pick<ClientOptions<S>, 'schema' | 'strategy' | 'clientId'>,
  ): Client<OutputOf<S>>
  /** Ends the server and its streams as SIGKILL does, and starts another over the same store. */
  restart(): void
  /** Lets time pass until the work is done. */
  drive<T>(work: Promise<T>): Promise<T>
  /** How many releases the log holds. */
  releases(): Promise<number>
  /** Closes everybody, and what was put between; nothing may be left. */
  end(more?: () => Promise<void>): Promise<void>
}

/** Makes a {@link Board}. */
export function memoryBoard({ maxSnapshotBytes = 1_048_576 }: { maxSnapshotBytes?: number } = {}): Board {
  const clock = virtualClock()
  const store = memory({ system: { clock }, maxSnapshotBytes })
  const random = (name: string): ReturnType<typeof seededDice> => seededDice(1, name)
  const start = (): Handler =>
    createHandler(store, {
      system: { clock, random: random('server'), hasher: systemHasher },
      write: { token: TOKEN },
    })
  const handlers = [start()]
  const asked: Asked[] = []
  const streams: Stream[] = []
  const clients: { close(): Promise<void> }[] = []
  let made = 0

  const board: Board = {
    clock,
    store,
    asked,
    streams,
    onFrame: undefined,
    meddle: undefined,
    hold: undefined,
    transport: who =>
      httpStore('http://board.test', {
        system: { clock },
        token: TOKEN,
        maxSnapshotBytes,
        fetch: board.fetchOf(who),
      }),
    fetchOf: who => async (url, init) => {
      const { pathname } = new URL(url)
      const ask = (request: Request): Promise<Response> => (handlers.at(-1) as Handler).fetch(request)
      const request = new Request(url, init)
      const atMs = clock.monotonic()
      const response = await (board.meddle?.(request, ask, who) ?? ask(request))
      asked.push({ atMs, who, method: init.method, path: pathname, status: response.status })
      if (pathname !== EVENTS || response.status !== 200 || response.body === null) return response
      const stream = watchStream(who, response.body, {
        nowMs: () => clock.monotonic(),
        onFrame: text => board.onFrame?.(text, who) ?? 'pass',
        hold: () => board.hold?.(who),
      })
      streams.push(stream)
      return new Response(stream.body, { status: 200, headers: response.headers })
    },
    publisher(options) {
      made += 1
      return createPublisher({
        namespace: SHOP,
        store: board.transport(`publisher-${made}`),
        system: { clock, random: random(`publisher ${made}`), hasher: systemHasher },
        ...options,
      })
    },
    client(options) {
      const client = createClient({
        namespace: SHOP,
        system: { clock, random: random(`${options.clientId} ${(made += 1)}`), hasher: systemHasher },
        ...options,
      })
      clients.push(client)
      return client as never
    },
    restart() {
      for (const { cut } of streams) cut()
      handlers.push(start())
    },
    drive: work => drive(clock, work),
    async releases() {
      let count = 0
      for await (const _entry of store.history({ namespace: SHOP }, new AbortController().signal)) count += 1
      return count
    },
    async end(more = async () => {}) {
      board.onFrame = undefined
      board.meddle = undefined
      board.hold = undefined
      await board.drive(Promise.all(clients.map(client => client.close())))
      expect(streams.filter(({ who, endedAtMs }) => endedAtMs === undefined && who !== 'relay')).toEqual([])
      await board.drive(more())
      await board.drive(Promise.all(handlers.map(handler => handler.close())))
      await clock.advance(60_000)
      expect(clock.pending).toBe(0)
    },
  }
  return board
}
