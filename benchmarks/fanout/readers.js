// The processes that read event streams, and which readers each of them has.
import { descriptorLimit } from '../machine.js'

/**
 * @import { Bench } from '../main.js'
 * @import { Child } from '../processes.js'
 */

/** Both processors work, however few readers there are. */
const leastProcesses = 2
/** Of the descriptors of a process: how many are left to its files and to whoever starts it. */
export const spareDescriptors = 1_000

/**
 * Starts the processes that read, as many as may hold the readers of so many sides together;
 * `bounds` are where the readers of each begin, and where the last end.
 * @param {Pick<Bench, 'processes'>} bench @param {{ connections: number, sides: number }} asked
 * @returns {Promise<{ readers: Child[], bounds: number[] }>}
 */
export async function startReaders({ processes }, { connections, sides }) {
  const count = processesFor({ connections, sides, limit: descriptorLimit() })
  const readers = await Promise.all(
    Array.from({ length: count }, () => processes.start(new URL('load-process.js', import.meta.url))),
  )
  return { readers, bounds: boundsOf(connections, count) }
}

/**
 * How many processes hold so many readers of each side. Throws where a server could not hold its
 * own.
 * @param {{ connections: number, sides: number, limit: number }} asked `limit`: how many descriptors
 * a process may have
 */
export function processesFor({ connections, sides, limit }) {
  const room = limit - spareDescriptors
  if (connections > room)
    throw new Error(
      `a server would hold ${connections.toLocaleString('en')} connections, and may hold ${Math.max(0, room).toLocaleString('en')} here; ask for fewer --connections, or raise the limit of open files (ulimit -n)`,
    )
  return Math.max(leastProcesses, Math.ceil((connections * sides) / room))
}

/**
 * Where the readers of each of so many processes begin, and where the last end.
 * @param {number} connections @param {number} count
 */
export function boundsOf(connections, count) {
  return Array.from({ length: count + 1 }, (_, index) => Math.round((connections * index) / count))
}

/**
 * Opens the readers of a side in all processes. Throws where one of them was not greeted.
 * @param {{ readers: readonly Child[], bounds: readonly number[] }} where @param {string} title
 * @param {object} asked what each process is asked beside which of them are its own
 */
export async function openAll({ readers, bounds }, title, asked) {
  const opened = await openShares({ readers, bounds }, () => asked)
  const missing = (bounds.at(-1) ?? 0) - opened.greeted
  if (missing > 0)
    throw new Error(`${title} did not greet ${missing} of ${bounds.at(-1)} connections: ${opened.problem}`)
}

/**
 * The same, and says how many were greeted.
 * @param {{ readers: readonly Child[], bounds: readonly number[] }} where
 * @param {(index: number) => object} askedOf
 * @returns {Promise<{ greeted: number, problem: string }>}
 */
export async function openShares({ readers, bounds }, askedOf) {
  /** @type {{ greeted: number, problem: string }[]} */
  const opened = await Promise.all(
    readers.map((reader, index) => {
      const first = bounds[index] ?? 0
      return reader.ask('open', { first, count: (bounds[index + 1] ?? 0) - first, ...askedOf(index) })
    }),
  )
  return {
    greeted: opened.reduce((sum, { greeted }) => sum + greeted, 0),
    problem: opened.find(({ problem }) => problem !== '')?.problem ?? 'they ended, or nothing came',
  }
}

/**
 * What all readers of a side got of a change. Throws where one of them lost its connection.
 * @param {readonly { times: readonly number[], bytes: number, frame: Uint8Array }[]} results
 * @param {{ title: string, connections: number }} side
 */
export function receivedByAll(results, { title, connections }) {
  const times = results.flatMap(({ times: own }) => own).sort((a, b) => a - b)
  if (times.length !== connections)
    throw new Error(
      `of ${connections} readers of ${title} ${connections - times.length} lost their connection`,
    )
  return { times, bytes: results.reduce((sum, { bytes }) => sum + bytes, 0), frame: results[0]?.frame }
}
