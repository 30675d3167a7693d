// What many systems go by: so many failures are too many, whatever happens to the rest of the
// fleet.
import { staged } from 'noticeboard'

/** @import { RolloutPolicy } from 'noticeboard' */

/** The stages that one failure in the client's own words ends are left as they are. */
const strictStages = 2

/** What a client of a stage is counted under when it failed. */
const failures = ['rejected', 'reverted', 'quarantined', 'vetoed', 'abrupt', 'vanished', 'silent']

/**
 * As `staged()`, whose place it takes, but a stage is rolled back once more than a share of its
 * clients failed.
 * @param {number} share
 * @returns {RolloutPolicy}
 */
export function thresholds(share) {
  const usual = staged()
  return {
    ...usual,
    decide(standing, evidence, nowMs) {
      const decision = usual.decide(standing, evidence, nowMs)
      const { rollout } = standing.release
      if (rollout?.state !== 'running' || rollout.stage < strictStages) return decision
      const { counts } = decision.explanation
      const failed = failures.reduce((sum, kind) => sum + (counts[kind] ?? 0), 0)
      if (failed <= share * (counts.exposed ?? 0)) return decision
      const why = [`${failed} of ${counts.exposed} clients failed, more than ${100 * share} %`]
      return { type: 'roll-back', explanation: { ...decision.explanation, verdict: 'bad', why } }
    },
  }
}
