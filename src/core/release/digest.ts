import { NoticeboardError } from '../../contracts/errors.js'
import type { Digest } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'

/**
 * SHA-256 of the bytes, in lower-case hexadecimal.
 *
 * ```ts
 * const digest = digestOf(systemHasher, bytes)
 * ```
 */
export function digestOf(hasher: Hasher, bytes: Uint8Array): Digest {
  return toHex(hasher.sha256(bytes))
}

/**
 * Throws `digest-mismatch` unless the bytes are the ones that the digest names.
 *
 * ```ts
 * assertDigest(systemHasher, { bytes, digest, what: 'the snapshot' })
 * ```
 */
export function assertDigest(
  hasher: Hasher,
  { bytes, digest, what }: { readonly bytes: Uint8Array; readonly digest: Digest; readonly what: string },
): void {
  if (digestOf(hasher, bytes) === digest) return
  throw new NoticeboardError(
    'digest-mismatch',
    `${what} does not match its digest ${digest.slice(0, 12)}; it was changed or cut off on the way`,
  )
}

const DIGITS = '0123456789abcdef'

/** Bytes in lower-case hexadecimal. For a few bytes: a digest, an id. */
export function toHex(bytes: Uint8Array): string {
  const codes: number[] = []
  for (const byte of bytes) codes.push(DIGITS.charCodeAt(byte >> 4), DIGITS.charCodeAt(byte & 15))
  // In one go: a text that is added up keeps its pieces, ten times its size, until it is first
  // compared.
  return String.fromCharCode(...codes)
}
