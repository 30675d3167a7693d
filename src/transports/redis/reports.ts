import type { Namespace } from '../../contracts/names.js'
import type { Clock } from '../../contracts/system.js'
import type { ClientReport } from '../../contracts/report.js'
import { decodeReport, encodeReport, reportTtlMs } from '../store/stored-report.js'
import type { RedisCommands } from './commands.js'
import type { RedisKeys } from './keys.js'
import { scripts } from './scripts.js'

const REPORTS_AT_ONCE = 100

export interface RedisReports {
  report(states: readonly ClientReport[], signal: AbortSignal): Promise<void>
  reports(namespace: Namespace, signal: AbortSignal): Promise<readonly ClientReport[]>
}

export interface RedisReportsOptions {
  readonly commands: RedisCommands
  readonly keys: RedisKeys
  readonly clock: Clock
  readonly ttlMs: number
}

/** Last words with a time to live: an instance that is silent for longer is forgotten. */
export function redisReports({ commands, keys, clock, ttlMs }: RedisReportsOptions): RedisReports {
  return {
    async report(states, signal) {
      for (let from = 0; from < states.length; from += REPORTS_AT_ONCE) {
        await Promise.all(
          states.slice(from, from + REPORTS_AT_ONCE).map(state => {
            const { namespace, instanceId, count } = state
            const args = [
              String(count),
              encodeReport(state, clock.now()),
              String(reportTtlMs(state, ttlMs)),
              instanceId,
            ]
            return commands.run(
              scripts.report,
              [keys.report(namespace, instanceId), keys.instances(namespace)],
              args,
              signal,
            )
          }),
        )
      }
    },

    async reports(namespace, signal) {
      const reports: ClientReport[] = []
      for (const instance of await commands.list(['SMEMBERS', keys.instances(namespace)], signal)) {
        const text = await commands.get(keys.report(namespace, instance), signal)
        if (text === undefined) await commands.send(['SREM', keys.instances(namespace), instance], signal)
        const report = text === undefined ? undefined : decodeReport(text)
        if (report?.namespace === namespace) reports.push(report)
      }
      return reports
    },
  }
}
