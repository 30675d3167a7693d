import type { Clock, Fetch, FetchInit } from '../../../src/contracts/system.js'
import { grumpyAnswer, noisy } from './noise.js'
import { copyBytes } from '../../../src/core/json/text.js'
import type { Dice } from './random.js'
import type { SimProcess } from './process.js'
import type { OpenStream } from './streams.js'
import type { Trace } from './trace.js'

/** The way between a client and a server, with what is wrong with it just now. */
export interface Link {
  /** Connections are refused. */
  refused: boolean
  /** Nothing goes through, and nobody is told: packets vanish, and open connections are half-open for good. */
  black: boolean
  /** Probability that a request vanishes. */
  drop: number
  /** Probability that a request arrives twice. */
  duplicate: number
  /** Probability that a body ends in the middle. */
  cut: number
  /** Chunks arrive a byte at a time. */
  bytewise: boolean
  /**
   * A proxy in between: gives stale answers, holds streams back, answers with its login page, damages what it passes on, refuses in
   * every way that HTTP knows, or adds to event streams what their readers have to bear.
   */
  proxy: 'none' | 'stale' | 'buffering' | 'login-page' | 'mangling' | 'grumpy' | 'noisy'
  /** A mirror in between, whose answers about the newest release are late. */
  replica: Replica | undefined
  /** Whoever asked reads nothing of what comes. */
  stalled: boolean
  slowestMs: number
}

/** A mirror that answers with what stood there some seconds ago. It learns what stands there when somebody asks. */
export interface Replica {
  readonly lagMs: number
  readonly onLate: () => void
  readonly seen: Map<
    string,
    { readonly atMs: number; readonly headers: Headers; readonly body: ArrayBuffer }[]
  >
}

/** A link on which all is well. */
export function soundLink(): Link {
  return {
    refused: false,
    black: false,
    drop: 0,
    duplicate: 0,
    cut: 0,
    bytewise: false,
    proxy: 'none',
    replica: undefined,
    stalled: false,
    slowestMs: 20,
  }
}

/** The largest snapshot that readers of the simulation take from a stream, in bytes; and a line that is too long for all of them. */
export const MAX_SNAPSHOT_BYTES = 65_536
const MAX_LINE_BYTES = 2 * MAX_SNAPSHOT_BYTES

/** A server as the network sees it. */
export interface Host {
  readonly process: SimProcess
  readonly relay: boolean
  readonly fetch: (request: Request) => Promise<Response>
  readonly close: () => Promise<void>
}

export interface NetContext {
  readonly world: Clock
  readonly dice: Dice
  readonly client: SimProcess
  /** Whose hash everything that is sent and given goes into. */
  readonly trace: Trace
  /** The server that answers now; undefined while there is none. */
  readonly host: () => Host | undefined
  readonly link: Link
  readonly onRequest: (method: string, path: string, status: number | 'lost') => void
  readonly onSend?: (method: string, path: string, body: unknown) => void
  readonly onChunk?: (chunk: Uint8Array, fromRelay: boolean) => void
  readonly onStream?: () => OpenStream
}

