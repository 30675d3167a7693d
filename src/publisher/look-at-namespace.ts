import { alarmOf, alarmsOf, type Alarm, type NamespaceFacts } from '../alarms/index.js'
import { asNoticeboardError, isNoticeboardError } from '../contracts/errors.js'
import type { HeardReports } from '../contracts/report.js'
import type { Release } from '../core/release/release.js'
import { goesOn } from '../core/release/rollout.js'
import { summarizeFleet, type Fleet } from '../fleet/summary.js'
import { clockAhead } from '../fleet/time-shift.js'
import type { PublisherContext } from './context.js'
import { readHistory } from './history.js'
import { readNewest } from './read-head.js'
import { readReports } from './read-reports.js'
import { ownPolicies, withBuiltIn } from './rollouts/policies.js'
import { inRollout } from './rollouts/steps.js'
import { judge } from './rollouts/tend.js'
import { passes } from './rollouts/watch-everyone.js'

/** A namespace as it stands. */
export interface NamespaceLook {
  readonly newest: Release | undefined
  readonly fleet: Fleet
  readonly alarms: readonly Alarm[]
}

/**
 * Reads where a namespace stands; what was heard of it with `read`, from the store unless given. A
 * store that fails is an alarm and not an error.
 *
 * ```ts
 * const { alarms } = await lookAtNamespace(context, signal)
 * ```
 */
export async function lookAtNamespace(
  context: PublisherContext,
  signal: AbortSignal,
  read: () => Promise<HeardReports | undefined> = () => readReports(context, signal),
): Promise<NamespaceLook> {
  const { clock } = context
  try {
    // First, so that nobody who has seen a release that comes meanwhile is taken for one who is
    // ahead.
    const askedAtMs = clock.now()
    const heard = await read()
    const answeredAtMs = clock.now()
    const newest = (await readNewest(context, signal))?.release
    const nowMs = heard === undefined ? clock.now() : Date.parse(heard.asOf)
    const aheadMs = heard && clockAhead(0, { askedAtMs, answeredAtMs, asOfMs: nowMs })
    const asked = newest === undefined ? undefined : await askedIn(context, newest, signal)
    const still = newest === undefined ? {} : await standstillOf(context, { release: newest, heard }, signal)
    return {
      newest,
      fleet: heard === undefined ? NO_REPORTS : summarizeFleet(heard, newest),
      alarms: alarmsOf({ newest, heard, nowMs, aheadMs, asked, ...still }),
    }
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = asNoticeboardError(error, 'internal', 'the board could not be read')
    const alarms = [alarmOf('board-failing', `${message} (${code})`)]
    return { newest: undefined, fleet: NO_REPORTS, alarms }
  }
}

/** How many releases back the one is looked for that paused a rollout. */
const LOOKED_BACK = 20

/**
 * The reason that was given where somebody paused a rollout or took it back. Undefined where its
 * policy did, and where this reader may not see it.
 */
async function askedIn(
  context: PublisherContext,
  { rollout }: Release,
  signal: AbortSignal,
): Promise<NamespaceFacts['asked']> {
  if (rollout?.state !== 'paused' && rollout?.state !== 'retreated') return undefined
  try {
    for await (const { cause, release, audit } of readHistory(context, { limit: LOOKED_BACK, signal })) {
      if (release.rollout?.id !== rollout.id) return undefined
      if (cause !== 'pause' && cause !== 'retreat') continue
      return audit?.evidence?.verdict === undefined ? audit : undefined
    }
  } catch (error) {
    signal.throwIfAborted()
    // Whoever may not read the log is told the rest.
    if (!isNoticeboardError(error)) throw error
  }
  return undefined
}

const NO_REPORTS: Fleet = { type: 'unknown', why: 'no-reports' }

/** Why a rollout that no operator paused waits for one, or cannot be looked at. */
async function standstillOf(
  context: PublisherContext,
  { release, heard }: { readonly release: Release; readonly heard: HeardReports | undefined },
  signal: AbortSignal,
): Promise<Pick<NamespaceFacts, 'standsStill' | 'cannotLook'>> {
  if (!inRollout(release) || !goesOn(release.rollout) || release.rollout.state === 'paused') return {}
  const policies = withBuiltIn(ownPolicies(context))
  try {
    // Gates are the controller's to ask: alarms are looked for often, and by more than one.
    const { decision } = await judge(context, { policies, gates: [] }, { release, heard, signal })
    return decision?.type === 'pause'
      ? { standsStill: decision.explanation.why[0] ?? 'its policy says so' }
      : {}
  } catch (error) {
    signal.throwIfAborted()
    if (passes(error)) throw error
    const { code, message } = asNoticeboardError(error, 'internal', 'the rollout could not be judged')
    return { cannotLook: `cannot be looked at: ${message} (${code})` }
  }
}
