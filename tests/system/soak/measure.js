import { Session } from 'node:inspector/promises'
import { setImmediate as turn } from 'node:timers/promises'

const inspector = new Session()
inspector.connect()

/**
 * What this process holds: its heap in bytes after all that can be collected was collected, and how
 * many resources of each kind are open. (`gc()` leaves what the engine keeps for a few collections,
 * such as shapes of objects, which looks like growth at first.)
 */
export async function measure() {
  let heapBytes = Number.POSITIVE_INFINITY
  for (let round = 0; round < 2; round += 1) {
    await turn()
    await inspector.post('HeapProfiler.collectGarbage')
    heapBytes = Math.min(heapBytes, process.memoryUsage().heapUsed)
  }
  /** @type {Record<string, number>} */
  const handles = {}
  for (const name of process.getActiveResourcesInfo()) handles[name] = (handles[name] ?? 0) + 1
  return { type: 'measured', heapBytes, handles }
}
