import type { Strategy, StreamBound } from '../../contracts/strategy.js'
import { checkOptions, checkPositive } from '../../core/options.js'
import { defaultPeriods } from '../../core/defaults.js'
import { readBackoff } from '../options.js'
import { reporterOf } from '../report-transport.js'
import { deadStreamTimes } from './mark-patience.js'
import { watchLoop, type WatchTransports, type WatchOptions } from './watch-loop.js'
import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'

/** A strategy over a watch: push when snapshots come along, hybrid when only releases do. */
export function watchStrategy(name: string, transports: WatchTransports, options: WatchOptions): Strategy {
  checkOptions(`${name}()`, options, {
    pollIntervalMs: true,
    sweepIntervalMs: true,
    heartbeatMs: true,
    firstEventTimeoutMs: true,
    timeoutMs: true,
    maxConnectionAgeMs: true,
    backoff: true,
  })
  const { backoff: given, ...periods } = options
  const backoff = readBackoff(name, given)
  checkPositive(name, periods)
  const {
    pollIntervalMs = defaultPeriods.pollIntervalMs,
    sweepIntervalMs = defaultPeriods.sweepIntervalMs,
    heartbeatMs = defaultPeriods.heartbeatMs,
    firstEventTimeoutMs = defaultPeriods.firstEventTimeoutMs,
    timeoutMs = defaultPeriods.timeoutMs,
    maxConnectionAgeMs = defaultPeriods.maxConnectionAgeMs,
  } = periods
  let longestHeartbeatMs = heartbeatMs
  const boundOf = (beatMs: number, isTold: boolean): StreamBound => ({
    brings: transports.inline ? 'documents' : 'notices',
    deadStreamMs: deadStreamTimes(beatMs).asks.latestMs,
    heartbeatMs: beatMs,
    isTold,
    pollIntervalMs,
  })
  let stream = boundOf(heartbeatMs, false)

  return {
    name,
    lookMs: sweepIntervalMs * 1.2,
    // Follows the heartbeat that the server tells, so that a slow one does not look like a stale
    // client.
    get freshMs() {
      return Math.max(DEAD_AFTER_HEARTBEATS * longestHeartbeatMs, 1.5 * pollIntervalMs)
    },
    get stream() {
      return stream
    },
    reportTo: reporterOf(transports.fetch, transports.notify),
    deliver: session =>
      watchLoop(session, transports, {
        pollIntervalMs,
        sweepIntervalMs,
        heartbeatMs,
        firstEventTimeoutMs,
        timeoutMs,
        maxConnectionAgeMs,
        backoff,
        onHeartbeat(toldMs) {
          longestHeartbeatMs = Math.max(longestHeartbeatMs, toldMs)
          if (!stream.isTold || stream.heartbeatMs !== toldMs) stream = boundOf(toldMs, true)
        },
      }),
  }
}
