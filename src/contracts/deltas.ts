import type { InlineSnapshot } from './transport.js'

/** A snapshot whose bytes were checked against its digest. */
export type HeldSnapshot = Pick<InlineSnapshot, 'digest' | 'bytes'>

/**
 * Makes and reads deltas, which say the bytes of one snapshot by those of another
 * (docs/formats.md). Synchronous, because thread pools do not repeat their order.
 */
export interface DeltaCodec {
  /** The delta that makes `bytes` of `base`; undefined where it would not be worth its name. */
  encode(pair: { readonly base: HeldSnapshot; readonly bytes: Uint8Array }): Uint8Array | undefined
  /**
   * What a delta makes of `base`: exactly `length` bytes, which its reader compares with a digest.
   * Takes no more memory than that and the window of the format. Throws `invalid-data` for a delta
   * of another base, of another length, or none at all.
   */
  decode(query: {
    readonly base: HeldSnapshot
    readonly delta: Uint8Array
    readonly length: number
  }): Uint8Array
}

/** Where a codec for deltas comes from: what the option `deltas` takes. */
export interface Deltas {
  /**
   * Whether there is a codec, as far as anybody can say without waiting for it. A stream asks for
   * deltas where it is true, and where it is undefined as {@link codec} then says. Default:
   * undefined.
   */
  readonly expected?: boolean | undefined
  /**
   * The codec, loaded by the first call; undefined where there is none, and everything travels as
   * whole snapshots. Never rejects.
   */
  codec(): Promise<DeltaCodec | undefined>
}