/** One client's `fetch` over a link: the real requests and byte streams, late, twice, cut or never. */
export function simFetch(context: NetContext): Fetch {
  const { world, dice, client, host, link } = context
  const traffic = context.trace.traffic(client.name)
  const onRequest: NetContext['onRequest'] = (method, path, status) => {
    traffic.add(`${method} ${path} ${status}`)
    context.onRequest(method, path, status)
  }
  const kept = new Map<
    string,
    { readonly status: number; readonly headers: Headers; readonly body: Uint8Array<ArrayBuffer> }
  >()
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
        init.signal.addEventListener('abort', hangUp, { once: true })
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

        async function answer(response: Response, server: Host): Promise<void> {
          await travel()
          if (link.black || gone.signal.aborted) return void response.body?.cancel().catch(() => {})
          const stream = /event-stream/.test(response.headers.get('content-type') ?? '')
          if (stream && link.proxy === 'buffering') return
          const body =
            response.body === null
              ? null
              : carry(response.body, {
                  server,
                  gone,
                  keep: !stream && init.method === 'GET' ? path : undefined,
                  response,
                  lifeline: stream ? init.signal : undefined,
                })
          settled()
          onRequest(init.method, path, response.status)
          resolve(new Response(body, { status: response.status, headers: response.headers }))
        }
      }),
    )

  /** What a mirror makes of an answer: the newest of those that are as late as it is. */
  async function late({ seen, lagMs, onLate }: Replica, path: string, response: Response): Promise<Response> {
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

  function carry(
    from: ReadableStream<Uint8Array>,
    {
      server,
      gone,
      keep,
      response,
      lifeline,
    }: {
      server: Host
      gone: AbortController
      keep: string | undefined
      response: Response
      lifeline: AbortSignal | undefined
    },
  ): ReadableStream<Uint8Array> {
    const reader = from.getReader()
    const cut = dice.chance(link.cut)
    const stream = lifeline === undefined ? undefined : context.onStream?.()
    const over = (): void => stream?.closed()
    lifeline?.addEventListener('abort', over, { once: true })
    if (stream !== undefined) client.onDeath(over)
    const parts: Uint8Array[] = []
    return new ReadableStream<Uint8Array>({
      start(controller) {
        const fail = (): void => {
          over()
          try {
            controller.error(new TypeError('terminated'))
          } catch {
            // It had ended before.
          }
        }
        const stop = (): void => {
          reader.cancel().catch(() => {})
          client.when(fail)
        }
        const forget = [
          server.process.onDeath(() => void travel().then(stop)),
          client.onDeath(() => gone.abort()),
        ]
        gone.signal.addEventListener('abort', stop, { once: true })
        void pump().then(() => forget.forEach(undo => undo()))

        async function pump(): Promise<void> {
          let first = true
          try {
            while (!gone.signal.aborted) {
              while (link.stalled && !gone.signal.aborted)
                await new Promise<void>(resolve => void world.after(500, resolve))
              if (!server.process.running) await server.process.gate(Promise.resolve())
              const { done, value } = await server.process.gate(reader.read())
              // The end comes with the last bytes, mostly.
              if (!done || dice.chance(0.1)) await travel()
              // Packets that vanish leave both ends believing that they are connected.
              if (link.black) return
              if (done) {
                traffic.add('end')
                if (keep !== undefined && response.status === 200)
                  kept.set(keep, { status: 200, headers: response.headers, body: joined(parts) })
                return client.when(() => {
                  over()
                  close(controller)
                })
              }
              if (keep !== undefined) parts.push(value)
              if (cut) {
                traffic.add('cut')
                client.when(() => enqueue(controller, value.slice(0, value.length >> 1)))
                gone.abort()
                return
              }
              if (lifeline !== undefined) context.onChunk?.(value, server.relay)
              const given =
                link.proxy === 'mangling' && keep !== undefined
                  ? mangled(value)
                  : link.proxy === 'noisy' && lifeline !== undefined
                    ? noisy(value, { dice, first, maxLineBytes: MAX_LINE_BYTES })
                    : value
              first = false
              traffic.bytes(given)
              const chunks =
                link.bytewise && given.length < 4_000 ? [...given].map(byte => Uint8Array.of(byte)) : [given]
              client.when(() => stream?.heard())
              for (const chunk of chunks) client.when(() => enqueue(controller, chunk))
            }
          } catch {
            client.when(fail)
          }
        }
      },
      cancel() {
        over()
        gone.abort()
      },
    })
  }
}

/** A request as its server sees it. The signal is put on by hand: to link one costs more than all the rest of a request. */
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

/** Damage that only a digest shows where there is one, and that nobody can read elsewhere. */
function mangled(bytes: Uint8Array): Uint8Array {
  const copy = copyBytes(bytes)
  const filler = copy.lastIndexOf(120)
  const at = copy[0] === 123 && copy[1] === 34 && copy[2] === 110 && filler > 0 ? filler : 0
  copy[at] = at === 0 ? 33 : 121
  return copy
}

function enqueue(controller: ReadableStreamDefaultController<Uint8Array>, chunk: Uint8Array): void {
  try {
    controller.enqueue(chunk)
  } catch {
    // The reader went away.
  }
}

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close()
  } catch {
    // The reader went away.
  }
}

async function discard(asked: Promise<Response>): Promise<void> {
  try {
    await (await asked).body?.cancel()
  } catch {
    // Nobody waits for the second answer.
  }
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
