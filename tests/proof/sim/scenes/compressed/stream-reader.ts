import { constants, gunzipSync, inflateRawSync } from 'node:zlib'
import { joinBytes } from '../../../../../src/core/json/text.js'
import { decodeMark } from '../../../../../src/core/release/mark.js'
import { decodeRelease } from '../../../../../src/core/release/release.js'
import type { Handler } from '../../../../../src/server/handler.js'
import type { SceneStage } from '../scene.js'
import { codec } from '../forms/codec.js'

/** Somebody who reads an event stream as it comes, and looks at each byte of it. */
export interface StreamReader {
  readonly names: readonly string[]
  /** Whether it reads nothing for the time being. */
  stalled: boolean
  /** Whether its stream has ended. */
  readonly over: boolean
  /** The sequence that came last, by namespace. */
  readonly last: ReadonlyMap<string, number>
  readonly leave: () => void
}

export interface StreamReaderOptions extends Pick<SceneStage, 'clock' | 'violate' | 'met'> {
  readonly handler: Handler
  readonly names: readonly string[]
  readonly clientId: string
  readonly acceptEncoding: string
  /** Whether gzip is what it asks for. */
  readonly wantsGzip: boolean
  /** Whether it takes deltas. */
  readonly deltas: boolean
  /** The text of each snapshot that was published. */
  readonly texts: ReadonlyMap<string, string>
}

/** What one event of these streams may come to, in bytes. */
export const MOST_BYTES = 1_000_000

/** What a gzip member begins with. */
const HEADER_BYTES = 10

const FLUSHED = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: MOST_BYTES }

/** Opens a stream, and judges what comes: how it is encoded, and what it says. */
export function readStream(options: StreamReaderOptions): StreamReader {
  const { clock, violate, met, handler, names, clientId, acceptEncoding, wantsGzip, deltas } = options
  const leaving = new AbortController()
  const { signal } = leaving
  const last = new Map<string, number>()
  const hear = hearing(options, last)
  const own = { names, stalled: false, over: false, last, leave: () => leaving.abort() }

  const read = async (): Promise<void> => {
    const query = [
      ...names.map(name => `ns=${name}`),
      `inline=1&client=${clientId}`,
      ...(deltas ? ['delta=dcz'] : []),
    ].join('&')
    const request = new Request(`http://board.test/v1/~events?${query}`, {
      headers: { 'Accept-Encoding': acceptEncoding },
    })
    const response = await handler.fetch(Object.defineProperty(request, 'signal', { value: signal }))
    if (response.status !== 200)
      return violate('who-waits-is-served', `a stream is answered with ${response.status}`)
    const encoding = response.headers.get('content-encoding')
    if ((encoding === 'gzip') !== wantsGzip)
      return violate('encodings-are-asked-for', `a stream for "${acceptEncoding}" comes as ${encoding}`)
    const body = response.body?.getReader()
    const decoder = wantsGzip ? memberOf(violate) : { decode: (chunk: Uint8Array) => chunk, end() {} }
    const utf8 = new TextDecoder()
    let text = ''
    try {
      while (body !== undefined && !signal.aborted) {
        while (own.stalled && !signal.aborted) await clock.sleep(100, signal)
        const { done, value } = await body.read()
        if (done) {
          decoder.end()
          if (wantsGzip) met('a compressed stream came to its end')
          return
        }
        text += utf8.decode(decoder.decode(value), { stream: true })
        const events = text.split('\n\n')
        text = events.pop() ?? ''
        for (const event of events) hear(event)
        if (wantsGzip && text !== '')
          return violate('each-event-comes-alone', 'a part of an event came, and not the rest')
      }
    } catch {
      // It left, or was given up because it took nothing for too long.
    }
  }
  void read().finally(() => (own.over = true))
  return own
}

/** A gzip member of which each chunk is to be read by itself, and which is whole in the end. */
function memberOf(violate: SceneStage['violate']) {
  const chunks: Uint8Array[] = []
  const plain: Uint8Array[] = []
  const broken = (why: unknown): void =>
    violate('each-event-comes-alone', `a chunk of a compressed stream cannot be read: ${String(why)}`)
  return {
    decode(chunk: Uint8Array): Uint8Array {
      chunks.push(chunk)
      if (chunks.length === 1) {
        if (chunk.length !== HEADER_BYTES) broken('it does not begin with a header')
        return new Uint8Array()
      }
      try {
        const made = inflateRawSync(chunk, FLUSHED)
        plain.push(made)
        return made
      } catch (error) {
        broken(error)
        throw error
      }
    },
    /** To its end, with check value and length; no chunk but the last one ends it. */
    end(): void {
      try {
        const whole = gunzipSync(joinBytes(chunks), { maxOutputLength: 20 * MOST_BYTES })
        if (whole.equals(joinBytes(plain))) return
        violate('streams-end-whole', 'a compressed stream is not what its chunks are')
      } catch (error) {
        violate('streams-end-whole', `a compressed stream is not whole: ${String(error)}`)
      }
    },
  }
}

/** Judges each event of a stream, and notes the releases. */
function hearing({ names, violate, met, wantsGzip, texts }: StreamReaderOptions, last: Map<string, number>) {
  const have = new Map<string, string>()
  const encoder = new TextEncoder()
  const bytesOf = (digest: string): Uint8Array => encoder.encode(texts.get(digest) ?? '')

  /** What a snapshot that came along makes, and what it is called. */
  const readAlong = (line: string, base: string | undefined): readonly [digest: string, text: string] => {
    const space = line.indexOf(' ')
    const [digest = '', from] = line.slice(0, space).split('.from.')
    const rest = line.slice(space + 1)
    if (from === undefined) return [digest, rest]
    if (from !== base) violate('digest-matches', 'a delta leads from what its reader was not sent')
    const { length } = bytesOf(digest)
    const delta = new Uint8Array(Buffer.from(rest, 'base64'))
    const made = codec.decode({ base: { digest: from, bytes: bytesOf(from) }, delta, length })
    if (wantsGzip) met('a delta came over a compressed stream')
    return [digest, new TextDecoder().decode(made)]
  }

  return (event: string): void => {
    const [kind = '', ...data] = event.split('\n').map(line => line.replace(/^(event|data): /, ''))
    if (kind !== 'release' && kind !== 'mark') return
    const [name = '', bytes = '', ...along] = data
    const said = encoder.encode(bytes)
    const about = kind === 'mark' ? decodeMark(said) : decodeRelease(said).release
    if (!names.includes(name) || about.namespace !== name)
      return violate('only-what-is-there', `a stream of ${names.join()} brings a ${kind} of ${name}`)
    if (kind === 'mark') return
    const { sequence } = about
    if (sequence <= (last.get(name) ?? 0))
      violate('positions-only-grow', `a stream of ${name} went from ${last.get(name)} to ${sequence}`)
    last.set(name, sequence)
    for (const line of along) {
      const [digest, text] = readAlong(line, have.get(name))
      if (text === '' || texts.get(digest) !== text)
        violate('digest-matches', `a snapshot that came along with ${name} ${sequence} is another one`)
      have.set(name, digest)
      if (wantsGzip) met('a snapshot came over a compressed stream')
    }
  }
}
