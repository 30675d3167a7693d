import type { Reasons } from './explanation.js'
import type { Decision, NextStage } from './policy.js'
import { say, type Place } from './say-decision.js'
import { unknown } from './unknowns.js'

/** How often a stage may begin anew because its clients have gone. */
const MOST_ANEW = 3

/** Why a stage begins anew, and with whom. */
export interface Anew {
  /** What became of its clients, for people. */
  readonly gone: string
  /** The stage as it begins then; undefined where there is nobody to begin it with. */
  readonly next: (times: { readonly anew: number }) => NextStage | undefined
  /** What would end a pause where there is nobody. */
  readonly wanted: string
}

/**
 * A stage whose clients have gone bakes anew with others, three times at most; then somebody has to
 * look.
 *
 * ```ts
 * return beginAnew(place, { gone: 'most clients of the stage have stopped', next, wanted: 'other clients' })
 * ```
 */
export function beginAnew(place: Place, { gone, next, wanted }: Anew): Decision {
  const { anew = 0 } = place.view.rollout.stageStart
  if (anew >= MOST_ANEW)
    return say(place, 'pause', {
      ...reasonsOf(`${gone}, for the ${MOST_ANEW + 1}th time`),
      wouldChange: ['clients that stay for a bake'],
    })
  const begun = next({ anew: anew + 1 })
  if (begun === undefined) return say(place, 'pause', { ...reasonsOf(gone), wouldChange: [wanted] })
  return say(place, 'widen', reasonsOf(`${gone}; it begins anew with others`), begun)
}

function reasonsOf(text: string): Reasons {
  return { verdict: 'unknown', why: [], unknowns: [unknown('clients-gone', { text })] }
}
