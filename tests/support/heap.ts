import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
/** Collects all garbage. */
export const collect = runInNewContext('gc') as () => void

/** How many bytes of heap that takes which `make` returns; what it used in between does not count. */
export async function heapBytesOf(make: () => Promise<unknown>): Promise<number> {
  collect()
  const before = process.memoryUsage().heapUsed
  const kept = [await make()]
  collect()
  const bytes = process.memoryUsage().heapUsed - before
  // Named here, so that it lives until it was weighed.
  kept.pop()
  return bytes
}
