import { onAbort } from '../async/signals.js'
import type { Clock, Fetch, FetchInit } from '../contracts/system.js'
import { copyBytes } from '../core/json/text.js'
import { carryBody, type OpenStream } from './carry-body.js'
import type { Dice } from './dice.js'
import type { Link, LinkReplica } from './link.js'
import { grumpyAnswer } from './noise.js'
import type { SimProcess } from './process.js'
import type { Trace } from './trace.js'

/** A server as the network sees it. */
export interface SimServer {
  readonly process: SimProcess
  /** Answers a request, as the `fetch` of `createHandler()` does. */
  readonly fetch: (request: Request) => Promise<Response>
}

/** What a network is made of, and who is told of what passes. */
export interface NetworkContext<Server extends SimServer = SimServer> {
  /** The world's clock: what travels goes on while a process is paused. */
  readonly world: Clock
  readonly dice: Dice
  /** The process that asks. */
  readonly client: SimProcess
  /** Whose hash everything that is sent and given goes into. */
  readonly trace: Trace
  /** The server that answers now; undefined while there is none. */
  readonly host: () => Server | undefined
  readonly link: Link
  /** What a mangling proxy makes of a chunk. Default: one that no reader can parse. */
  readonly damage?: (chunk: Uint8Array) => Uint8Array
  /** Called when a request was answered or lost. */
  readonly onRequest?: (method: string, path: string, status: number | 'lost') => void
  /** Called when a request is sent. */
  readonly onSend?: (method: string, path: string, body: unknown) => void
  /** Called with each chunk of an event stream that comes from a server. */
  readonly onChunk?: (chunk: Uint8Array, server: Server) => void
  /** Called when an event stream opens; the result hears of what becomes of it. */
  readonly onStream?: () => OpenStream
}

/** An answer that a proxy passed on in full. */
interface KeptAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array<ArrayBuffer>
}

/**
 * The `fetch` of one process over a link: real requests and byte streams, late, twice, cut or never.
 *
 * ```ts
 * const fetch = simFetch({ world: clock, dice, client, trace, host: () => server, link })
 * const transport = http('http://board.test', { fetch, system: client.system })
 * ```
 */
