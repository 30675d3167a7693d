import { deflateRawSync, type ZlibOptions } from 'node:zlib'

/**
 * What the threads of Node do for a server that compresses: takes the bytes, and calls `done` when
 * its work is over, with an error where it failed.
 */
export type Threads = (bytes: Uint8Array, done: (error: Error | null) => void) => void

const AT_ONCE: Threads = (_bytes, done) => done(null)

let threads = AT_ONCE

/** Has other threads work from now on, until the result is called. */
export function employ(others: Threads): () => void {
  threads = others
  return () => void (threads = AT_ONCE)
}

/**
 * The function of `node:zlib` of this name, which a bundle of the simulation uses instead: on real
 * threads work would end at a real time, and in an order of its own.
 *
 * @public
 */
export function deflateRaw(
  bytes: Uint8Array,
  options: ZlibOptions,
  callback: (error: Error | null, made: Buffer) => void,
): void {
  const made = deflateRawSync(bytes, options)
  threads(bytes, error => callback(error, made))
}
