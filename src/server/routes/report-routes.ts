import { asNoticeboardError, isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock, Logger } from '../../contracts/system.js'
import type { ClientReport, HeardReports } from '../../contracts/report.js'
import type { ReportTransport, Store, Transport } from '../../contracts/transport.js'
import { jsonBytes } from '../../core/report/fit-report.js'
import { lastWord } from '../../core/report/last-word.js'
import { readReport } from '../../core/report/report-codec.js'
import { shapeOf } from '../../core/json/shape.js'
import { DONE, jsonAnswer } from '../http/answers.js'
import { readJsonBody } from '../http/body.js'
import type { Lifetime } from '../http/lifetime.js'
import type { Answer, Incoming } from '../stream/messages.js'
import type { Registry } from '../../fleet/registry.js'
import { clockAhead, shiftTimes } from '../../fleet/time-shift.js'
import { MAX_REPORT_BYTES, MAX_REPORTS, MAX_REPORTS_BYTES } from '../../core/limits.js'

/** The fleet's last words: taken from whoever may read, given to the owner of the token. */
export interface ReportRoutes {
  /** Takes last words that came in this process, as if they had been posted. */
  take(reports: readonly ClientReport[]): void
  /** What this process and its store heard of a namespace. */
  heard(namespace: Namespace, signal: AbortSignal): Promise<HeardReports>
  /**
   * Takes posted reports. What moves rollouts on has to be able to write: of who may only read, the report
   * of a controller counts for nothing, else a forged one would hide that there is none.
   */
  post(request: Incoming, by: { readonly namespace: Namespace; readonly mayWrite: boolean }): Promise<Answer>
  get(namespace: Namespace, signal: AbortSignal): Promise<Answer>
  /** Hands over what waits. */
  close(): Promise<void>
}

/** How long reports are gathered before they are handed on, in milliseconds. */
const GATHER_MS = 1_000

export function reportRoutes({
  transport,
  registry,
  clock,
  logger,
  lifetime,
}: ReportRoutesOptions): ReportRoutes {
  const store: Partial<Store & ReportTransport> & Transport = transport
  /** What the store was not given yet, the last word of each instance. */
  let waiting = new Map<string, ClientReport>()
  let cancel: (() => void) | undefined
  /** How far the store's clock is ahead: what was heard is told by that one alone. */
  let storeAheadMs = 0

  const handOver = async (): Promise<void> => {
    cancel?.()
    cancel = undefined
    const reports = [...waiting.values()]
    waiting = new Map()
    if (reports.length === 0) return
    try {
      await lifetime.run(async signal => store.report?.(reports, signal))
    } catch (error) {
      // The next report of each client repairs it.
      const { code } = asNoticeboardError(error, 'internal', 'the store failed')
      logger?.warn('reports could not be handed to the store', { reports: reports.length, code })
    }
  }

  const gather = (report: ClientReport): void => {
    if (store.report === undefined) return
    waiting.set(`${report.namespace}\n${report.instanceId}`, report)
    cancel ??= clock.after(GATHER_MS, () => void handOver())
  }

  const heard = async (namespace: Namespace, requestSignal: AbortSignal): Promise<HeardReports> => {
    const askedAtMs = clock.now()
    const kept = await lifetime.run(async own => store.reports?.({ namespace }, own), requestSignal)
    const here = { since: registry.since, reports: registry.of(namespace) }
    const answeredAtMs = clock.now()
    if (kept === undefined) return { ...here, asOf: new Date(answeredAtMs).toISOString() }
    storeAheadMs = clockAhead(storeAheadMs, { askedAtMs, answeredAtMs, asOfMs: Date.parse(kept.asOf) })
    // This process hears its clients from its start on, whatever was kept of the time before.
    const { since, asOf, reports } = shiftTimes(here, { aheadMs: storeAheadMs, asOf: kept.asOf })
    const lastWords = new Map(kept.reports.map(report => [report.instanceId, report]))
    for (const report of reports) {
      const other = lastWords.get(report.instanceId)
      lastWords.set(report.instanceId, other === undefined ? report : lastWord(other, report))
    }
    return { since, asOf, reports: [...lastWords.values()] }
  }

  return {
    async post(request, { namespace, mayWrite }) {
      const items = shapeOf(await readJsonBody(request, MAX_REPORTS_BYTES), 'the body').list(
        'reports',
        MAX_REPORTS,
      )
      let passedOver = 0
      let unproven = 0
      for (const item of items) {
        const report = readOwn(item, namespace)
        if (report === undefined) passedOver += 1
        else if (report.role?.type === 'controller' && !mayWrite) unproven += 1
        else if (registry.add(report)) gather(report)
      }
      if (unproven > 0)
        logger?.warn('reports of a controller were passed over: they came without the token for writing', {
          namespace,
          reports: unproven,
        })
      if (passedOver > 0)
        logger?.warn('reports were passed over: of another namespace, too large, or not well-formed', {
          namespace,
          reports: passedOver,
        })
      return DONE
    },
    take(reports) {
      for (const report of reports) if (registry.add(report)) gather(report)
    },
    heard,
    get: async (namespace, signal) => jsonAnswer(200, (await heard(namespace, signal)) as unknown as Json),
    close: handOver,
  }
}

export interface ReportRoutesOptions {
  readonly transport: Transport
  readonly registry: Registry
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly lifetime: Lifetime
}

/** A report of this namespace; undefined for any other, for one that is too large, and for what is no report. */
function readOwn(item: Json, namespace: Namespace): ClientReport | undefined {
  try {
    const report = readReport(item)
    return report.namespace === namespace && jsonBytes(report) <= MAX_REPORT_BYTES ? report : undefined
  } catch (error) {
    if (isNoticeboardError(error, 'invalid-data')) return undefined
    throw error instanceof Error ? error : new NoticeboardError('internal', 'a report could not be read')
  }
}
