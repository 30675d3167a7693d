import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
/** Collects all garbage. */
export const collect = runInNewContext('gc') as () => void

/**
 * How many bytes of heap that takes which `make` returns; what it used in between does not count.
 * Code that is compiled meanwhile, and what others let go late, only ever add to a weighing: the
 * least of three is told.
 */
export async function heapBytesOf(make: () => Promise<unknown>): Promise<number> {
  const weighed: number[] = []
  for (let round = 0; round < 3; round += 1) weighed.push(await weigh(make))
  return Math.min(...weighed)
}

async function weigh(make: () => Promise<unknown>): Promise<number> {
  await settle()
  const before = process.memoryUsage().heapUsed
  const kept = [await make()]
  await settle()
  const bytes = process.memoryUsage().heapUsed - before
  // Named here, so that it lives until it was weighed.
  kept.pop()
  return bytes
}

/**
 * Collects until nothing more goes: what was awaited, and what finalizers held, is garbage a turn
 * later only.
 */
export async function settle(): Promise<void> {
  for (let round = 0, left = Number.POSITIVE_INFINITY; round < 10; round += 1) {
    collect()
    await new Promise(resolve => setImmediate(resolve))
    const { heapUsed } = process.memoryUsage()
    if (heapUsed >= left) return
    left = heapUsed
  }
}
