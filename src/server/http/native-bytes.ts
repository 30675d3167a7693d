/** The same memory as a Buffer where there are Buffers: Node would make one of it at each write. */
export function nativeBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return typeof Buffer === 'undefined' ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/**
 * Room for bytes that live for a moment only: where there are Buffers a part of their pool. What
 * stands in it is anything.
 */
export function nativeRoom(length: number): Uint8Array<ArrayBuffer> {
  return typeof Buffer === 'undefined' ? new Uint8Array(length) : Buffer.allocUnsafe(length)
}
