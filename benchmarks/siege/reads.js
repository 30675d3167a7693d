import { setTimeout as sleep } from 'node:timers/promises'
import { nowMs } from '../clock.js'
import { reachedBy } from '../statistics.js'
import { threadTimes } from './own-time.js'

/** How long nobody waits for a read, in milliseconds. */
const PATIENCE_MS = 10_000

/**
 * Reads the newest release again and again, and notes for each read how long it took, and what the
 * server did until it was answered.
 * @param {string} address
 * @param {readonly number[]} pids of the server
 */
export function startReading(address, pids) {
  /** @type {number[]} */
  const tookMs = []
  /** @type {number[]} */
  const workedMs = []
  let failed = 0
  let stopped = false
  const begun = timesOf(pids)

  async function readOnce() {
    const [startMs, startedAt] = [nowMs(), timesOf(pids)]
    try {
      const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) })
      await answer.arrayBuffer()
      if (answer.status !== 200) failed += 1
    } catch {
      failed += 1
    }
    const endedAt = timesOf(pids)
    tookMs.push(nowMs() - startMs)
    // Of several processes one had it in hand: that which worked most, at most.
    if (startedAt !== undefined && endedAt !== undefined)
      workedMs.push(Math.max(...endedAt.map(({ ranMs }, at) => ranMs - (startedAt[at]?.ranMs ?? 0))))
  }

  const done = (async () => {
    while (!stopped) {
      await readOnce()
      await sleep(20)
    }
  })()

  const soFar = () => ({
    took: spread(tookMs),
    worked: spread(workedMs),
    failed,
    share: shareSince(begun, pids),
  })
  return {
    soFar,
    async stop() {
      stopped = true
      await done
      return soFar()
    },
  }
}

/** @typedef {ReturnType<ReturnType<typeof startReading>['soFar']>} Reads */

/**
 * What each of several processes has had; undefined where the system does not tell it.
 * @param {readonly number[]} pids
 */
function timesOf(pids) {
  const times = pids.flatMap(pid => threadTimes(pid) ?? [])
  return times.length === pids.length ? times : undefined
}

/**
 * Which part of the processor time that the server wanted it got: 1 where it never waits.
 * @param {ReturnType<typeof timesOf>} begun @param {readonly number[]} pids
 */
function shareSince(begun, pids) {
  const now = timesOf(pids)
  if (begun === undefined || now === undefined) return 1
  const sum = (
    /** @type {readonly { ranMs: number, waitedMs: number }[]} */ times,
    /** @type {'ranMs' | 'waitedMs'} */ name,
  ) => times.reduce((all, { [name]: ms }) => all + ms, 0)
  const ranMs = sum(now, 'ranMs') - sum(begun, 'ranMs')
  return ranMs / (ranMs + sum(now, 'waitedMs') - sum(begun, 'waitedMs'))
}

/** @param {readonly number[]} times */
function spread(times) {
  const sorted = [...times].sort((a, b) => a - b)
  return {
    count: sorted.length,
    p50: reachedBy(sorted, 0.5),
    p99: reachedBy(sorted, 0.99),
    most: sorted.at(-1) ?? Number.NaN,
  }
}
