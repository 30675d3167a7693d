import type { Clock } from '../../contracts/system.js'
import type { Kind } from '../costs/costs.js'
import type { ServerQueue, SharingQueue } from './server-queue.js'

/** A content delivery network before the servers. */
export interface Cache {
  /**
   * Resolves when it has what is at a path at all of its places: for the first who asks it fetches.
   */
  has(path: string): Promise<void>
}

/**
 * A content delivery network that has nothing yet, and fetches for so long.
 *
 * ```ts
 * const cache = createCache({ clock, fillMs: 60 })
 * ```
 */
export function createCache({ clock, fillMs }: { readonly clock: Clock; readonly fillMs: number }): Cache {
  const filledAtMs = new Map<string, number>()
  return {
    async has(path) {
      const atMs = filledAtMs.get(path) ?? clock.monotonic() + fillMs
      filledAtMs.set(path, atMs)
      const ms = atMs - clock.monotonic()
      if (ms > 0) await new Promise<void>(resolve => void clock.after(ms, resolve))
    },
  }
}

/** Answers requests, as a handler does. */
type Answer = (request: Request) => Promise<Response>

/**
 * A server that answers as another one does, only later: each answer, and each frame of a stream,
 * waits for its turn. Before that a request takes the trips that open its connection, and the turn
 * of what shares connections out.
 */
export function timedServer(
  answer: Answer,
  {
    queue,
    shared,
    cache,
    clock,
    openingMs,
  }: {
    readonly queue: ServerQueue
    readonly shared?: SharingQueue | undefined
    readonly cache?: Cache | undefined
    readonly clock: Clock
    readonly openingMs: number
  },
): Answer {
  return async request => {
    if (openingMs > 0) await new Promise<void>(resolve => void clock.after(openingMs, resolve))
    const { pathname } = new URL(request.url)
    const arrivedAtMs = clock.monotonic()
    // What is answered makes no difference to the connection.
    await shared?.hand(kindOf(pathname, 200))
    const response = await answer(request)
    const kind = kindOf(pathname, response.status)
    await queue.serve(kind, arrivedAtMs)
    if (kind === 'snapshot' || kind === 'delta') await cache?.has(pathname)
    if (kind !== 'connect' || response.body === null) return response
    return new Response(timedFrames(response.body, queue), {
      status: response.status,
      headers: response.headers,
    })
  }
}

function kindOf(path: string, status: number): Kind {
  if (path.includes('/~events')) return 'connect'
  if (path.endsWith('/~reports')) return 'report'
  if (path.includes('/snapshots/')) return path.includes('.from.') ? 'delta' : 'snapshot'
  if (path.includes('/releases/')) return 'log'
  return status === 304 ? 'unchanged' : 'release'
}

/** The release with which a stream begins is part of opening it; a snapshot beside it is not. */
function timedFrames(body: ReadableStream<Uint8Array>, queue: ServerQueue): ReadableStream<Uint8Array> {
  const reader = body.getReader()
  let greeted = false
  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) return controller.close()
      const kind = frameOf(value)
      if (kind !== undefined && (greeted || kind !== 'notice')) await queue.serve(kind)
      if (kind === 'notice' || kind === 'delivery' || kind === 'deltaDelivery') greeted = true
      controller.enqueue(value)
    },
    cancel: reason => reader.cancel(reason),
  })
}

const LINE_FEED = 10

/** What a frame is; undefined for signs of life and goodbyes, which are free. */
function frameOf(frame: Uint8Array): Kind | undefined {
  const head = String.fromCharCode(...frame.subarray(0, 'event: release'.length))
  if (head.startsWith('event: mark')) return 'mark'
  if (head !== 'event: release') return undefined
  // The event, the namespace and the release, each a line; then the snapshot, and an empty line.
  const ends = lineEndsOf(frame)
  if (ends.length <= 4) return 'notice'
  const name = String.fromCharCode(...frame.subarray(ends[2], (ends[2] ?? 0) + NAME_BYTES))
  return name.includes('.from.') ? 'deltaDelivery' : 'delivery'
}

/** Within so many bytes of its line a delta is told from a snapshot by its name. */
const NAME_BYTES = 160

/** Where each line of a frame ends. */
function lineEndsOf(frame: Uint8Array): readonly number[] {
  const ends: number[] = []
  for (let at = frame.indexOf(LINE_FEED); at >= 0; at = frame.indexOf(LINE_FEED, at + 1)) ends.push(at)
  return ends
}
