import { asNoticeboardError, isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock, Logger } from '../../contracts/system.js'
import type { ClientReport, HeardReports } from '../../contracts/report.js'
import type { ReportsQuery, ReportTransport, Store, Transport } from '../../contracts/transport.js'
import { causeOf } from '../../core/cause-of.js'
import { briefly } from '../../core/report/brief-report.js'
import { jsonBytes } from '../../core/report/fit-report.js'
import { lastWord } from '../../core/report/last-word.js'
import { readReport } from '../../core/report/report-codec.js'
import { shapeOf } from '../../core/json/shape.js'
import { listBytes } from '../../async/list-bytes.js'
import type { Allowance } from '../allowance.js'
import { DONE, tooMany, wholeJson } from '../http/answers.js'
import { readJsonBody } from '../http/body.js'
import type { Lifetime } from '../http/lifetime.js'
import type { Turns } from '../http/turns.js'
import type { Hub } from '../stream/hub.js'
import type { Answer, Incoming } from '../stream/messages.js'
import type { Registry } from '../../fleet/registry.js'
import type { Voice } from '../../fleet/voice.js'
import { withoutLaterTimes } from '../../fleet/steady-times.js'
import { clockAhead, CLOCK_SLACK_MS, shiftTimes } from '../../fleet/time-shift.js'
import { MAX_REPORT_BYTES, MAX_REPORTS, MAX_REPORTS_BYTES, MAX_REPORTS_MARKS } from '../../core/limits.js'
import { isError } from '../../core/built-ins.js'

/** The fleet's last words: taken from whoever may read, given to the owner of the token. */
export interface ReportRoutes {
  /**
   * Takes last words as if they had been posted; those of this process itself unless a `voice` is
   * given.
   */
  take(reports: readonly ClientReport[], voice?: Voice): void
  /**
   * What this process and its store heard of a namespace; in full also where a brief answer would
   * do.
   */
  heard(query: ReportsQuery, signal: AbortSignal): Promise<HeardReports>
  /**
   * Takes posted reports. What moves rollouts on has to have the scope `control`: of others the
   * report of a controller counts for nothing, else a forged one would hide that there is none. Of
   * a namespace without a release nothing is kept: names cost whoever invents them nothing.
   */
  post(request: Incoming, by: Sender): Promise<Answer>
  get(query: ReportsQuery, signal: AbortSignal): Promise<Answer>
  /**
   * Hands over what waits, and what still comes at once. Resolves when nothing is under way to the
   * store; never rejects.
   */
  close(): Promise<void>
}

/** Who sends reports, and of what. */
export interface Sender {
  readonly namespace: Namespace
  /** Whether it may move rollouts on. */
  readonly mayControl: boolean
  /** Whether it may report for a client. */
  readonly speaksFor: (clientId: string) => boolean
  /** Whether it is known by a token that names this very client. */
  readonly isBoundTo: (clientId: string) => boolean
  readonly voice: Voice
}

/** How many reports are taken in one turn: reading one costs a tenth of a millisecond. */
const REPORTS_A_TURN = 16

/** How long reports are gathered before they are handed on, in milliseconds. */
const GATHER_MS = 1_000

