import { alarmOf, alarmsOf, type Alarm } from '../alarms/index.js'
import { asNoticeboardError } from '../contracts/errors.js'
import type { HeardReports } from '../contracts/report.js'
import type { Release } from '../core/release/release.js'
import { goesOn } from '../core/release/rollout.js'
import { summarizeFleet, type Fleet } from '../fleet/summary.js'
import type { PublisherContext } from './context.js'
import { readNewest } from './read-head.js'
import { readReports } from './read-reports.js'
import { withBuiltIn } from './rollouts/policies.js'
import { inRollout } from './rollouts/steps.js'
import { judge } from './rollouts/tend.js'

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
    const heard = await read()
    const newest = (await readNewest(context, signal))?.release
    const nowMs = heard === undefined ? clock.now() : Date.parse(heard.asOf)
    const standsStill =
      newest === undefined ? undefined : await standsStillFor(context, { release: newest, heard }, signal)
    return {
      newest,
      fleet: heard === undefined ? NO_REPORTS : summarizeFleet(heard, newest),
      alarms: alarmsOf({ newest, heard, nowMs, standsStill }),
    }
  } catch (error) {
    signal.throwIfAborted()
    const { code, message } = asNoticeboardError(error, 'internal', 'the board could not be read')
    const alarms = [alarmOf('board-failing', `${message} (${code})`)]
    return { newest: undefined, fleet: NO_REPORTS, alarms }
  }
}

const NO_REPORTS: Fleet = { type: 'unknown', why: 'no-reports' }

/** Why a rollout that no operator paused waits for one. */
async function standsStillFor(
  context: PublisherContext,
  { release, heard }: { readonly release: Release; readonly heard: HeardReports | undefined },
  signal: AbortSignal,
): Promise<string | undefined> {
  if (!inRollout(release) || !goesOn(release.rollout) || release.rollout.state === 'paused') return undefined
  const policies = withBuiltIn(context.rollout === undefined ? [] : [context.rollout])
  // Gates are the controller's to ask: alarms are looked for often, and by more than one.
  const { decision } = await judge(context, { policies, gates: [] }, { release, heard, signal })
  return decision?.type === 'pause' ? (decision.explanation.why[0] ?? 'its policy says so') : undefined
}
