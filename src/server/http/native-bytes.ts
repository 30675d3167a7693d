/** The same memory as a Buffer where there are Buffers: Node would make one of it at each write. */
export function nativeBytes(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  return typeof Buffer === 'undefined' ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
