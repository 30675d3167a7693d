import { chunkOf } from '../stream/frames.js'
import type { Frame, Plan, Sink } from '../stream/messages.js'
import { combined } from './crc32.js'
import { gzipFrame } from './gzip-frames.js'

/** The header of a gzip member: deflate, no name, no time, an unknown system. */
const HEADER = chunkOf([Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff)])

/** An empty last block. */
const LAST_BLOCK = Uint8Array.of(1, 0, 0, 0xff, 0xff)

/**
 * A stream whose frames go out as one gzip member. Nothing is compressed for it alone; it keeps two
 * numbers.
 */
class GzipSink implements Sink {
  readonly #sink: Sink
  #crc = 0
  #length = 0

  constructor(sink: Sink) {
    this.#sink = sink
    sink.write(HEADER)
  }

  get compressed(): boolean {
    return true
  }

  blocked(): boolean {
    return this.#sink.blocked()
  }

  write(frame: Frame): void {
    const compressed = gzipFrame(frame)
    this.#crc = combined(this.#crc, compressed.checked)
    this.#length = (this.#length + compressed.checked.length) >>> 0
    this.#sink.write(compressed)
  }

  end(): void {
    const trailer = new Uint8Array(8)
    const view = new DataView(trailer.buffer)
    view.setUint32(0, this.#crc, true)
    view.setUint32(4, this.#length, true)
    // A reader may hold back what came last until it has seen that the stream is whole.
    this.#sink.write(chunkOf([LAST_BLOCK, trailer]))
    this.#sink.end()
  }

  destroy(): void {
    this.#sink.destroy()
  }
}

/** The same reader, over a compressed stream. */
export function gzipPlan(plan: Plan): Plan {
  return { open: sink => plan.open(new GzipSink(sink)) }
}
