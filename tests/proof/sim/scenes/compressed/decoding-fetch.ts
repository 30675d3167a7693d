import { constants, deflateRawSync, gunzipSync } from 'node:zlib'
import { joinBytes } from '../../../../../src/core/json/text.js'
import { never } from '../../../../support/session.js'
import type { SceneStage } from '../scene.js'
import { MOST_BYTES } from './stream-reader.js'

/** What happens to a compressed stream between a server and a client. */
export const WEATHERS = ['recut', 'renamed', 'garbled', 'bloated', 'cut'] as const

export type Weather = (typeof WEATHERS)[number]

/** A runtime's own `fetch`, which decodes what comes in gzip, and the way to it. */
export interface DecodingFetch {
  readonly fetch: (url: string, init?: RequestInit) => Promise<Response>
  /** From now on it is so; every stream breaks, so that each client opens another. */
  turn(weather: Weather | undefined): void
}

export interface DecodingFetchOptions extends Pick<SceneStage, 'dice' | 'violate' | 'met'> {
  readonly answer: (request: Request) => Promise<Response>
  /** What one line of a stream may have at most for its reader, in bytes. */
  readonly maxLineBytes: number
}

/** How many decoded bytes are given at a time. */
const PIECE_BYTES = 16_384

/** What a reader may have taken beyond its bound: what was on its way already. */
const SLACK_BYTES = 4 * PIECE_BYTES

/** Blocks of a thousandth of what they make. */
const BOMB = deflateRawSync(new Uint8Array(MOST_BYTES / 2).fill(120), {
  finishFlush: constants.Z_FULL_FLUSH,
})

/** A block of a type that there is not. */
const GARBAGE = Uint8Array.of(7, 7, 7)

/** Makes a {@link DecodingFetch}. */
export function decodingFetch(options: DecodingFetchOptions): DecodingFetch {
  const { dice, violate, met, answer, maxLineBytes } = options
  const breaks = new Set<() => void>()
  /** The clients to whom a stream came that nobody can read. */
  const deaf = new Set<string>()
  let weather: Weather | undefined
  /** Whether what happens once has happened. */
  let done = false

  const once = (what: Weather): boolean => {
    if (weather !== what || done) return false
    done = true
    met(`a compressed stream was ${what}`)
    return true
  }

  /** The parts in which a chunk comes, as it comes. */
  const onTheWay = (chunk: Uint8Array): readonly Uint8Array[] => {
    if (once('garbled')) return [GARBAGE]
    if (once('bloated')) return [chunk, BOMB]
    if (weather !== 'recut') return [chunk]
    met('a compressed stream was recut')
    const at = dice.between(0, chunk.length - 1)
    return [chunk.subarray(0, at), chunk.subarray(at)]
  }

  const decoded = (body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> => {
    const reader = body.getReader()
    const own: Uint8Array[] = []
    const waiting: Uint8Array[] = []
    let seen = 0
    let bombed: number | undefined
    /** All of what came is read again each time, as far as it goes. */
    const take = (part: Uint8Array): void => {
      own.push(part)
      const text = gunzipSync(joinBytes(own), {
        finishFlush: constants.Z_SYNC_FLUSH,
        maxOutputLength: 20 * MOST_BYTES,
      })
      if (part === BOMB) bombed = 0
      for (; seen < text.length; seen += PIECE_BYTES) waiting.push(text.subarray(seen, seen + PIECE_BYTES))
      seen = text.length
    }
    let snap = (): void => {}
    return new ReadableStream<Uint8Array>(
      {
        start(controller) {
          snap = () => {
            controller.error(new TypeError('terminated'))
            reader.cancel().catch(() => {})
          }
          breaks.add(snap)
        },
        async pull(controller) {
          while (waiting.length === 0) {
            const next = await reader.read()
            if (next.done || once('cut')) {
              breaks.delete(snap)
              return controller.close()
            }
            for (const part of onTheWay(next.value)) take(part)
          }
          const piece = waiting.shift() ?? new Uint8Array()
          if (bombed !== undefined) bombed += piece.length
          if (bombed !== undefined && bombed > maxLineBytes + SLACK_BYTES)
            violate('streams-are-bounded', `${bombed} bytes of one line were read`)
          controller.enqueue(piece)
        },
        cancel(reason) {
          breaks.delete(snap)
          return reader.cancel(reason)
        },
      },
      { highWaterMark: 0 },
    )
  }

  return {
    turn(next) {
      weather = next
      done = false
      for (const snap of breaks) snap()
      breaks.clear()
    },
    async fetch(url, { signal, headers, ...init } = {}) {
      const isStream = url.includes('~events')
      const asked = new Headers(headers)
      // Encoders of snapshots work on threads of Node.
      if (!isStream) asked.set('accept-encoding', 'identity')
      const request = new Request(url, { ...init, headers: asked })
      const response = await answer(Object.defineProperty(request, 'signal', { value: signal ?? never }))
      const { body } = response
      if (!isStream || body === null) return response
      const client = new URL(url).searchParams.get('client') ?? ''
      if (response.headers.get('content-encoding') !== 'gzip') {
        if (deaf.has(client)) met('a stream was asked for as it is')
        return response
      }
      if (deaf.has(client))
        violate('who-hears-nothing-asks-plainly', `${client} asks for what it could not read once more`)
      if (weather !== 'renamed') return new Response(decoded(body), response)
      // As from behind a proxy that takes the name of the encoding away.
      deaf.add(client)
      const told = new Headers(response.headers)
      told.delete('content-encoding')
      met('a compressed stream was renamed')
      return new Response(body, { status: response.status, headers: told })
    },
  }
}
