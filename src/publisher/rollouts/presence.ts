import { asNoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { ClientReport, ReportRole, RolloutStandstill } from '../../contracts/report.js'
import type { Clock, Logger, Random } from '../../contracts/system.js'
import type { ReportTransport } from '../../contracts/transport.js'
import { MAX_NEXT_REPORT_MS } from '../../core/limits.js'
import { toHex } from '../../core/release/digest.js'

/** Says in each namespace that somebody is there who moves rollouts on, and what that can run. */
export interface Presence {
  /** Under which its reports come. */
  readonly instanceId: string
  /** Says it where it is due. Never rejects: what was not heard is said again at the next look. */
  say(namespaces: readonly Namespace[], signal: AbortSignal): Promise<void>
  /** Says that it has stopped. Never rejects. */
  stop(signal: AbortSignal): Promise<void>
}

/** What a presence is made of. */
export interface PresenceOptions {
  /** Takes the reports; undefined where nothing does, and the controller is not seen. */
  readonly to: ReportTransport | undefined
  readonly name: string
  readonly role: Extract<ReportRole, { type: 'controller' }>
  /** Why the rollout of a namespace stands, where the controller was to move it on. */
  readonly standstillOf: (namespace: Namespace) => RolloutStandstill | undefined
  readonly reportMs: number
  readonly lookMs: number
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/**
 * Makes the presence of one controller, or of a publisher that drives, under a new `instanceId`.
 *
 * ```ts
 * await presence.say(namespaces, signal)
 * ```
 */
export function createPresence(options: PresenceOptions): Presence {
  const { to, name, role, standstillOf, reportMs, lookMs, clock, random, logger } = options
  const instanceId = toHex(random.bytes(16))
  const startedMs = clock.monotonic()
  /** When it was last said in each namespace, and what. */
  const said = new Map<Namespace, { readonly atMs: number; readonly stands: RolloutStandstill | undefined }>()
  let count = 0

  const send = async (
    namespaces: readonly Namespace[],
    phase: 'waiting' | 'stopped',
    signal: AbortSignal,
  ): Promise<void> => {
    if (to === undefined || namespaces.length === 0) return
    count += 1
    const upMs = Math.round(clock.monotonic() - startedMs)
    const standstills = new Map(
      namespaces.map(namespace => [namespace, phase === 'stopped' ? undefined : standstillOf(namespace)]),
    )
    const reports = namespaces.map((namespace): ClientReport => ({
      v: 1,
      namespace,
      clientId: name,
      instanceId,
      ephemeral: true,
      role: withStandstill(role, standstills.get(namespace)),
      labels: {},
      strategy: 'controller',
      lookMs,
      count,
      upMs,
      phase,
      sinceMs: upMs,
      protection: 'none',
      nextReportWithinMs: Math.min(reportMs, MAX_NEXT_REPORT_MS),
    }))
    try {
      await to.report(reports, signal)
      for (const [namespace, stands] of standstills) said.set(namespace, { atMs: clock.monotonic(), stands })
    } catch (error) {
      if (signal.aborted) return
      const { code } = asNoticeboardError(error, 'internal', 'the report could not be sent')
      logger.debug('a controller could not say that it is there; it says so again', { code })
    }
  }

  return {
    instanceId,
    async say(namespaces, signal) {
      const nowMs = clock.monotonic()
      const isDue = (namespace: Namespace): boolean => {
        const last = said.get(namespace)
        if (last === undefined || nowMs - last.atMs >= reportMs) return true
        // A reason with a number in it may change at each look, and is not worth a report each
        // time.
        const stands = standstillOf(namespace)
        return last.stands?.is !== stands?.is || last.stands?.rollout !== stands?.rollout
      }
      await send(namespaces.filter(isDue), 'waiting', signal)
    },
    stop: signal => send([...said.keys()], 'stopped', signal),
  }
}

function withStandstill(
  role: PresenceOptions['role'],
  stands: RolloutStandstill | undefined,
): PresenceOptions['role'] {
  return stands === undefined ? role : { ...role, stands }
}
