import type { VirtualClock } from '../../src/sim/virtual-clock.js'
import type { Happen } from './at-each-step.js'
import type { Steps } from './steps.js'

/** Asks a server, with a place before the request reaches it and one after its answer. */
export async function stepped(
  steps: Steps,
  request: Request,
  ask: (request: Request) => Promise<Response>,
): Promise<Response> {
  const { pathname } = new URL(request.url)
  const title = `${request.method} ${pathname}`
  const refused = await steps.pass(title)
  if (refused instanceof Response) return refused
  const answer = await ask(request)
  const lost = await steps.pass(`${title}, answered`)
  if (lost instanceof Response) {
    await answer.body?.cancel()
    return lost
  }
  if (lost === DRIP) return throughBytes(answer, chunk => Array.from(chunk, byte => Uint8Array.of(byte)))
  if (lost === CUT) return throughBytes(answer, chunk => [chunk.subarray(0, chunk.length >> 1)])
  return answer
}

/** An answer whose body comes byte by byte. */
const DRIP = Symbol('drip')

/** An answer half of whose body is missing. */
const CUT = Symbol('cut')

function throughBytes(answer: Response, part: (chunk: Uint8Array) => readonly Uint8Array[]): Response {
  if (answer.body === null || answer.headers.get('content-type')?.includes('event-stream') === true)
    return answer
  const bytes = answer.body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform(chunk, controller) {
        for (const bytes of part(chunk)) controller.enqueue(bytes)
      },
    }),
  )
  return new Response(bytes, { status: answer.status, headers: answer.headers })
}

const answered =
  (status: number, headers: Record<string, string> = {}): (() => Promise<Response>) =>
  async () =>
    new Response('told to fail', { status, headers })

interface Timed {
  readonly clock: VirtualClock
}

/** What passes by itself, so that a patient caller goes on. */
export const PASSING_TROUBLE: Readonly<Record<string, Happen<Timed>>> = {
  'a lost connection': () => Promise.reject(new TypeError('fetch failed')),
  'status 500': answered(500),
  'status 502': answered(502),
  'status 503 with a Retry-After': answered(503, { 'retry-after': '2' }),
  'status 429 with a Retry-After': answered(429, { 'retry-after': '2' }),
  'an answer that is cut': async () => CUT,
  'an answer that drips': async () => DRIP,
  'a late answer': ({ clock }, _place, over) => clock.sleep(5_000, over),
}

/** What trying again does not mend, or what takes too long. */
export const LASTING_TROUBLE: Readonly<Record<string, Happen<Timed>>> = {
  'status 408': answered(408),
  'status 401': answered(401),
  'status 403': answered(403),
  'an answer of a page that is no JSON': answered(200, { 'content-type': 'text/html' }),
  'an answer after every deadline': ({ clock }, _place, over) => clock.sleep(60_000, over),
}

/** The codes with which a caller that is not patient fails. */
export const CODES: Readonly<Record<string, readonly string[]>> = {
  'a lost connection': ['unavailable'],
  'status 500': ['unavailable'],
  'status 502': ['unavailable'],
  'status 503 with a Retry-After': ['unavailable', 'rate-limited'],
  'status 429 with a Retry-After': ['unavailable', 'rate-limited'],
  'an answer that is cut': ['unavailable'],
  'status 408': ['unavailable', 'timeout', 'invalid-data'],
  'status 401': ['unauthorized'],
  'status 403': ['forbidden', 'unauthorized', 'not-found'],
  'an answer of a page that is no JSON': [
    'invalid-data',
    'digest-mismatch',
    'unavailable',
    'too-large',
    'not-found',
  ],
  'an answer after every deadline': ['timeout', 'unavailable'],
}

/**
 * The answer of a server in this process as it arrives over a network: what breaks it there is a
 * lost connection here.
 */
export function overAWire(answer: Response): Response {
  if (answer.body === null) return answer
  const reader = answer.body.getReader()
  const body = new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read()
        if (done) controller.close()
        else controller.enqueue(value)
      } catch (cause) {
        controller.error(new TypeError('terminated', { cause }))
      }
    },
    cancel: reason => reader.cancel(reason),
  })
  return new Response(body, { status: answer.status, headers: answer.headers })
}
