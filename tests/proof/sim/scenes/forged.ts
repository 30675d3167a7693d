import { createLinkedAbortController, type LinkedAbortController } from '../../../../src/async/signals.js'
import type { Position } from '../../../../src/contracts/position.js'
import type { Clock } from '../../../../src/contracts/system.js'
import type { Arm } from '../../../../src/core/release/release.js'
import type { Handler } from '../../../../src/server/handler.js'
import { makeRelease } from '../../../support/server-fixtures.js'

/** What lies between one client and its servers, and may say anything. */
export interface Between {
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Which server its requests go to; streams end where that changes. */
  goTo(handler: Handler): void
  /** Ends its streams, as a network does. */
  cut(): void
  /**
   * The next answer that says what is newest says this instead, also the next stream that is
   * opened.
   */
  forge(position: Position): void
  /** Whether that was said. */
  readonly forged: boolean
  /**
   * Refuses everything with this time to stay away, until it is undefined; streams say goodbye with
   * it.
   */
  away: number | undefined
  /** When it was last asked for a release or a stream, in monotonic milliseconds. */
  readonly askedMs: number
}

/** Lays a line between a client and a server. */
export function layBetween({
  clock,
  namespace,
  to,
  variants,
}: {
  readonly clock: Clock
  readonly namespace: string
  readonly to: Handler
  /** What the newest release names. */
  readonly variants: () => Arm['variants']
}): Between {
  const streams = new Set<LinkedAbortController>()
  let handler = to
  let position: Position | undefined
  let askedMs = 0
  let away: number | undefined

  const cut = (): void => {
    for (const stream of streams) stream.abort()
    streams.clear()
  }
  const lie = (isStream: boolean): Response => {
    // Nobody published it, and it names documents that there are.
    const { bytes } = makeRelease(
      {},
      {
        namespace,
        ...position,
        issuedAt: '2026-01-01T00:00:00.000Z',
        stable: { version: 1, variants: variants() },
      },
    )
    const text = new TextDecoder().decode(bytes)
    position = undefined
    return isStream
      ? new Response(
          `event: alive\ndata: {"heartbeatMs":15000}\n\nevent: release\ndata: ${namespace}\ndata: ${text}\n\n`,
          {
            headers: { 'content-type': 'text/event-stream' },
          },
        )
      : new Response(text, { headers: { 'content-type': 'application/json', etag: '"forged"' } })
  }

  return {
    cut,
    goTo(next) {
      handler = next
      cut()
    },
    forge: next => void (position = next),
    get forged() {
      return position === undefined
    },
    get away() {
      return away
    },
    set away(ms) {
      away = ms
      if (ms !== undefined) cut()
    },
    get askedMs() {
      return askedMs
    },
    async fetch(url, init) {
      const isStream = url.includes('~events')
      const asks = isStream || url.endsWith('release.json')
      if (asks) askedMs = clock.monotonic()
      if (away !== undefined) {
        if (isStream && away % 2 === 0)
          return new Response(`event: goodbye\ndata: {"delayMs":${away}}\n\n`, {
            headers: { 'content-type': 'text/event-stream' },
          })
        return new Response('{}', { status: 503, headers: { 'retry-after': '999999999' } })
      }
      if (asks && position !== undefined) return lie(isStream)
      const gone = createLinkedAbortController(init.signal ?? undefined)
      if (isStream) streams.add(gone)
      const { signal: _, ...rest } = init
      // Put on by hand: a signal that a request is made with is followed only while it is held.
      return handler.fetch(Object.defineProperty(new Request(url, rest), 'signal', { value: gone.signal }))
    },
  }
}
