import { onAbort } from '../../async/signals.js'
import { copyBytes } from '../../core/json/text.js'
import { bodyWasRead } from './body.js'
import {
  plainOf,
  type Answer,
  type Frame,
  type Incoming,
  type Plan,
  type Subscriber,
} from '../stream/messages.js'
import { locate } from './mount.js'
import type { Responder } from './responder.js'

/**
 * Answers a web-standard `Request`: for runtimes and frameworks that speak it, and for tests
 * without sockets.
 */
export function fetchAdapter(respond: Responder, prefix: string): (request: Request) => Promise<Response> {
  return async request => {
    const answer = await respond(incomingOf(request, prefix))
    switch (answer.type) {
      case 'whole':
        return new Response(request.method === 'HEAD' ? null : bodyOf(answer), {
          status: answer.status,
          headers: answer.headers,
        })
      case 'lines':
        return new Response(request.method === 'HEAD' ? null : streamOf(answer.lines), {
          status: answer.status,
          headers: answer.headers,
        })
      case 'events':
        return new Response(eventsOf(answer.plan, signalOf(request)), {
          status: 200,
          headers: answer.headers,
        })
    }
  }
}

function incomingOf(request: Request, prefix: string): Incoming {
  const { pathname, search } = new URL(request.url)
  const { headers } = request
  return {
    method: request.method,
    ...locate(`${pathname}${search}`, prefix),
    peer: undefined,
    // A request that was made by hand has no Host; its address says the same.
    header: name => headers.get(name) ?? (name === 'host' ? new URL(request.url).host : undefined),
    body: () => chunksOf(request),
    signal: () => signalOf(request),
  }
}

/** Requests that live as long as somebody holds their signal. */
const requests = new WeakMap<AbortSignal, Request>()

/**
 * A request's signal. In Node it follows the signal that the request was made with only while the
 * request itself is alive, so a stream that kept the signal alone would not hear any more that its
 * reader went away.
 */
function signalOf(request: Request): AbortSignal {
  const { signal } = request
  requests.set(signal, request)
  return signal
}

async function* chunksOf(request: Request): AsyncGenerator<Uint8Array, void, undefined> {
  if (request.bodyUsed) throw bodyWasRead()
  if (request.body === null) return
  const reader = request.body.getReader()
  let ended = false
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) yield next.value
    ended = true
  } finally {
    // What is too large is not read any further; a body that failed holds nothing.
    if (!ended) reader.cancel().catch(() => {})
  }
}

function bodyOf({
  body,
  status,
}: Extract<Answer, { readonly type: 'whole' }>): Uint8Array<ArrayBuffer> | null {
  if (body === undefined || status === 204 || status === 304) return null
  // A copy: whoever gets a response may do with it what he likes.
  return new Uint8Array(body)
}

function streamOf(lines: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = lines[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const next = await iterator.next()
      if (next.done === true) controller.close()
      else controller.enqueue(next.value)
    },
    async cancel() {
      await iterator.return?.()
    },
  })
}

/**
 * What may wait in a stream before its reader counts as slow, in bytes; Node's own limit for a
 * socket.
 */
const WAITING_BYTES = 16_384

function eventsOf(plan: Plan, signal: AbortSignal): ReadableStream<Uint8Array> {
  let subscriber: Subscriber | undefined
  let stop = (): void => {}
  return new ReadableStream<Uint8Array>(
    {
      start(controller) {
        if (signal.aborted) return controller.error(signal.reason)
        let open = true
        let forget = (): void => {}
        const close = (end: () => void): void => {
          if (!open) return
          open = false
          forget()
          end()
        }
        const leave = (): void => {
          close(() => controller.error(signal.reason))
          subscriber?.gone()
        }
        stop = () => close(() => {})
        forget = onAbort(signal, leave)
        subscriber = plan.open({
          blocked: () => open && (controller.desiredSize ?? 0) <= 0,
          write: (frame: Frame) => open && controller.enqueue(copyBytes(plainOf(frame))),
          end: () => close(() => controller.close()),
          destroy() {
            close(() =>
              controller.error(new Error('the reader of the event stream took nothing for too long')),
            )
            subscriber?.gone()
          },
        })
        if (signal.aborted) leave()
      },
      pull: () => subscriber?.drained(),
      cancel() {
        stop()
        subscriber?.gone()
      },
    },
    { highWaterMark: WAITING_BYTES, size: chunk => chunk.byteLength },
  )
}
