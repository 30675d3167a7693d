import { cohortHash, BUCKETS, type Clause } from '../../../../../src/core/release/audience.js'
import type { StageStart } from '../../../../../src/core/release/rollout.js'
import { idOf } from '../../../../../src/rollouts/cohort.js'
import type { Stage } from '../../../../../src/rollouts/stage.js'
import type { Dice } from '../../../../../src/sim/dice.js'
import { systemHasher } from '../../../../../src/system/system.js'

/** A client that is heard, and stays so. */
export interface Member {
  readonly clientId: string
  readonly tier: string
}

/** How a rollout begins: the first stage of its plan, and what its first release says of it. */
export interface Begin {
  readonly stage: Stage
  readonly clauses: readonly Clause[]
  readonly start: Partial<StageStart>
  readonly plan?: { readonly rehearse: true }
}

export const SALT = 'salt'
export const idIn = (clientId: string): string => idOf(clientId, { salt: SALT, hasher: systemHasher })
const bucketOf = (clientId: string): number =>
  Number.parseInt(cohortHash(SALT, clientId, systemHasher).slice(0, 8), 16)

/** Draws a beginning that exposes no more than its first stage, and not everyone. */
export function drawBegin(dice: Dice, members: readonly Member[]): Begin {
  const stage = drawStage(dice, members)
  const ids = members.map(({ clientId }) => idIn(clientId))
  const [first] = ids
  const kind = dice.pick(['plain', 'plain', 'gates', 'rehearsal'] as const)
  if (kind === 'gates') return { stage, clauses: [], start: { exposed: 0, awaitsGates: true } }
  if (kind === 'rehearsal' && first !== undefined) {
    const rehearsal = { phase: 'forward', id: first } as const
    return { stage, clauses: [{ ids: [first] }], start: { exposed: 1, rehearsal }, plan: { rehearse: true } }
  }
  return { stage, clauses: clausesOf(stage, members), start: {} }
}

function drawStage(dice: Dice, members: readonly Member[]): Stage {
  const some = Math.max(1, Math.min(3, members.length - 1))
  const kind = dice.pick(['count', 'share', 'ids', 'labels'] as const)
  const isGold = ({ tier }: Member): boolean => tier === 'gold'
  if (kind === 'share') return { by: 'share', share: dice.between(5, 50) / 100 }
  if (kind === 'ids' && members.length > 0)
    return { by: 'ids', ids: members.slice(0, some).map(({ clientId }) => idIn(clientId)) }
  if (kind === 'labels' && !members.every(isGold)) return { by: 'labels', labels: { tier: ['gold'] } }
  return { by: 'count', count: dice.between(1, some) }
}

function clausesOf(stage: Stage, members: readonly Member[]): readonly Clause[] {
  const names = members.map(({ clientId }) => clientId)
  switch (stage.by) {
    case 'count':
      return [{ ids: names.slice(0, stage.count).map(idIn) }]
    case 'ids':
      return [{ ids: stage.ids }]
    case 'labels':
      return [{ labels: stage.labels }]
    case 'share': {
      const buckets = names.map(bucketOf).toSorted((one, other) => one - other)
      const last = buckets[Math.ceil(stage.share * buckets.length) - 1]
      return [{ below: last === undefined ? Math.floor(stage.share * BUCKETS) : last + 1 }]
    }
    case 'all':
      return [{ below: BUCKETS }]
  }
}
