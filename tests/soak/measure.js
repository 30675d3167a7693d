import { setImmediate as turn } from 'node:timers/promises'

/**
 * What this process holds: the least heap after several forced collections, in bytes, and how many resources of each kind are open.
 * Needs `--expose-gc`.
 */
export async function measure() {
  if (globalThis.gc === undefined) throw new Error('start this process with --expose-gc')
  let heapBytes = Number.POSITIVE_INFINITY
  for (let round = 0; round < 6; round += 1) {
    await turn()
    globalThis.gc()
    heapBytes = Math.min(heapBytes, process.memoryUsage().heapUsed)
  }
  /** @type {Record<string, number>} */
  const handles = {}
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1
  return { type: 'measured', heapBytes, handles }
}
