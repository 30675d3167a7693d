import { onTestFinished } from 'vitest'
import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/client.js'
import type { ClientOptions } from '../../../src/client/options.js'
import { isNoticeboardError } from '../../../src/contracts/errors.js'
import type { Fetch, FetchInit } from '../../../src/contracts/system.js'
import type { Delivery, Store, Transport } from '../../../src/contracts/transport.js'
import { systemHasher } from '../../../src/system/system.js'
import { createPublisher, everyone, type Publisher } from '../../../src/publisher/index.js'
import { createHandler, type Handler } from '../../../src/server/handler.js'
import type { HandlerOptions } from '../../../src/server/options.js'
import { hybrid, pull, push } from '../../../src/strategies/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { cached } from '../../../src/transports/cached.js'
import { http, httpStore, type HttpTransport } from '../../../src/transports/http/index.js'
import { testPlatform } from '../../support/client-harness.js'
import { EVERY_WAY } from '../sim/plan-of.js'

export const NAMESPACE = 'shop/prod'
export const TOKEN = 'a-token-for-writing'
export const schema = z.object({ n: z.number().int().min(1), text: z.string().optional() })
export type Config = z.output<typeof schema>

/** How a client hears of releases. */
export type Way = (typeof EVERY_WAY)[number]

/** Every way by its name, for `describe.each`. */
export const WAYS: readonly (readonly [name: string, way: Way])[] = EVERY_WAY.map(way => [
  `${way.strategy}, ${way.relayed ? 'relayed' : 'direct'}`,
  way,
])

/** Periods in virtual milliseconds, the strategies' own but for the sweep. */
export const PERIODS = {
  intervalMs: 30_000,
  sweepIntervalMs: 120_000,
  retryCapMs: 30_000,
  reportIntervalMs: 30_000,
} as const

/** A publish as the lines need it. */
export const EVERYBODY = { rollout: everyone(), reason: 'a test' } as const

/**
 * Line 13: one look and two backoff caps, and once more for a relay; a request in each direction.
 */
export function boundMs({ strategy, relayed }: Way): number {
  const lookMs = 1.2 * (strategy === 'pull' ? PERIODS.intervalMs : PERIODS.sweepIntervalMs)
  return (lookMs + 2 * PERIODS.retryCapMs) * (relayed ? 2 : 1) + 20_000
}

/** One request as it left. */
export interface Sent {
  readonly atMs: number
  readonly method: string
  readonly path: string
  readonly body: Uint8Array | undefined
}

/**
 * What stands in the way of requests: answers in a server's place, or throws as a broken connection
 * does.
 */
export type Obstacle = (url: string, init: FetchInit) => Promise<Response> | Response | undefined

/** A machine that serves; what is behind it may change, and may be gone. */
export interface Host {
  readonly fetch: (url: string, init: FetchInit) => Promise<Response>
  /** Every request that came. */
  readonly heard: readonly Sent[]
  /** Starts a server over that; one that ran ends as a killed process does. */
  start(source: Transport | Store, options?: HandlerOptions): void
  end(): Promise<void>
}

/** A client, and what was seen of it from outside. */
export interface Member {
  readonly client: Client<Config>
  readonly transport: HttpTransport
  readonly sent: readonly Sent[]
  readonly errors: readonly string[]
  /** Documents in the order in which it ran them. */
  readonly ran: readonly Config[]
  /** Snapshots that it asked for. */
  fetches(): number
  /** Digests of the snapshots that were sent to it along with a release. */
  readonly given: readonly string[]
  /** Full snapshots that travelled to it: fetched, or sent along with a release. */
  snapshots(): number
  obstacle: Obstacle | undefined
}

/**
 * A board, its server, a relay before it, and clients, under one virtual clock; requests go from
 * hand to hand in memory.
 */
export interface Place {
  readonly clock: VirtualClock
  readonly origin: Host
  readonly relay: Host & { obstacle: Obstacle | undefined }
  /** Starts the relay anew, with nothing in its memory. */
  restartRelay(): void
  readonly publisher: Publisher<Config>
  publisherOf(options?: object): Publisher<Config>
  publish(document: Config): Promise<void>
  client(way: Way, options?: Partial<ClientOptions<typeof schema>>): Member
  /** Lets time pass until the work is done. */
  done<T>(work: Promise<T>, maxMs?: number): Promise<T>
  /** Lets time pass until the condition holds; fails after the time. */
  until(condition: () => boolean, maxMs: number): Promise<void>
}

const BASE = 'http://board.test'
const TRAVEL_MS = 5

/**
 * Opens a {@link Place} over a store. What it started ends with the test, and must leave no timer.
 */
