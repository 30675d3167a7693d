import { processorMs } from '../processor-time.js'

/** @import { Processes } from '../processes.js' */

/** How many clients share a process, as long as a strategy has no more than so many processes. */
const clientsPerProcess = 100
const mostProcesses = 10

/** How often it is said how many clients are up, in milliseconds. */
const tellEveryMs = 15_000

/**
 * A server, and the clients that follow it.
 * @typedef {Awaited<ReturnType<typeof startFleet>>} Fleet
 * @param {Processes} processes
 * @param {{ strategy: import('./periods.js').StrategyName | undefined, clients: number, folder: string, token: string, periods: typeof import('./periods.js').defaults }}
 * options without a strategy there are no clients
 */
export async function startFleet(processes, { strategy, clients, folder, token, periods }) {
  const { heartbeatMs } = periods
  const board = await processes.start(new URL('board-process.js', import.meta.url), {
    folder,
    token,
    heartbeatMs,
  })
  /** @type {string} */
  const url = await board.ask('url')
  /** @type {import('../processes.js').Child[]} */
  let members = []

  return {
    url,
    strategy,
    clients: strategy === undefined ? 0 : clients,
    /**
     * Starts the clients; there must be something to follow. Says now and then how many are up.
     * @param {(up: number) => void} say
     */
    async begin(say) {
      if (strategy === undefined) return
      const count = Math.min(mostProcesses, Math.ceil(clients / clientsPerProcess))
      const bounds = Array.from({ length: count + 1 }, (_, index) => Math.round((clients * index) / count))
      const settings = bounds
        .slice(1)
        .map((to, index) => ({ url, strategy, from: bounds[index], to, periods }))
      members = await Promise.all(
        settings.map(own => processes.start(new URL('fleet-process.js', import.meta.url), own)),
      )
      const telling = setInterval(() => void countUp().then(say, () => {}), tellEveryMs)
      try {
        await Promise.all(members.map(member => member.ask('ready')))
      } finally {
        clearInterval(telling)
      }
      async function countUp() {
        const counts = await Promise.all(members.map(member => member.ask('up')))
        return counts.reduce((sum, up) => sum + up, 0)
      }
    },
    /**
     * When each client ran a release. @param {number} sequence @returns {Promise<number[]>}
     * ascending
     */
    async arrivals(sequence) {
      const times = await Promise.all(members.map(member => member.ask('arrivals', { sequence })))
      return times.flat().sort((a, b) => a - b)
    },
    /** Ends its clients and its server. */
    async end() {
      await Promise.all([...members, board].map(member => member.end()))
    },
    /** What the clients asked and got, and what the server used, until now. */
    async meter() {
      /** @type {import('./traffic.js').Traffic} */
      const { requests, bytes } = await board.ask('traffic')
      return { requests, bytes, cpuMs: await processorMs(board), atMs: performance.now() }
    },
  }
}

/**
 * What happened between two readings.
 * @typedef {ReturnType<typeof between>} Use
 * @param {Awaited<ReturnType<Fleet['meter']>>} before
 * @param {Awaited<ReturnType<Fleet['meter']>>} after
 */
export function between(before, after) {
  const kinds = Object.entries(after.requests).map(([kind, count]) => [
    kind,
    count - (before.requests[kind] ?? 0),
  ])
  /** @type {Record<string, number>} */
  const byKind = Object.fromEntries(kinds.filter(([, count]) => count !== 0))
  return {
    requests: Object.values(byKind).reduce((sum, count) => sum + count, 0),
    byKind,
    bytes: after.bytes - before.bytes,
    cpuMs: after.cpuMs - before.cpuMs,
    lengthMs: after.atMs - before.atMs,
  }
}
