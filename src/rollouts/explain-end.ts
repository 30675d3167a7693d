import { goesOn, stageNumberOf, type RolloutState } from '../core/release/rollout.js'
import type { StepEvidence } from '../core/release/step-evidence.js'
import type { Explanation } from './explanation.js'
import { saySkipped } from './skipped.js'

/** How a rollout ended, as its log tells it. */
export interface RolloutEnding {
  /** The rollout as its last release says it. */
  readonly rollout: RolloutState
  /** How many stages there are. */
  readonly of: number
  /** What was kept with its last step; undefined where this reader may not see it. */
  readonly evidence: StepEvidence | undefined
  /** The reason that was given with that step. */
  readonly reason: string | undefined
}

/**
 * Explains a rollout that has ended by what was kept with its end. What clients report by now is of
 * another time, so nothing is judged again.
 *
 * ```ts
 * const { verdict, why } = explainEnd({ rollout, of: 3, evidence: audit?.evidence, reason: audit?.reason })
 * ```
 */
export function explainEnd({ rollout, of, evidence, reason }: RolloutEnding): Explanation {
  const isSuperseded = goesOn(rollout)
  const { rehearsal, awaitsGates } = rollout.stageStart
  const stage = `stage ${stageNumberOf(rollout)} of ${of}`
  const awaited = awaitsGates === true ? ', before anybody was exposed' : ''
  const rehearsed = rehearsal === undefined ? '' : `, the way back was rehearsed: ${rehearsal.phase}`
  const how = isSuperseded ? 'superseded' : rollout.state
  const lead = isSuperseded ? 'another release took its place; the last step' : how.replace('-', ' ')
  const said = evidence?.why ?? rollout.why
  // Of what a person asked for the reason says more than that they did.
  const asked = evidence?.verdict === undefined && reason !== undefined
  return {
    rollout: rollout.id,
    stage: rollout.stage,
    where: `${how}, ${stage}${awaited}${rehearsed}`,
    verdict: isSuperseded ? 'unknown' : (evidence?.verdict ?? 'unknown'),
    ...(!isSuperseded && evidence?.code === 'way-back-failed' && { code: evidence.code }),
    why: [
      [lead, ...(said === undefined ? [] : [said]), ...(asked ? [reason] : [])].join(': '),
      // What a controller ended has told already.
      ...saySkipped(rollout.skipped).filter(text => said?.includes(text) !== true),
    ],
    unknowns: [],
    counts: evidence?.counts ?? {},
    canSee:
      evidence === undefined
        ? 'it has ended, and no evidence of that is to be read here'
        : `it has ended: this is the evidence of ${evidence.asOf}${evidence.canSee === undefined ? '' : `; ${evidence.canSee}`}`,
    exceptions: evidence?.exceptions ?? [],
    omitted: evidence?.omitted ?? 0,
    wouldChange: [],
    asOf: evidence?.asOf ?? rollout.stageStart.at,
  }
}
