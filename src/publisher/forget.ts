import { NoticeboardError } from '../contracts/errors.js'
import type { HeardReports } from '../contracts/report.js'
import { canReport } from '../contracts/capabilities.js'
import { MAX_REPORTS } from '../core/limits.js'
import { checkOptions } from '../core/options.js'
import { fitReport } from '../core/report/fit-report.js'
import { isLive, summarizeFleet, type FleetMember } from '../fleet/summary.js'
import type { PublisherContext } from './context.js'
import { retried } from './retry.js'

/** Which instances are forgotten. */
export interface ForgetOptions {
  /**
   * The instances of these clients, whatever they said last. Of a client with several, one that was
   * heard after all others and is within its report period is left: name it by `instances`.
   * Default: of none.
   */
  readonly clients?: readonly string[]
  /** These instances, by the whole id or its first 8 characters and more. Default: none. */
  readonly instances?: readonly string[]
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

/** How much of an instance's id is enough to name it, as lists show it. */
const SHORT_ID = 8

/**
 * Whether an instance is the one of its client that is there, while others of it are not: it was
 * heard after them, and no longer ago than a report period.
 */
function isThere(
  { clientId, instanceId, receivedAt, nextReportWithinMs }: FleetMember['report'],
  members: readonly FleetMember[],
): boolean {
  if (receivedAt === undefined || nextReportWithinMs === undefined) return false
  const own = members.find(({ report }) => report.instanceId === instanceId)
  if (own === undefined || !isLive(own) || (own.silentMs ?? 0) > nextReportWithinMs) return false
  const others = members.filter(
    ({ state, report }) =>
      report.clientId === clientId && report.instanceId !== instanceId && state !== 'stopped',
  )
  return others.length > 0 && others.every(({ report }) => (report.receivedAt ?? '') < receivedAt)
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
  checkOptions('forget()', options, {
    clients: true,
    instances: true,
    missing: true,
    missingForMs: true,
    signal: true,
  })
  const { clients = [], instances = [], missing = false, missingForMs = missing ? 0 : undefined } = options
  if (instances.some(id => id.length < SHORT_ID))
    throw new NoticeboardError(
      'invalid-option',
      `forget(): instances must be ids, or ${SHORT_ID} of their first characters or more`,
    )
  if (clients.length === 0 && instances.length === 0 && missingForMs === undefined)
    throw new NoticeboardError(
      'invalid-option',
      'forget() needs { clients: ["…"] }, { instances: ["…"] }, { missing: true } or { missingForMs: 3_600_000 }',
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
    if (instances.some(id => report.instanceId.startsWith(id))) return true
    if (clients.includes(report.clientId) && !isThere(report, fleet.members)) return true
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
