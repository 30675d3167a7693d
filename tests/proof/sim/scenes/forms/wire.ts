import { whenAborted } from '../../../../../src/async/signals.js'
import { maxDeltaBytes } from '../../../../../src/core/release/delta-size.js'
import { encodeText, sameBytes } from '../../../../../src/core/json/text.js'
import type { SceneStage } from '../scene.js'
import { codec } from './codec.js'

/**
 * What happens to deltas on their way: to those that are fetched, and some of it to those that come
 * along.
 */
export const TROUBLES = [
  'cut',
  'rotted',
  'stale',
  'foreign',
  'bloated',
  'refused',
  'silent',
  'missing',
] as const

export type Trouble = (typeof TROUBLES)[number]

/** The wire between clients and what serves them. */
export interface Wire {
  trouble: Trouble | undefined
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  /** Whole snapshots that were fetched, and deltas that were asked for and not there. */
  readonly counts: { whole: number; missing: number }
}

export interface WireOptions extends Pick<SceneStage, 'dice' | 'violate'> {
  readonly answer: (url: string, init: RequestInit) => Promise<Response>
  /** The text of each snapshot that was published. */
  readonly texts: ReadonlyMap<string, string>
}

/** Of a body that does not end: how long its parts are, in bytes. */
const PART_BYTES = 500

const PAIR = /([0-9a-f]{64})\.from\.([0-9a-f]{64})/
const ALONG = /([0-9a-f]{64}\.from\.[0-9a-f]{64}) ([A-Za-z0-9+/=]+)/g

/** Makes a {@link Wire}, and looks at each delta that passes before anything happens to it. */
export function layWire({ dice, violate, answer, texts }: WireOptions): Wire {
  let last: Uint8Array | undefined
  const bytesOf = (digest: string): Uint8Array => encodeText(texts.get(digest) ?? '')

  const injured = (pair: string, right: Uint8Array): Uint8Array => {
    const [, digest = '', base = ''] = PAIR.exec(pair) ?? []
    const before = last ?? right
    last = right
    judge(pair, right)
    switch (wire.trouble) {
      case 'cut':
        return right.slice(0, dice.between(0, right.length - 1))
      case 'rotted': {
        const at = dice.between(0, right.length - 1)
        return right.map((byte, index) => (index === at ? byte ^ 4 : byte))
      }
      case 'stale':
        return before
      case 'foreign': {
        // All its headers are right; what it makes is as long, and another document.
        const other = [...texts.keys()].filter(name => name !== digest)
        const made = { base: { digest: base, bytes: bytesOf(base) }, bytes: bytesOf(dice.pick(other)) }
        return codec.encode(made) ?? right
      }
      default:
        return right
    }
  }

  const judge = (pair: string, delta: Uint8Array): void => {
    const [, digest = '', base = ''] = PAIR.exec(pair) ?? []
    const bytes = bytesOf(digest)
    try {
      const made = codec.decode({ base: { digest: base, bytes: bytesOf(base) }, delta, length: bytes.length })
      if (sameBytes(made, bytes)) return
    } catch {
      // Told below.
    }
    violate('deltas-make-what-they-name', `what is served as ${pair} does not`)
  }

  /** A body without an end: who knows its bound leaves it there. */
  const bloated = (pair: string): ReadableStream<Uint8Array> => {
    const most = maxDeltaBytes(bytesOf(PAIR.exec(pair)?.[1] ?? '').length)
    let sent = 0
    return new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (sent > most + 4 * PART_BYTES) {
            violate('deltas-are-bounded', `${sent} bytes of a delta were read, and ${most} is the bound`)
            controller.close()
            return
          }
          sent += PART_BYTES
          controller.enqueue(new Uint8Array(PART_BYTES))
        },
      },
      { highWaterMark: 0 },
    )
  }

  const fetchDelta = async (url: string, init: RequestInit): Promise<Response> => {
    switch (wire.trouble) {
      case 'bloated':
        return new Response(bloated(url))
      case 'refused':
        return new Response('', { status: 503 })
      case 'missing':
        return new Response('', { status: 404 })
      case 'silent':
        if (init.signal) await whenAborted(init.signal)
        throw new TypeError('fetch failed')
      default: {
        const response = await answer(url, init)
        if (response.status !== 200) wire.counts.missing += 1
        if (response.status !== 200) return response
        return new Response(bodyOf(injured(url, new Uint8Array(await response.arrayBuffer()))))
      }
    }
  }

  /** Events as they come; a delta in one of them as it is injured. */
  const alongside = (body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> => {
    const reader = body.getReader()
    return new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          const { done, value } = await reader.read()
          if (done) return controller.close()
          const text = Buffer.from(value).toString('latin1')
          const next = text.replace(ALONG, (_, pair: string, delta: string) => {
            const bytes = injured(pair, Buffer.from(delta, 'base64'))
            return `${pair} ${Buffer.from(bytes).toString('base64')}`
          })
          controller.enqueue(Buffer.from(next, 'latin1'))
        },
        cancel: async reason => reader.cancel(reason),
      },
      { highWaterMark: 0 },
    )
  }

  const wire: Wire = {
    trouble: undefined,
    counts: { whole: 0, missing: 0 },
    async fetch(url, init) {
      const { pathname } = new URL(url)
      if (pathname.endsWith('.dcz')) return fetchDelta(url, init)
      if (pathname.includes('/snapshots/')) wire.counts.whole += 1
      const response = await answer(url, init)
      if (!pathname.endsWith('~events') || response.body === null) return response
      return new Response(alongside(response.body), response)
    },
  }
  return wire
}

/** Bytes as a body, which wants memory that nobody shares. */
export function bodyOf(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}
