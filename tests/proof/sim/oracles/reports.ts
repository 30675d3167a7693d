import { isDeepStrictEqual } from 'node:util'
import type { Client } from '../../../../src/client/client.js'
import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import { comparePositions, formatPosition, type Position } from '../../../../src/contracts/position.js'
import type { ClientReport } from '../../../../src/contracts/report.js'
import type { ReportTransport } from '../../../../src/contracts/transport.js'
import type { Fleet } from '../../../../src/fleet/summary.js'
import type { SimProcess } from '../../../../src/sim/process.js'
import { runningOf } from '../running-of.js'
import type { World } from '../world.js'

/** Times of the reports of simulated clients, in milliseconds. */
export const REPORTS = { intervalMs: 30_000, batchMs: 1_000, soakMs: 20_000 } as const

/**
 * A change is handed on within a batch and the request that may be under way, and a second for all
 * else.
 */
const TOLD_MS = REPORTS.batchMs + 10_000 + 2_000
/**
 * After a report that failed comes the next within the longest delay of a backoff, after one that
 * did not within a presence interval.
 */
const RETRY_MS = 30_000 + 2 * REPORTS.batchMs
const PRESENCE_MS = 1.2 * REPORTS.intervalMs + 2 * REPORTS.batchMs
/** A moment, for timers of the same instant. */
const MOMENT_MS = 50

/** What a life is, for its reports. */
export interface ReportingLife {
  readonly own: SimProcess
  readonly clientId: string
  readonly labels: Readonly<Record<string, string>>
  readonly build: string
  readonly strategy: string
  readonly keepsState: boolean
  readonly client: () => Client<unknown> | undefined
  /** Whether this machine refused that snapshot in this build. */
  readonly hasRefused: (digest: string) => boolean
  /** Whether that snapshot may be under quarantine on this machine in this build. */
  readonly mayHold: (digest: string) => boolean
}

/** What one life of a client says of itself. */
export interface LifeReports {
  /** Stands before the transport that its reports go to. */
  over<T extends ReportTransport>(transport: T): T
  /** Something came into force that was prepared. */
  applied(): void
  /** A snapshot was refused, or vetoed. */
  refused(how: 'rejected' | 'vetoed'): void
  validated(): void
  closing(): void
  /** Whether it has told in time what there was to tell. */
  look(): void
  readonly instanceId: string | undefined
  /** Since when a report is under way, in monotonic milliseconds. */
  readonly sendingSinceMs: number | undefined
}

/** Everything that clients said of themselves. */
export interface ReportBook {
  life(life: ReportingLife): LifeReports
  /** What a fleet says that no client said; undefined when it says only what they did. */
  invented(fleet: Fleet): string | undefined
}

/**
 * `reports-are-true`: each report says what its client is when it is sent, a change is handed on
 * within a batch and a send, what failed is said again, and whoever asks for the fleet hears of
 * each instance what that instance said.
 */
