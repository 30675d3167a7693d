// What makes deltas in a server by itself, watched: how often, and what each costs.

import { existsSync } from 'node:fs'

/** @import { DeltaCodec, Deltas } from 'noticeboard/deltas' */

/** What Node is given by default, which no entry point names. */
const built = new URL('../../dist/deltas/default-deltas.js', import.meta.url)

/**
 * The deltas of this runtime, undefined of a build that knows none; `takeMs` tells the processor
 * time of each that was made since it was called last, in milliseconds, all threads.
 * @returns {Promise<{ deltas: Deltas | undefined, takeMs: () => number[] }>}
 */
export async function watchedDeltas() {
  if (!existsSync(built)) return { deltas: undefined, takeMs: () => [] }
  /** @type {number[]} */
  let took = []
  /** @type {{ defaultDeltas: Deltas }} */
  const { defaultDeltas } = await import(built.href)
  const codec = await defaultDeltas.codec()
  const watched = codec && {
    ...codec,
    /** @param {Parameters<DeltaCodec['encode']>[0]} query */
    encode(query) {
      const before = process.cpuUsage()
      const delta = codec.encode(query)
      const { user, system } = process.cpuUsage(before)
      took.push((user + system) / 1_000)
      return delta
    },
  }
  return {
    deltas: { expected: watched !== undefined, codec: async () => watched },
    takeMs() {
      const taken = took
      took = []
      return taken
    },
  }
}
