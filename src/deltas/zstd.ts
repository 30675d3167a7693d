/**
 * Zstandard with a raw dictionary, as a runtime or a library has it. Both calls are synchronous.
 */
export interface Zstd {
  /** One frame, which states the length of its content. */
  compress(bytes: Uint8Array, dictionary: Uint8Array): Uint8Array
  /** The content of a frame that states this length. Throws when it has another one. */
  decompress(frame: Uint8Array, dictionary: Uint8Array, length: number): Uint8Array
}

/** A text that no compressor makes shorter by itself: 64 bytes without a repetition. */
const PROBE: Uint8Array = Uint8Array.from({ length: 64 }, (_, index) => (index * 167 + 13) % 256)

/**
 * Whether a compressor heeds its dictionary: some runtimes take the option and pass over it in
 * silence, and would make frames as long as the snapshot. Undefined where it does not, or fails.
 */
export function heedingDictionaries(zstd: Zstd): Zstd | undefined {
  try {
    const frame = zstd.compress(PROBE, PROBE)
    if (frame.length >= PROBE.length) return undefined
    const back = zstd.decompress(frame, PROBE, PROBE.length)
    return back.length === PROBE.length && back.every((byte, index) => byte === PROBE[index])
      ? zstd
      : undefined
  } catch {
    // Of another shape than ours: as if there were none.
    return undefined
  }
}
