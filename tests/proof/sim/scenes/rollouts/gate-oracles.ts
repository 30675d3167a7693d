import type { SceneStage } from '../scene.js'
import type { ControllerActor } from './controllers.js'
import type { Answer, Gates } from './gates.js'
import type { PlainRelease, Step } from './story.js'

/** How long a controller that is well may take to ask a gate and to act, in milliseconds. */
const HEEDED_MS = 20_000

/** What the oracles of gates look at. */
export interface GatesJudged {
  readonly stage: SceneStage
  readonly gates: Gates
  readonly controllers: readonly ControllerActor[]
}

/** Judges what becomes of what gates say. */
export interface GateOracles {
  /** A controller goes on to the next stage. */
  wentOn(step: Step, was: PlainRelease): void
  /** Whether a gate told the controller of a step to take the candidate back. */
  sentBack(step: Step, was: PlainRelease): boolean
  /** Every so often, with the newest release and when it came. */
  look(newest: Step): void
}

/** Makes {@link GateOracles}. */
export function createGateOracles({ stage, gates, controllers }: GatesJudged): GateOracles {
  const { clock, violate, met } = stage
  /** What a gate said last to the process that took a step, of the stage that was left. */
  const lastOf = ({ release }: Step, was: PlainRelease, gate: string): Answer | undefined => {
    const { id, stage: at, stageStart } = was.rollout ?? {}
    const life = controllers.find(({ name }) => name === release.rollout?.controller)?.process?.name
    const last = gates.answers.findLast(answer => answer.gate === gate && answer.by === life)
    return last?.rollout === id && last?.stage === at && last?.since === stageStart?.position.sequence
      ? last
      : undefined
  }
  return {
    wentOn(step, was) {
      const { release, evidence } = step
      for (const { name, onBad } of was.rollout?.plan.gates ?? []) {
        const last = lastOf(step, was, name)
        if (onBad === 'record') {
          if (last?.verdict === 'bad' && evidence?.why.includes(`gate ${name} is red`) !== true)
            violate('what-a-gate-records-is-kept', `release ${release.sequence} says nothing of gate ${name}`)
          continue
        }
        // Before anybody runs a candidate a gate may have nothing to say of it.
        const isBegun = was.rollout?.stageStart.awaitsGates === undefined
        if (last?.verdict === 'good') met('a gate let a stage go on')
        else if (isBegun || last?.verdict !== 'none')
          violate(
            'a-gate-is-never-skipped',
            `release ${release.sequence} leaves stage ${was.rollout?.stage} (${release.rollout?.controller}), and gate ${name} said ${last?.verdict ?? 'nothing'} of it`,
          )
      }
    },
    sentBack(step, was) {
      const isRed = (was.rollout?.plan.gates ?? []).some(
        ({ name, onBad }) => onBad === 'roll-back' && lastOf(step, was, name)?.verdict === 'bad',
      )
      if (isRed) met('a gate took a candidate back')
      return isRed
    },
    look({ release, atMs }) {
      const { rollout } = release
      const untilMs = clock.monotonic() - HEEDED_MS
      if (rollout === undefined || (rollout.state !== 'running' && rollout.state !== 'paused')) return
      // A gate that is red before anybody is exposed holds the start, and takes nothing back.
      if (atMs > untilMs || rollout.stageStart.awaitsGates === true) return
      for (const { name, onBad } of rollout.plan.gates ?? []) {
        const sinceMs = gates.redSinceMs(name) ?? Number.POSITIVE_INFINITY
        const isAsked = controllers.some(
          actor => actor.isWell && actor.sinceMs <= untilMs && !actor.lacks.includes(name),
        )
        if (onBad !== 'roll-back' || sinceMs > untilMs || !isAsked) continue
        violate('a-red-gate-is-heeded', `${rollout.id} is ${rollout.state}, and gate ${name} is red`)
      }
    },
  }
}