export function createReportBook({
  clock,
  truth,
  sometimes,
}: Pick<World, 'clock' | 'truth' | 'sometimes'>): ReportBook {
  /** Others report as well, who are not of the fleet. */
  const clients = new Set<string>()
  const said = new Map<string, Map<number, ClientReport>>()
  const complain = (what: string): void => truth.violate('reports-are-true', what)

  return {
    life(life) {
      const { own } = life
      clients.add(life.clientId)
      let instanceId: string | undefined
      let last: ClientReport | undefined
      let appliedMs: number | undefined
      let validatedMs: number | undefined
      let vetoed = false
      let refusals = 0
      let closing = false
      /** What it had to tell, and since when that is not what it told last. */
      let told = ''
      let untold: { readonly key: string; readonly sinceMs: number } | undefined
      let sending: { readonly sinceMs: number } | undefined
      /** The last one: until when another is due, and until when what is new may be kept. */
      let ended:
        | { readonly atMs: number; readonly nextWithinMs: number; readonly toldWithinMs: number }
        | undefined

      const standing = (momentMs = MOMENT_MS): string => {
        const runs = runningOf(life.client())
        const soaked = appliedMs !== undefined && clock.monotonic() - appliedMs > REPORTS.soakMs + momentMs
        return [runs?.digest, runs?.position && formatPosition(runs.position), soaked, refusals].join()
      }

      const wrongIn = (report: ClientReport): string | undefined => {
        const runs = runningOf(life.client())
        const sinceMs = appliedMs === undefined ? undefined : clock.monotonic() - appliedMs
        const { phase, refused, code, seen, applied } = report
        if (
          report.clientId !== life.clientId ||
          report.build !== life.build ||
          report.strategy !== life.strategy
        )
          return 'is of another client'
        if (!isDeepStrictEqual(report.labels, life.labels)) return 'has other labels'
        // What is tried does not run yet.
        if (phase === 'trying') return report.digest === runs?.digest ? 'tries what it runs' : undefined
        if (report.digest !== runs?.digest || report.version !== runs?.version)
          return 'names another snapshot than runs'
        if (!isDeepStrictEqual(applied, runs?.position))
          return `says that ${show(applied)} is applied, and ${show(runs?.position)} is`
        if (!isDeepStrictEqual(report.overridden ?? [], runs?.overridden ?? [])) return 'has other overrides'
        if (last !== undefined && (report.count !== last.count + 1 || report.instanceId !== last.instanceId))
          return 'is not the next of its instance'
        if (applied !== undefined && (seen === undefined || comparePositions(applied, seen) === 'newer'))
          return 'applied what it has not seen'
        if (last?.seen !== undefined && (seen === undefined || comparePositions(seen, last.seen) === 'older'))
          return 'has seen less than before'
        if (report.nextReportWithinMs !== REPORTS.intervalMs) return 'promises another interval'
        if (report.protection === 'disk' && !life.keepsState) return 'has a disk'
        if (closing !== (phase === 'stopped'))
          return closing ? 'closes and does not say so' : 'says that it stopped'
        if ((phase === 'rejected') !== (code !== undefined)) return 'has a code that is not for its phase'
        switch (phase) {
          case 'waiting':
            return appliedMs === undefined ? undefined : 'says that it waits'
          case 'applied':
            return sinceMs !== undefined &&
              (sinceMs <= REPORTS.soakMs + MOMENT_MS || own.runsSinceMs > clock.monotonic() - MOMENT_MS)
              ? undefined
              : 'says applied, and is not on trial'
          case 'healthy':
            return sinceMs !== undefined && sinceMs >= REPORTS.soakMs - 1
              ? undefined
              : 'says healthy before its time'
          case 'staged':
            return validatedMs !== undefined && (appliedMs === undefined || validatedMs >= appliedMs)
              ? undefined
              : 'says staged, and nothing is'
          case 'rejected':
            if (code === 'vetoed') return vetoed ? undefined : 'says that it vetoed'
            return refused !== undefined && life.hasRefused(refused)
              ? undefined
              : 'says that it refused what it did not'
          case 'stopped':
            return undefined
          case 'quarantined':
            return refused !== undefined && life.mayHold(refused)
              ? undefined
              : 'says that it holds what it may run'
          case 'reverted':
          case 'paused':
          case 'other':
            return `says ${phase}`
        }
      }

      const sent = (report: ClientReport): void => {
        const wrong = wrongIn(report)
        if (wrong !== undefined) complain(`report ${report.count} of ${own.name} (${report.phase}) ${wrong}`)
        last = report
        ;({ instanceId } = report)
        const counts = said.get(report.instanceId) ?? new Map<number, ClientReport>()
        said.set(report.instanceId, counts)
        counts.set(report.count, structuredClone(report))
        // Within the moment in which it is healthy it may have said so, or may say so in a moment.
        told = standing(report.phase === 'applied' ? MOMENT_MS : -1)
        untold = undefined
        sending = { sinceMs: clock.monotonic() }
      }
      const over = (nextWithinMs: number, toldWithinMs = TOLD_MS): void => {
        sending = undefined
        ended = { atMs: clock.monotonic(), nextWithinMs, toldWithinMs }
      }

      return {
        over: transport => ({
          ...transport,
          async report(states, signal) {
            if (own.alive) for (const state of states) sent(state)
            try {
              await transport.report(states, signal)
              over(PRESENCE_MS)
            } catch (error) {
              const { retryAfterMs } = isNoticeboardError(error) ? error : {}
              const nextWithinMs = RETRY_MS + (retryAfterMs ?? 0)
              if (isNoticeboardError(error, 'forbidden')) over(PRESENCE_MS)
              // Who is sent away stays away, whatever is new: a fleet that is sent away together
              // does not return together.
              else over(nextWithinMs, retryAfterMs === undefined ? TOLD_MS : nextWithinMs)
              sometimes.add('a report was lost')
              throw error
            }
          },
        }),
        applied: () => void (appliedMs = clock.monotonic()),
        refused(how) {
          if (how === 'vetoed') vetoed = true
          else refusals += 1
        },
        validated: () => void (validatedMs = clock.monotonic()),
        closing: () => void (closing = true),
        look() {
          const nowMs = clock.monotonic()
          if (!own.running || closing || life.client()?.status === 'idle' || instanceId === undefined) return
          const key = standing()
          if (key === told) untold = undefined
          else if (untold?.key !== key) untold = { key, sinceMs: untold?.sinceMs ?? nowMs }
          const since = (ms: number): number => nowMs - Math.max(ms, own.runsSinceMs)
          if (sending !== undefined) {
            if (since(sending.sinceMs) > TOLD_MS)
              complain(`${own.name} sends a report for ${Math.round(since(sending.sinceMs))} ms`)
            return
          }
          if (ended === undefined) return
          if (untold !== undefined && since(untold.sinceMs) > ended.toldWithinMs)
            complain(
              `${own.name} has not told for ${Math.round(since(untold.sinceMs))} ms where it stands (${key} after ${told})`,
            )
          else if (since(ended.atMs) > ended.nextWithinMs)
            complain(`${own.name} has not reported for ${Math.round(since(ended.atMs))} ms`)
          if (untold !== undefined) sometimes.add('a client had something to tell')
        },
        get instanceId() {
          return instanceId
        },
        get sendingSinceMs() {
          return sending?.sinceMs
        },
      }
    },
    invented(fleet) {
      if (fleet.type !== 'known') return undefined
      const counts: Record<string, number> = Object.fromEntries(
        Object.keys(fleet.counts).map(state => [state, 0]),
      )
      for (const { state, report } of fleet.members) {
        counts[state] = (counts[state] ?? 0) + 1
        const { receivedAt: _, firstHeardAt: __, ...words } = report
        const own = said.get(report.instanceId)?.get(report.count)
        if (own === undefined && !clients.has(report.clientId)) continue
        if (own === undefined) return `it holds a report of ${report.clientId} that nobody sent`
        if (!isDeepStrictEqual(words, own))
          return `it holds another report ${report.count} of ${report.clientId} than was sent`
        if ((report.phase === 'stopped') !== (state === 'stopped'))
          return `${report.clientId} is ${state} and says ${report.phase}`
      }
      return isDeepStrictEqual(counts, fleet.counts) ? undefined : 'its counts are not those of its members'
    },
  }
}

function show(position: Position | undefined): string {
  return position === undefined ? 'nothing' : formatPosition(position)
}
