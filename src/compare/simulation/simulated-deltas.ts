import type { DeltaCodec, Deltas } from '../../contracts/deltas.js'
import { NoticeboardError } from '../../contracts/errors.js'

/** How a delta says how many bytes of its base it begins with. */
const HEAD_BYTES = 4

const codec: DeltaCodec = {
  encode({ base, bytes }) {
    let same = 0
    while (same < bytes.length && bytes[same] === base.bytes[same]) same += 1
    const delta = new Uint8Array(HEAD_BYTES + bytes.length - same)
    new DataView(delta.buffer).setUint32(0, same)
    delta.set(bytes.subarray(same), HEAD_BYTES)
    return delta
  },
  decode({ base, delta, length }) {
    const same = new DataView(delta.buffer, delta.byteOffset).getUint32(0)
    const rest = delta.subarray(HEAD_BYTES)
    if (same + rest.length !== length || same > base.bytes.length)
      throw new NoticeboardError('invalid-data', 'a delta of a simulation is of another base')
    const bytes = new Uint8Array(length)
    bytes.set(base.bytes.subarray(0, same))
    bytes.set(rest, same)
    return bytes
  },
}

/**
 * Deltas of simulations: what they cost is told by the costs, so they are made of what documents
 * begin with in common, on every runtime alike.
 */
export const simulatedDeltas: Deltas = { expected: true, codec: async () => codec }
