/** Bytes that are collected piece by piece, however small the pieces are. */
export interface ByteBuffer {
  readonly length: number
  append(bytes: Uint8Array): void
  /** A copy of everything; the buffer is empty then. */
  take(): Uint8Array
}

/** What a buffer keeps for its next use, in bytes. */
const KEPT = 65_536

/**
 * An empty buffer. It doubles as it grows, so that many small pieces cost no more than few large
 * ones.
 */
export function createByteBuffer(): ByteBuffer {
  let space = new Uint8Array()
  let length = 0

  return {
    get length() {
      return length
    },
    append(bytes) {
      if (length + bytes.length > space.length) {
        const larger = new Uint8Array(Math.max(1_024, space.length * 2, length + bytes.length))
        larger.set(space.subarray(0, length))
        space = larger
      }
      space.set(bytes, length)
      length += bytes.length
    },
    take() {
      const taken = space.slice(0, length)
      length = 0
      if (space.length > KEPT) space = new Uint8Array()
      return taken
    },
  }
}
