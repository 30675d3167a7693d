import { setTimeout as sleep } from 'node:timers/promises'
import { nowMs } from '../clock.js'
import { reachedBy } from '../statistics.js'
import { threadTimes } from './own-time.js'

/** How long nobody waits for a read, in milliseconds. */
const PATIENCE_MS = 10_000

/**
 * Reads the newest release again and again, and notes for each read how long it took, and what the server did until
 * it was answered.
 * @param {string} address
 * @param {number} pid of the server
 */
export function startReading(address, pid) {
  /** @type {number[]} */
  const tookMs = []
  /** @type {number[]} */
  const workedMs = []
  let failed = 0
  let stopped = false
  const begun = threadTimes(pid)

  async function readOnce() {
    const [startMs, startedAt] = [nowMs(), threadTimes(pid)]
    try {
      const answer = await fetch(address, { signal: AbortSignal.timeout(PATIENCE_MS) })
      await answer.arrayBuffer()
      if (answer.status !== 200) failed += 1
    } catch {
      failed += 1
    }
    const endedAt = threadTimes(pid)
    tookMs.push(nowMs() - startMs)
    if (startedAt !== undefined && endedAt !== undefined) workedMs.push(endedAt.ranMs - startedAt.ranMs)
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
    share: shareSince(begun, pid),
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

/** Which part of the processor time that the server wanted it got: 1 where it never waits. @param {ReturnType<typeof threadTimes>} begun @param {number} pid */
function shareSince(begun, pid) {
  const now = threadTimes(pid)
  if (begun === undefined || now === undefined) return 1
  const [ranMs, waitedMs] = [now.ranMs - begun.ranMs, now.waitedMs - begun.waitedMs]
  return ranMs / (ranMs + waitedMs)
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
