import { MAX_LINE_LENGTH } from '../limits.js'

const encoder = new TextEncoder()

/** A text as UTF-8. */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  return encoder.encode(text)
}

const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/

/**
 * Whether something is a text for people of 1 to `maxLength` UTF-16 code units: no control
 * characters, so that it cannot forge a line of a log, and no half surrogate pairs, which have no
 * bytes.
 */
export function isLine(text: unknown, maxLength: number = MAX_LINE_LENGTH): text is string {
  return (
    typeof text === 'string' &&
    text.length >= 1 &&
    text.length <= maxLength &&
    !CONTROL.test(text) &&
    isWellFormed(text)
  )
}

/**
 * A text from outside on one line, cut to `maxLength` UTF-16 code units: control characters become
 * spaces, and half surrogate pairs U+FFFD, that of a pair that was cut too.
 */
export function oneLine(text: string, maxLength: number = MAX_LINE_LENGTH): string {
  return text
    .slice(0, maxLength)
    .replace(new RegExp(CONTROL, 'g'), ' ')
    .replace(new RegExp(LONE_SURROGATE, 'g'), '\uFFFD')
}

const LONE_SURROGATE = /[\uD800-\uDBFF](?![\uDC00-\uDFFF])|(?<![\uD800-\uDBFF])[\uDC00-\uDFFF]/

/** Whether a text has no half surrogate pair. */
export function isWellFormed(text: string): boolean {
  return !LONE_SURROGATE.test(text)
}

/**
 * Bytes of one's own. Not by their `slice()`, which in a Node `Buffer` gives a view of the same
 * memory.
 */
export function copyBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes)
}

/**
 * Chunks of bytes as one piece, `length` bytes together where that is known; a single chunk is
 * given as it is.
 */
export function joinBytes(
  chunks: readonly Uint8Array[],
  length: number = chunks.reduce((sum, chunk) => sum + chunk.length, 0),
): Uint8Array {
  const [only] = chunks
  if (only !== undefined && chunks.length === 1) return only
  const whole = new Uint8Array(length)
  let offset = 0
  for (const chunk of chunks) {
    whole.set(chunk, offset)
    offset += chunk.length
  }
  return whole
}

/** Whether two byte sequences are the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false
  for (let index = 0; index < a.length; index += 1) if (a[index] !== b[index]) return false
  return true
}

/** Whether a text is longer than that many bytes of UTF-8. */
export function exceedsBytes(text: string, maxBytes: number): boolean {
  // A UTF-16 code unit takes 1 to 3 bytes, so most texts are decided by their length.
  if (text.length > maxBytes) return true
  return text.length * 3 > maxBytes && encodeText(text).length > maxBytes
}
