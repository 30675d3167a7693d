// The processes that read event streams, and which readers each of them has.

/**
 * @import { Bench } from '../main.js'
 * @import { Child } from '../processes.js'
 */

const count = 2

/**
 * Starts the processes that read; `bounds` are where the readers of each begin, and where the last
 * end.
 * @param {Pick<Bench, 'processes'>} bench @param {number} connections
 * @returns {Promise<{ readers: Child[], bounds: number[] }>}
 */
export async function startReaders({ processes }, connections) {
  const readers = await Promise.all(
    Array.from({ length: count }, () => processes.start(new URL('load-process.js', import.meta.url))),
  )
  const bounds = Array.from({ length: count + 1 }, (_, index) => Math.round((connections * index) / count))
  return { readers, bounds }
}