export function reportRoutes({
  transport,
  hub,
  registry,
  allowance,
  clock,
  logger,
  lifetime,
  turns,
}: ReportRoutesOptions): ReportRoutes {
  const store: Partial<Store & ReportTransport> & Transport = transport
  const limits = { maxBytes: MAX_REPORTS_BYTES, maxMarks: MAX_REPORTS_MARKS, turns }
  /** What the store was not given yet, the last word of each instance. */
  let waiting = new Map<string, ClientReport>()
  let cancel: (() => void) | undefined
  /** What is under way to the store. */
  const handing = new Set<Promise<void>>()
  let closed = false
  /** How far the store's clock is ahead: what was heard is told by that one alone. */
  let storeAheadMs = 0

  /** Whether the log has it already that the clocks differ. */
  let saidClock = false
  const sayClock = (): void => {
    const differs = Math.abs(storeAheadMs) > CLOCK_SLACK_MS
    if (differs && !saidClock)
      logger?.warn('the clock of the store and the one here differ; compare both with a third', {
        aheadSeconds: Math.round(storeAheadMs / 1_000),
      })
    saidClock = differs
  }

  const hand = async (reports: readonly ClientReport[]): Promise<void> => {
    try {
      await lifetime.run(async signal => store.report?.(reports, signal))
    } catch (error) {
      // The next report of each client repairs it.
      const failure = asNoticeboardError(error, 'internal', 'the store failed')
      logger?.warn('reports could not be handed to the store', {
        reports: reports.length,
        code: failure.code,
        cause: causeOf(failure),
      })
    }
  }

  const handOver = (): void => {
    cancel?.()
    cancel = undefined
    if (waiting.size === 0) return
    const handed = hand([...waiting.values()]).finally(() => handing.delete(handed))
    handing.add(handed)
    waiting = new Map()
  }

  const gather = (report: ClientReport): void => {
    if (store.report === undefined) return
    waiting.set(`${report.namespace}\n${report.instanceId}`, report)
    if (closed) handOver()
    else cancel ??= clock.after(GATHER_MS, handOver)
  }

  const heard = async (query: ReportsQuery, requestSignal: AbortSignal): Promise<HeardReports> => {
    const { namespace } = query
    const askedAtMs = clock.now()
    const kept = await lifetime.run(async own => store.reports?.(query, own), requestSignal)
    const wentBack = hub.wentBack(namespace)
    const here = {
      since: registry.since,
      reports: registry.of(namespace),
      ...(wentBack !== undefined && { wentBack }),
    }
    const answeredAtMs = clock.now()
    if (kept === undefined) return { ...here, asOf: new Date(answeredAtMs).toISOString() }
    storeAheadMs = clockAhead(storeAheadMs, { askedAtMs, answeredAtMs, asOfMs: Date.parse(kept.asOf) })
    sayClock()
    // This process hears its clients from its start on, whatever was kept of the time before.
    const { since, asOf, reports } = shiftTimes(here, { aheadMs: storeAheadMs, asOf: kept.asOf })
    const lastWords = new Map(kept.reports.map(report => [report.instanceId, report]))
    for (const report of reports) {
      const other = lastWords.get(report.instanceId)
      lastWords.set(
        report.instanceId,
        other === undefined ? report : lastWord(withoutLaterTimes(other, kept.asOf), report),
      )
    }
    const { reports: _, ...said } = kept
    return {
      ...(wentBack !== undefined && { wentBack }),
      ...said,
      since,
      asOf,
      reports: [...lastWords.values()],
    }
  }

  return {
    async post(request, { namespace, mayControl, speaksFor, isBoundTo, voice }) {
      // Before the body is read: a flood costs no more than its heads.
      const waitMs = voice.type === 'stranger' ? allowance.waitMs(voice.address) : 0
      if (waitMs > 0)
        return tooMany('too many reports come from this address; send fewer, or send a token', waitMs)
      // What is no list of reports costs as much as one.
      if (voice.type === 'stranger') allowance.spend(voice.address, 1)
      const items = shapeOf(await readJsonBody(request, limits), 'the body').list('reports', MAX_REPORTS)
      if (voice.type === 'stranger') allowance.spend(voice.address, items.length)
      if (!(await hub.isPublished(namespace))) return DONE
      let passedOver = 0
      let unproven = 0
      let others = 0
      const takeOne = (item: Json): void => {
        const said = readOwn(item, namespace)
        const report = said && (isBoundTo(said.clientId) ? { ...said, bound: true as const } : said)
        if (report === undefined) passedOver += 1
        else if (!speaksFor(report.clientId)) others += 1
        else if (report.role?.type === 'controller' && !mayControl) unproven += 1
        else if (registry.add(report, voice) === 'kept') gather(report)
      }
      for (const item of items.slice(0, REPORTS_A_TURN)) takeOne(item)
      for (let from = REPORTS_A_TURN; from < items.length; from += REPORTS_A_TURN)
        await turns(() => items.slice(from, from + REPORTS_A_TURN).forEach(takeOne))
      if (others > 0)
        logger?.warn('reports were passed over: their token is bound to other clients', {
          namespace,
          reports: others,
        })
      if (unproven > 0)
        logger?.warn('reports of a controller were passed over: they came without a token that may control', {
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
    take(reports, voice) {
      for (const report of reports) if (registry.add(report, voice) === 'kept') gather(report)
    },
    heard,
    async get(query, signal) {
      const { reports, ...stamps } = await heard(query, signal)
      const shorten = query.brief === undefined ? undefined : briefly(query.brief.labels)
      const body = await listBytes(reports, {
        before: `${JSON.stringify(stamps).slice(0, -1)},"reports":[`,
        text: report => JSON.stringify(shorten === undefined ? report : shorten(report)),
        after: ']}',
        clock,
      })
      return wholeJson(200, body)
    },
    async close() {
      closed = true
      handOver()
      await Promise.all(handing)
    },
  }
}

export interface ReportRoutesOptions {
  readonly transport: Transport
  readonly hub: Pick<Hub, 'isPublished' | 'wentBack'>
  readonly registry: Registry
  readonly allowance: Allowance
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly lifetime: Lifetime
  readonly turns: Turns
}

/**
 * A report of this namespace; undefined for any other, for one that is too large, and for what is
 * no report.
 */
function readOwn(item: Json, namespace: Namespace): ClientReport | undefined {
  try {
    const report = readReport(item)
    return report.namespace === namespace && jsonBytes(report) <= MAX_REPORT_BYTES ? report : undefined
  } catch (error) {
    if (isNoticeboardError(error, 'invalid-data')) return undefined
    throw isError(error) ? error : new NoticeboardError('internal', 'a report could not be read')
  }
}
