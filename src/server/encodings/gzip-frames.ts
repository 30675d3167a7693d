import { constants, deflateRaw } from 'node:zlib'
import { promisify } from 'node:util'
import { chunkOf } from '../stream/frames.js'
import { plainOf, type Frame } from '../stream/messages.js'
import { checkedOf, type Checked } from './crc32.js'
import { MIN_ENCODED_BYTES } from './snapshot-form.js'

/** A frame as deflate blocks that refer to nothing before them and end on a byte. */
export interface GzipFrame extends Frame {
  /** The check value of the event as it is. */
  readonly checked: Checked
}

/** The level of deflate at which 200 KB take 3 ms of one core. */
const LEVEL = 6

/** What one stored block holds at most, in bytes. */
const STORED_BYTES = 65_535

const deflate = promisify<Uint8Array, object, Buffer>(deflateRaw)

const made = new WeakMap<Frame, GzipFrame>()
const compressing = new WeakMap<Frame, Promise<void>>()
const DONE = Promise.resolve()

/**
 * A frame as it goes into a compressed stream, made once for all readers: compressed where
 * {@link compressFrame} was waited for, else stored as it is.
 */
export function gzipFrame(frame: Frame): GzipFrame {
  const found = made.get(frame)
  if (found !== undefined) return found
  const plain = plainOf(frame)
  const stored = { ...chunkOf(storedBlocks(plain)), checked: checkedOf(plain) }
  made.set(frame, stored)
  return stored
}

/**
 * Compresses a frame on the thread pool, once, however many ask. Undefined where that is done, or
 * not worth it: what is small goes out as it is. Never rejects.
 *
 * ```ts
 * await compressFrame(frame)
 * sink.write(gzipFrame(frame))
 * ```
 */
export function compressFrame(frame: Frame): Promise<void> | undefined {
  if (isCompressed(frame)) return undefined
  const running = compressing.get(frame) ?? compress(frame).finally(() => compressing.set(frame, DONE))
  compressing.set(frame, running)
  return running
}

/** Whether a frame goes into a compressed stream as it will always go. */
export function isCompressed(frame: Frame): boolean {
  return frame.to - frame.from < MIN_ENCODED_BYTES || compressing.get(frame) === DONE
}

async function compress(frame: Frame): Promise<void> {
  try {
    // A full flush ends the blocks on a byte, without a last one.
    const plain = plainOf(frame)
    const blocks = await deflate(plain, { level: LEVEL, finishFlush: constants.Z_FULL_FLUSH })
    made.set(frame, { ...chunkOf([blocks]), checked: checkedOf(plain) })
  } catch {
    // For want of memory, say: it goes out as it is.
  }
}

/** Bytes as blocks that are not compressed. */
function storedBlocks(bytes: Uint8Array): Uint8Array[] {
  const blocks: Uint8Array[] = []
  for (let start = 0; start < bytes.length; start += STORED_BYTES) {
    const block = bytes.subarray(start, start + STORED_BYTES)
    const { length } = block
    blocks.push(Uint8Array.of(0, length & 0xff, length >> 8, ~length & 0xff, (~length >> 8) & 0xff), block)
  }
  return blocks
}
