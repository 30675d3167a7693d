import { isWider } from '../../rollouts/cohort.js'
import type { Release } from '../../core/release/release.js'
import {
  addedWithdrawals,
  asksForOthers,
  isOfSameRollout,
  isSame,
  sameArm,
  type Objection,
  type Proposal,
} from './rule.js'

const GOES_ON: ReadonlySet<string> = new Set(['running', 'watching'])
const STATES: ReadonlySet<string> = new Set(['running', 'watching', 'completed'])

/** Whether a release is anything but the next step of the rollout that goes on. */
export function objectionToControl(proposal: Proposal): Objection {
  const { head, release } = proposal
  const before = head.release
  const { rollout } = release
  if (before.rollout === undefined || !GOES_ON.has(before.rollout.state)) return 'no rollout goes on'
  if (rollout === undefined || !isOfSameRollout(release, before) || !STATES.has(rollout.state))
    return 'it is no step of the rollout that goes on'
  if (['kill', 'rollback', 'abort', 'publish', 'epoch'].includes(release.cause))
    return `its cause is ${release.cause}, which no step of a rollout has`
  if (addedWithdrawals(proposal).length > 0) return 'it withdraws a document'
  if (asksForOthers(release, before)) return 'it asks clients for other reports'
  if (
    release.activateAt !== undefined &&
    release.activateAt !== before.rollout.activateAt &&
    release.activateAt !== before.activateAt
  )
    return 'it has clients wait until a time that was not planned'
  return objectionToArms(release, before)
}

function objectionToArms(release: Release, before: Release): Objection {
  const { stable, candidate, audience } = release
  const isPromoted =
    candidate === undefined && before.candidate !== undefined && sameArm(stable, before.candidate)
  if (isPromoted) return undefined
  if (!sameArm(stable, before.stable)) return 'it makes stable what its rollout does not try'
  if (candidate === undefined)
    return before.candidate === undefined ? undefined : 'it takes the candidate away'
  if (before.candidate === undefined || !sameArm(candidate, before.candidate))
    return 'it tries what its rollout does not'
  if (audience === undefined || before.audience === undefined) return 'it has no audience'
  const isRehearsal =
    before.rollout?.stageStart.rehearsal !== undefined &&
    audience.salt === before.audience.salt &&
    audience.clauses.every(
      ({ ids, labels, below }) =>
        labels === undefined &&
        below === undefined &&
        isSame(ids ?? [], [before.rollout?.stageStart.rehearsal?.id]),
    )
  return isRehearsal || isWider(audience, before.audience)
    ? undefined
    : 'it takes clients out of the audience'
}
