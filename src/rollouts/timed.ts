import { NoticeboardError } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import { BUCKETS, type Audience } from '../core/release/audience.js'
import { CLOCK_STEP_MS } from '../core/clock-step.js'
import { MAX_BAKE_MS } from '../core/limits.js'
import { checkOptions } from '../core/options.js'
import type { Explanation } from './explanation.js'
import { readTimedPlan, type TimedPlan } from './plan.js'
import type { Decision, FirstStep, NextStage, RolloutPolicy, RolloutStanding, StartInput } from './policy.js'
import { beganAhead, SET_BACK } from './clock-set-back.js'
import { liveMembers } from './members.js'
import { checkSteps } from './presets.js'
import { runsFromMs } from './runs-from.js'
import { sayTime } from './say-time.js'
import { saySkipped } from './skipped.js'
import { sayStages, type Stage } from './stage.js'

/** How a timed rollout goes. */
export interface TimedOptions {
  /** How many equal steps there are, 2 to 50. Default 4. */
  readonly steps?: number
  /**
   * How long each step lasts, in milliseconds. Default 600,000: mounted volumes take minutes to
   * change.
   */
  readonly everyMs?: number
}

/** The steps of {@link timed} by default: how many, and how long each lasts, in milliseconds. */
export const TIMED_STEPS = 4
export const TIMED_EVERY_MS: number = CLOCK_STEP_MS

/** How long after its time a step counts as late, in milliseconds. */
const SLACK_MS = 1_800_000

/**
 * Equal steps by the clock, for stores that clients cannot report to: nothing is judged, and only a
 * person who watches can stop it in time. Throws `invalid-option`.
 *
 * ```ts
 * await publisher.publish(document, { rollout: timed({ steps: 6 }), reason: 'more load' })
 * ```
 */
export function timed(options: TimedOptions = {}): RolloutPolicy {
  checkOptions('timed()', options, { steps: true, everyMs: true })
  const { steps = TIMED_STEPS, everyMs = TIMED_EVERY_MS } = options
  checkSteps('timed()', steps)
  if (!(Number.isInteger(everyMs) && everyMs >= 1 && everyMs <= MAX_BAKE_MS))
    throw new NoticeboardError(
      'invalid-option',
      `timed(): everyMs must be a whole number of milliseconds, ${MAX_BAKE_MS} at most`,
    )
  const stages = equalSteps(steps)
  return {
    type: 'timed',
    version: 1,
    startsBy: [],
    start: input => startTimed({ type: 'timed', version: 1, stages, everyMs }, input),
    decide: (standing, _evidence, nowMs) => decideTimed(standing, nowMs),
    jump: (standing, { heard }, to) => jumpTimed(standing, { nowMs: Date.parse(heard.asOf), to }),
  }
}

/**
 * So many steps, each of which exposes as many clients more as the one before.
 *
 * ```ts
 * equalSteps(4) // 25 %, 50 %, 75 %, everyone
 * ```
 */
export function equalSteps(steps: number): readonly Stage[] {
  return Array.from({ length: steps }, (_, index): Stage => ({ by: 'share', share: (index + 1) / steps }))
}

function startTimed(plan: TimedPlan, { salt, spreadMs, heard, nowMs }: StartInput): FirstStep {
  const live = heard === undefined ? 0 : liveMembers(heard, { beforeMs: nowMs, nowMs }).length
  return {
    type: 'stage',
    plan: plan as unknown as Json,
    evidence: undefined,
    next: stageAt(plan, 0, { salt, clauses: [] }, { nowMs, live, spreadMs }),
    says: [`stages: ${sayStages(plan.stages)}, one each ${sayTime(plan.everyMs)}, whatever happens`],
  }
}

/**
 * The next step when its time has come. A controller that was away for long makes one step, and
 * waits again.
 */
function decideTimed({ release }: RolloutStanding, nowMs: number): Decision {
  const { rollout, audience } = release
  if (rollout === undefined) throw new TypeError('a timed rollout is decided on a release of it')
  const plan = readTimedPlan(rollout.plan)
  const { stageStart, stage, state } = rollout
  const leftMs = runsFromMs(release, rollout) + plan.everyMs - nowMs
  const say = (why: string): Explanation => ({
    rollout: rollout.id,
    stage,
    where: `step ${stage + 1} of ${plan.stages.length}`,
    verdict: 'unknown',
    why: [why, ...saySkipped(rollout.skipped)],
    unknowns: [],
    counts: {},
    canSee: 'nothing is judged: it goes by the clock',
    exceptions: [],
    omitted: 0,
    wouldChange: [],
    asOf: new Date(nowMs).toISOString(),
  })
  const end: NextStage = {
    state: 'completed',
    stage,
    audience: undefined,
    start: stageStart,
    decideBy: rollout.decideBy,
  }
  // Everybody has it by a person's hand, and nothing is judged that a watch could wait for.
  if (state === 'watching')
    return { type: 'advance', explanation: say('it was promoted by hand, and nothing is watched'), next: end }
  if (state !== 'running' || audience === undefined)
    return { type: 'hold', explanation: say(`${state}: it does not go on by itself`) }
  const { spreadMs = 0 } = release
  const at = { nowMs, live: stageStart.live, spreadMs }
  if (beganAhead(rollout, nowMs))
    return { type: 'widen', explanation: say(SET_BACK), next: stageAt(plan, stage, audience, at) }
  if (leftMs > 0) return { type: 'hold', explanation: say(`the next step is in ${sayTime(leftMs)}`) }
  const next: NextStage = stage + 1 < plan.stages.length ? stageAt(plan, stage + 1, audience, at) : end
  return { type: 'advance', explanation: say('its time has come'), next }
}

/** A later step, which begins now. */
function jumpTimed(
  { release }: RolloutStanding,
  { nowMs, to }: { readonly nowMs: number; readonly to: number },
): NextStage {
  const { rollout, audience, spreadMs = 0 } = release
  if (rollout === undefined || audience === undefined)
    throw new TypeError('a timed rollout under way has an audience')
  const { live } = rollout.stageStart
  return stageAt(readTimedPlan(rollout.plan), to, audience, { nowMs, live, spreadMs })
}

function stageAt(
  plan: TimedPlan,
  index: number,
  before: Audience,
  { nowMs, live, spreadMs }: { readonly nowMs: number; readonly live: number; readonly spreadMs: number },
): NextStage {
  const stage = plan.stages[index]
  const share = stage?.by === 'share' ? stage.share : 1
  const below = Math.min(BUCKETS, Math.ceil(share * BUCKETS))
  const exposed = Math.round(share * live)
  return {
    state: 'running',
    stage: index,
    audience: { salt: before.salt, clauses: [{ below }] },
    start: { at: new Date(nowMs).toISOString(), live, exposed, control: live - exposed },
    decideBy: new Date(nowMs + plan.everyMs + spreadMs + SLACK_MS).toISOString(),
  }
}
