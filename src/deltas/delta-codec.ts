import type { DeltaCodec } from '../contracts/deltas.js'
import { NoticeboardError } from '../contracts/errors.js'
import { maxDeltaBytes } from '../core/release/delta-size.js'
import { unwrapFrame, wrapFrame } from './frame.js'
import type { Zstd } from './zstd.js'

/** Makes a {@link DeltaCodec} of a compressor. */
export function deltaCodec(zstd: Zstd): DeltaCodec {
  return {
    encode({ base, bytes }) {
      if (maxDeltaBytes(bytes.length) === 0) return undefined
      const delta = wrapFrame(zstd.compress(bytes, base.bytes), base.digest)
      return delta.length <= maxDeltaBytes(bytes.length) ? delta : undefined
    },
    decode({ base, delta, length }) {
      const frame = unwrapFrame(delta, { base: base.digest, length })
      let bytes: Uint8Array
      try {
        bytes = zstd.decompress(frame, base.bytes, length)
      } catch {
        throw new NoticeboardError('invalid-data', 'a delta cannot be used: its frame is damaged')
      }
      if (bytes.length === length) return bytes
      throw new NoticeboardError('invalid-data', 'a delta cannot be used: its content was cut')
    },
  }
}
