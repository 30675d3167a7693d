import type { DeltaCodec, Deltas } from '../../../../../src/contracts/deltas.js'
import { deltaCodec } from '../../../../../src/deltas/delta-codec.js'

/**
 * A frame of one segment that says its length in four bytes, and what it shares with its dictionary
 * at both ends.
 */
const HEADER = [0x28, 0xb5, 0x2f, 0xfd, 0xa0]
const [LENGTH_AT, HEAD_AT, TAIL_AT, MIDDLE_AT] = [5, 9, 13, 17] as const

/**
 * Real frames around a compressor of some lines: no library has to be loaded, and histories are the
 * same everywhere.
 */
export const codec: DeltaCodec = deltaCodec({
  compress(bytes, dictionary) {
    const most = Math.min(bytes.length, dictionary.length)
    let head = 0
    while (head < most && bytes[head] === dictionary[head]) head += 1
    let tail = 0
    while (tail < most - head && bytes.at(-1 - tail) === dictionary.at(-1 - tail)) tail += 1
    const middle = bytes.subarray(head, bytes.length - tail)
    const frame = new Uint8Array(MIDDLE_AT + middle.length)
    const view = new DataView(frame.buffer)
    frame.set(HEADER)
    view.setUint32(LENGTH_AT, bytes.length, true)
    view.setUint32(HEAD_AT, head, true)
    view.setUint32(TAIL_AT, tail, true)
    frame.set(middle, MIDDLE_AT)
    return frame
  },
  decompress(frame, dictionary) {
    const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength)
    const [length, head, tail] = [LENGTH_AT, HEAD_AT, TAIL_AT].map(at => view.getUint32(at, true))
    const middle = frame.subarray(MIDDLE_AT)
    if (head! + middle.length + tail! !== length || head! + tail! > dictionary.length)
      throw new Error('a damaged frame')
    const bytes = new Uint8Array(length)
    bytes.set(dictionary.subarray(0, head))
    bytes.set(middle, head)
    bytes.set(dictionary.subarray(dictionary.length - tail!), head! + middle.length)
    return bytes
  },
})

/** The same as what the option `deltas` takes. */
export const deltas: Deltas = { expected: true, codec: () => Promise.resolve(codec) }
