import { NoticeboardError } from '../contracts/errors.js'
import type { HeardReports } from '../contracts/report.js'
import { canReport } from '../contracts/capabilities.js'
import { MAX_REPORTS } from '../core/limits.js'
import { checkOptions } from '../core/options.js'
import { fitReport } from '../core/report/fit-report.js'
import { summarizeFleet, type FleetMember } from '../fleet/summary.js'
import type { PublisherContext } from './context.js'
import { retried } from './retry.js'

/** Which instances are forgotten. */
export interface ForgetOptions {
  /** All instances of these clients, whatever they said last. Default: of none. */
  readonly clients?: readonly string[]
  /** Every instance that is `missing`. Default false. */
  readonly missing?: boolean
  /**
   * Every instance that is `missing` and was silent for at least so long, in milliseconds. Default:
   * 0 where `missing` is true, else it forgets none for that.
   */
  readonly missingForMs?: number
  /** Ends the call early when it aborts. Default: none. */
  readonly signal?: AbortSignal
}

/**
 * Says for each of the instances that it has stopped, with a count above its last, so that every
 * store drops it as it drops those that said so themselves.
 *
 * ```ts
 * const forgotten = await forgetInstances(context, { missing: true }, signal)
 * ```
 */
export async function forgetInstances(
  context: PublisherContext,
  options: ForgetOptions,
  signal: AbortSignal,
): Promise<number> {
  checkOptions('forget()', options, { clients: true, missing: true, missingForMs: true, signal: true })
  const { clients = [], missing = false, missingForMs = missing ? 0 : undefined } = options
  if (clients.length === 0 && missingForMs === undefined)
    throw new NoticeboardError(
      'invalid-option',
      'forget() needs { clients: ["…"] }, { missing: true } or { missingForMs: 3_600_000 }',
    )
  if (missingForMs !== undefined && !(missingForMs >= 0))
    throw new NoticeboardError('invalid-option', 'forget(): missingForMs must be a number of milliseconds')
  const { store, namespace } = context
  if (!canReport(store) || store.reports === undefined)
    throw new NoticeboardError('unsupported', `${store.name} keeps no reports, so there is nothing to forget`)
  const readReports = store.reports.bind(store)
  const heard: HeardReports = await retried(() => readReports({ namespace }, signal), { ...context, signal })
  const fleet = summarizeFleet(heard, undefined)
  if (fleet.type === 'unknown') return 0
  const isMeant = ({ state, report, silentMs = 0 }: FleetMember): boolean => {
    if (state === 'stopped') return false
    if (clients.includes(report.clientId)) return true
    return state === 'missing' && missingForMs !== undefined && silentMs >= missingForMs
  }
  const gone = fleet.members.filter(isMeant).map(({ report }) => {
    const { receivedAt: _, firstHeardAt: __, bound: ___, ...said } = report
    return fitReport({ ...said, phase: 'stopped', count: report.count + 1, sinceMs: 0 })
  })
  for (let from = 0; from < gone.length; from += MAX_REPORTS) {
    const some = gone.slice(from, from + MAX_REPORTS)
    await retried(() => store.report(some, signal), { ...context, signal })
  }
  return gone.length
}
