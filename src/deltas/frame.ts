import { NoticeboardError } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import { toHex } from '../core/release/digest.js'
import { MAX_DELTA_WINDOW_BYTES } from '../core/limits.js'

/** What a `dcz` body begins with (RFC 9842): a skippable frame of Zstandard with 32 bytes in it. */
const DCZ_MAGIC: readonly number[] = [0x5e, 0x2a, 0x4d, 0x18, 0x20, 0, 0, 0]
const DIGEST_BYTES = 32
const HEADER_BYTES: number = DCZ_MAGIC.length + DIGEST_BYTES

/** What a frame of Zstandard begins with (RFC 8878). */
const FRAME_MAGIC: readonly number[] = [0x28, 0xb5, 0x2f, 0xfd]

/** A delta: a frame, behind the name of its dictionary. */
export function wrapFrame(frame: Uint8Array, base: Digest): Uint8Array {
  const delta = new Uint8Array(HEADER_BYTES + frame.length)
  delta.set(DCZ_MAGIC)
  for (let at = 0; at < DIGEST_BYTES; at += 1)
    delta[DCZ_MAGIC.length + at] = Number.parseInt(base.slice(2 * at, 2 * at + 2), 16)
  delta.set(frame, HEADER_BYTES)
  return delta
}

/**
 * The frame of a delta, once its headers have been compared with what its reader expects: made with
 * this base, a content of exactly this length, and a window that a reader has room for. Whoever
 * decompresses it is bounded by that. Throws `invalid-data`.
 */
export function unwrapFrame(
  delta: Uint8Array,
  { base, length }: { readonly base: Digest; readonly length: number },
): Uint8Array {
  if (!startsWith(delta, DCZ_MAGIC) || delta.length <= HEADER_BYTES)
    throw malformed('it is not the body of a dcz response')
  if (toHex(delta.subarray(DCZ_MAGIC.length, HEADER_BYTES)) !== base)
    throw malformed('it was made from another snapshot')
  const frame = delta.subarray(HEADER_BYTES)
  const header = readFrameHeader(frame)
  if (header === undefined) throw malformed('its frame has no header that can be read')
  if (header.dictionaryId !== 0) throw malformed('its frame names a dictionary')
  if (header.contentBytes !== length) throw malformed('its content has another length than the snapshot')
  if (header.windowBytes > MAX_DELTA_WINDOW_BYTES) throw malformed('its window is too large')
  return frame
}

/** What the header of a frame says. */
interface FrameHeader {
  readonly dictionaryId: number
  /** Undefined where it does not say how long its content is. */
  readonly contentBytes: number | undefined
  readonly windowBytes: number
}

/** Sizes in bytes of the two fields that have several, by their two bits in the descriptor. */
const DICTIONARY_ID_BYTES: readonly number[] = [0, 1, 2, 4]
const CONTENT_SIZE_BYTES: readonly number[] = [0, 2, 4, 8]

/** The header of a frame (RFC 8878, 3.1.1.1); undefined for one that is cut, reserved, or none. */
function readFrameHeader(frame: Uint8Array): FrameHeader | undefined {
  if (!startsWith(frame, FRAME_MAGIC)) return undefined
  let at = FRAME_MAGIC.length
  /** A number, least significant byte first; not one where bytes are missing. */
  const take = (bytes: number): number => {
    let value = 0
    for (let place = 0; place < bytes; place += 1) value += (frame[at + place] ?? Number.NaN) * 256 ** place
    at += bytes
    return value
  }
  const descriptor = take(1)
  const isReserved = (descriptor & 0b1000) !== 0
  const isSingleSegment = (descriptor & 0b10_0000) !== 0
  const windowByte = isSingleSegment ? undefined : take(1)
  const dictionaryId = take(DICTIONARY_ID_BYTES[descriptor & 0b11] ?? 0)
  const sizeBytes = CONTENT_SIZE_BYTES[descriptor >> 6] ?? 0
  let contentBytes: number | undefined
  // Of two bytes the first value is 256, since one byte says what is below.
  if (sizeBytes > 0) contentBytes = take(sizeBytes) + (sizeBytes === 2 ? 256 : 0)
  else if (isSingleSegment) contentBytes = take(1)
  const windowBytes = windowByte === undefined ? (contentBytes ?? 0) : windowOf(windowByte)
  if (isReserved || at > frame.length) return undefined
  return { dictionaryId, contentBytes, windowBytes }
}

/** The window that a byte says (RFC 8878, 3.1.1.1.2), in bytes. */
function windowOf(byte: number): number {
  const base = 2 ** (10 + (byte >> 3))
  return base + (base / 8) * (byte & 0b111)
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((byte, index) => bytes[index] === byte)
}

function malformed(why: string): NoticeboardError {
  return new NoticeboardError('invalid-data', `a delta cannot be used: ${why}`)
}
