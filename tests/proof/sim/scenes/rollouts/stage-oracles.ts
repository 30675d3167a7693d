import type { SceneStage } from '../scene.js'
import type { Machine } from './machine.js'
import { carries, drawOf, isIn, type PlainAudience, type PlainRelease, type PlainStage } from './story.js'

const BUCKETS = 2 ** 32

/** Judges whom stages expose: those whom the plan names, and nobody that it holds back. */
export interface StageOracles {
  /** A release follows another one of the same rollout; `before` is the audience until then. */
  step(release: PlainRelease, was: PlainRelease | undefined, before: PlainAudience | undefined): void
}

/** Makes {@link StageOracles}. */
export function createStageOracles({ violate, met }: SceneStage, machines: readonly Machine[]): StageOracles {
  return {
    step({ audience, rollout, sequence }, was, before) {
      const planned = rollout?.plan.stages[rollout.stage]
      if (rollout === undefined || planned === undefined) return
      const { holdback } = rollout.plan
      const say = (text: string): void => violate('a-stage-is-what-it-says', `release ${sequence} ${text}`)
      const byHand = rollout.controller === 'publisher'
      const isPromoted = rollout.state === 'watching' && was?.rollout?.state === 'running' && !byHand
      if (isPromoted && holdback !== undefined) {
        met('some of a fleet were held back')
        const lost = machines.filter(
          ({ plan }) =>
            audience === undefined || (before !== undefined && isIn(audience, plan) !== isIn(before, plan)),
        )
        if (lost.length > 0) say('lets those run the candidate who are held back')
      }
      if (rollout.stageStart.awaitsGates === true) {
        const exposed = machines.filter(({ plan }) => audience === undefined || isIn(audience, plan))
        if (rollout.state === 'running' && exposed.length > 0) say('exposes some before its gates were asked')
        return
      }
      const goesOn = was?.rollout?.stage === rollout.stage && was.rollout.stageStart.awaitsGates === undefined
      if (rollout.state !== 'running' || goesOn || audience === undefined) return
      // A stage that somebody went past exposes whom it means all the same.
      const { skipped = [] } = rollout
      const known = was?.rollout?.skipped ?? []
      const passed = skipped.filter(stage => !known.includes(stage))
      const stages = [...passed.flatMap(stage => rollout.plan.stages[stage] ?? []), planned]
      for (const { plan } of machines) {
        const isNow = isIn(audience, plan)
        const isNew = isNow && (before === undefined || !isIn(before, plan))
        const { bucket, id } = drawOf(audience.salt, plan.name)
        const isMeantBy = ({ labels, ids, by }: PlainStage): boolean =>
          labels !== undefined
            ? carries(plan.labels, labels)
            : ids !== undefined
              ? ids.includes(id)
              : by !== 'all' || bucket < Math.ceil((1 - (holdback ?? 0)) * BUCKETS)
        if (isNew && !stages.some(isMeantBy))
          say(`exposes ${plan.name}, whom stage ${rollout.stage} does not mean`)
        const isWhole = ({ labels, ids, by }: PlainStage): boolean =>
          labels !== undefined || ids !== undefined || by === 'all'
        if (!isNow && stages.some(stage => isWhole(stage) && isMeantBy(stage)))
          say(`leaves ${plan.name} out of stage ${rollout.stage}`)
        if (isNew && planned.labels !== undefined) met('a ring was exposed')
      }
    },
  }
}
