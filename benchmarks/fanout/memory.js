// How much memory a process holds when nothing is left to be collected.
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

setFlagsFromString('--expose-gc')
const collect = /** @type {() => void} */ (runInNewContext('gc'))

/** Resident bytes after a collection of garbage. */
export function residentBytes() {
  collect()
  return process.memoryUsage.rss()
}