export function openPlace({
  store,
  clock = virtualClock(),
  options = {},
}: {
  readonly store: Store
  readonly clock?: VirtualClock
  readonly options?: HandlerOptions
}): Place {
  const clients: Client<Config>[] = []
  const serving = { system: { clock, random: seededRandom(7), hasher: systemHasher }, heartbeatMs: 15_000 }
  const travel = (): Promise<void> => new Promise(resolve => void clock.after(TRAVEL_MS, resolve))

  const hostOf = (standing: HandlerOptions): Host => {
    let handler: Handler | undefined
    let open = new Set<AbortController>()
    const heard: Sent[] = []
    const end = async (): Promise<void> => {
      const gone = handler
      handler = undefined
      for (const connection of open) connection.abort(new Error('ECONNRESET'))
      open = new Set()
      await gone?.close({ drainMs: 0, graceMs: 1 })
    }
    return {
      heard,
      end,
      start(source, more = {}) {
        void end()
        handler = createHandler(source, { ...serving, ...standing, ...more })
      },
      async fetch(url, init) {
        heard.push(sentOf(url, init, clock))
        if (handler === undefined)
          throw new TypeError('fetch failed', {
            cause: Object.assign(new Error('refused'), { code: 'ECONNREFUSED' }),
          })
        const connection = new AbortController()
        open.add(connection)
        const leave = (): void => connection.abort(init.signal.reason)
        init.signal.addEventListener('abort', leave, { once: true })
        if (init.signal.aborted) leave()
        const { method, headers, body } = init
        const request = new Request(url, {
          method,
          headers,
          signal: connection.signal,
          ...(body && { body }),
        })
        return handler.fetch(request)
      },
    }
  }
  const fetchOver =
    (host: Host, log: Sent[], obstacle: () => Obstacle | undefined): Fetch =>
    async (url, init) => {
      log.push(sentOf(url, init, clock))
      await travel()
      const response = await (obstacle()?.(url, init) ?? host.fetch(url, init))
      await travel()
      return response
    }

  const origin = hostOf({ write: { token: TOKEN }, ...options })
  origin.start(store)
  const relay = Object.assign(hostOf({}), { obstacle: undefined as Obstacle | undefined })
  const upstream = fetchOver(origin, [], () => relay.obstacle)
  const restartRelay = (): void => relay.start(cached(http(BASE, { system: { clock }, fetch: upstream })))
  restartRelay()

  const publisherOf = (more: object = {}): Publisher<Config> =>
    createPublisher({
      namespace: NAMESPACE,
      schema,
      store: httpStore(BASE, {
        system: { clock },
        token: TOKEN,
        fetch: fetchOver(origin, [], () => undefined),
      }),
      system: { clock, random: seededRandom(3), hasher: systemHasher },
      retries: 2,
      ...more,
    }) as Publisher<Config>
  const publisher = publisherOf()
  const place: Place = {
    clock,
    origin,
    relay,
    restartRelay,
    publisher,
    publisherOf,
    async publish(document) {
      await place.done(publisher.publish(document, EVERYBODY))
    },
    client(way, more = {}) {
      const sent: Sent[] = []
      const errors: string[] = []
      const ran: Config[] = []
      const given: string[] = []
      const transport = http(BASE, {
        system: { clock },
        fetch: fetchOver(way.relayed ? relay : origin, sent, () => member.obstacle),
      })
      const counted: HttpTransport = {
        ...transport,
        async *watch(query, signal): AsyncGenerator<Delivery> {
          for await (const delivery of transport.watch(query, signal)) {
            if (delivery.type === 'release')
              given.push(...(delivery.snapshots ?? []).map(({ digest }) => digest))
            yield delivery
          }
        },
      }
      const { intervalMs, sweepIntervalMs, retryCapMs, reportIntervalMs } = PERIODS
      const clientId = more.clientId ?? `web-${clients.length}`
      const client = createClient({
        namespace: NAMESPACE,
        schema,
        strategy:
          way.strategy === 'pull'
            ? pull(counted, { pollIntervalMs: intervalMs, sweepIntervalMs, backoff: { capMs: retryCapMs } })
            : { push, hybrid }[way.strategy](counted, {
                pollIntervalMs: intervalMs,
                sweepIntervalMs,
                backoff: { capMs: retryCapMs },
              }),
        reports: { intervalMs: reportIntervalMs },
        system: {
          clock,
          random: seededRandom(clients.length + 100),
          hasher: systemHasher,
          platform: testPlatform(),
        },
        ...more,
        clientId,
      })
      clients.push(client)
      client.on('change', ({ current }) => ran.push(current))
      client.on('error', ({ code }) => errors.push(code))
      client.ready({ timeoutMs: 0 }).catch(() => {})
      const member: Member = {
        client,
        transport,
        sent,
        errors,
        ran,
        given,
        fetches: () => sent.filter(({ path }) => path.includes('/snapshots/')).length,
        snapshots: () => member.fetches() + given.length,
        obstacle: undefined,
      }
      return member
    },
    async done(work, maxMs = 120_000) {
      let settled = false
      const settle = (): void => void (settled = true)
      work.then(settle, settle)
      await clock.runUntil(() => settled, maxMs)
      return work
    },
    until: (condition, maxMs) => clock.runUntil(condition, maxMs),
  }
  onTestFinished(async () => {
    await place.done(Promise.all(clients.map(client => client.close())))
    await place.done(Promise.all([publisher.close(), relay.end(), origin.end()]))
    await clock.advance(60_000)
    if (clock.pending > 0) throw new Error(`${clock.pending} timers are left`)
  })
  return place
}

function sentOf(url: string, { method, body }: FetchInit, clock: VirtualClock): Sent {
  return { atMs: clock.monotonic(), method, path: url.slice(BASE.length), body }
}

/** The document that a client runs; undefined while it has none. */
export function runs({ client }: Member): Config | undefined {
  try {
    return client.current
  } catch (error) {
    if (isNoticeboardError(error, 'not-ready')) return undefined
    throw error
  }
}