export function simFetch<Server extends SimServer>(context: NetworkContext<Server>): Fetch {
  const { world, dice, client, host, link, damage = unreadable } = context
  const traffic = context.trace.traffic(client.name)
  const onRequest: NonNullable<NetworkContext['onRequest']> = (method, path, status) => {
    traffic.add(`${method} ${path} ${status}`)
    context.onRequest?.(method, path, status)
  }
  const kept = new Map<string, KeptAnswer>()
  const travel = (): Promise<void> =>
    new Promise(resolve => void world.after(1 + dice.number() * link.slowestMs, resolve))

  return (url, init) =>
    client.gate(
      new Promise<Response>((resolve, reject) => {
        const gone = new AbortController()
        const forget: (() => void)[] = []
        const settled = (): void => {
          for (const undo of forget.splice(0)) undo()
        }
        const path = url.replace(/^https?:\/\/[^/]+/, '')
        const lose = (reason: string): void => {
          settled()
          onRequest(init.method, path, 'lost')
          const code = reason.startsWith('ECONN') ? { code: reason } : {}
          reject(new TypeError('fetch failed', { cause: Object.assign(new Error(reason), code) }))
        }
        const hangUp = (): void => {
          settled()
          gone.abort()
          reject(init.signal.reason ?? new DOMException('This operation was aborted', 'AbortError'))
        }
        if (init.signal.aborted) return hangUp()
        forget.push(onAbort(init.signal, hangUp))
        forget.push(client.onDeath(() => gone.abort()))
        traffic.add(`${init.method} ${path}`, init.body)
        context.onSend?.(init.method, path, init.body)
        void deliver()

        async function deliver(): Promise<void> {
          await travel()
          if (gone.signal.aborted) return
          if (link.black || dice.chance(link.drop)) return onRequest(init.method, path, 'lost')
          const server = host()
          if (link.refused || server === undefined || !server.process.alive) return lose('ECONNREFUSED')
          if (link.proxy === 'login-page')
            return answer(
              new Response('<html>Please sign in</html>', { headers: { 'content-type': 'text/html' } }),
              server,
            )
          if (link.proxy === 'grumpy' && dice.chance(0.7)) {
            const refusal = grumpyAnswer(dice, world.now())
            return refusal === 'redirect' ? lose('unexpected redirect') : answer(refusal, server)
          }
          const stale = kept.get(path)
          if (link.proxy === 'stale' && stale !== undefined)
            return answer(new Response(stale.body, stale), server)
          const { replica } = link
          const asksMirror = replica !== undefined && init.method === 'GET' && path.includes('/release.json')
          const asked = asksMirror ? { ...init, headers: withoutCondition(init.headers) } : init
          const answered = (): Promise<Response> => server.fetch(requestOf(url, asked, gone.signal))
          // A server that is stopped begins with it when it goes on.
          const ask = (): Promise<Response> =>
            server.process.running
              ? answered()
              : new Promise((begun, failed) => server.process.when(() => void answered().then(begun, failed)))
          forget.push(server.process.onDeath(() => lose('ECONNRESET')))
          try {
            if (dice.chance(link.duplicate)) void discard(ask())
            const response = await server.process.gate(ask())
            await answer(asksMirror ? await late(replica, path, response) : response, server)
          } catch {
            lose('the server broke the connection')
          }
        }

        async function answer(response: Response, server: Server): Promise<void> {
          await travel()
          if (link.black || gone.signal.aborted) return void response.body?.cancel().catch(() => {})
          const stream = /event-stream/.test(response.headers.get('content-type') ?? '')
          if (stream && link.proxy === 'buffering') return
          const body =
            response.body === null
              ? null
              : carryBody(response.body, {
                  ...context,
                  server: server.process,
                  gone,
                  travel,
                  traffic,
                  damage,
                  onGiven(body) {
                    if (!stream && init.method === 'GET' && response.status === 200)
                      kept.set(path, { status: 200, headers: response.headers, body })
                  },
                  readable: !stream && init.method === 'GET',
                  lifeline: stream ? init.signal : undefined,
                  onChunk: chunk => context.onChunk?.(chunk, server),
                })
          settled()
          onRequest(init.method, path, response.status)
          resolve(new Response(body, { status: response.status, headers: response.headers }))
        }
      }),
    )

  /** What a mirror makes of an answer: the newest of those that are as late as it is. */
  async function late(
    { seen, lagMs, onLate }: LinkReplica,
    path: string,
    response: Response,
  ): Promise<Response> {
    if (response.status !== 200) return response
    const known = seen.get(path) ?? []
    seen.set(path, known)
    const { headers } = response
    const latest = { atMs: world.monotonic(), headers, body: await response.arrayBuffer() }
    known.push(latest)
    const given = known.findLast(({ atMs }) => atMs <= latest.atMs - lagMs) ?? known[0] ?? latest
    if (given.headers.get('etag') !== headers.get('etag')) onLate()
    return new Response(given.body, { status: 200, headers: given.headers })
  }
}

/**
 * A request as its server sees it. The signal is put on by hand: to link one costs more than all
 * the rest of a request.
 */
function requestOf(url: string, { method, headers, body }: FetchInit, signal: AbortSignal): Request {
  // A body that comes piece by piece wants to be announced as such.
  const request = new Request(url, {
    method,
    headers,
    ...(body !== undefined && { body, duplex: 'half' }),
  } as RequestInit)
  return Object.defineProperty(request, 'signal', { value: signal })
}

function withoutCondition(headers: FetchInit['headers']): FetchInit['headers'] {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'if-none-match'),
  )
}

/** Damage that makes a chunk unreadable as JSON. */
function unreadable(bytes: Uint8Array): Uint8Array {
  const copy = copyBytes(bytes)
  if (copy.length > 0) copy[0] = 33
  return copy
}

async function discard(asked: Promise<Response>): Promise<void> {
  try {
    await (await asked).body?.cancel()
  } catch {
    // Nobody waits for the second answer.
  }
}
