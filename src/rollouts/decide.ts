import type { Release } from '../core/release/release.js'
import type { RolloutState } from '../core/release/rollout.js'
import { whyUnheard } from '../fleet/summary.js'
import { beginAnew, type Anew } from './begin-anew.js'
import { act, GREEN_AGAIN, unknownsIn, waysOut } from './act.js'
import { decideStart } from './decide-start.js'
import { decideWatch } from './decide-watch.js'
import { decideWayBack } from './decide-way-back.js'
import { bothResults, readGates } from './gate.js'
import { guardrailResult } from './guardrail.js'
import { beganAhead, beginByThisClock } from './clock-set-back.js'
import { judgeStage, type Verdict } from './judge.js'
import { rehearsalAnew, rehearsalFrom, rehearsalWithOneMore } from './next-rehearsal.js'
import { oneMoreIn, stageFrom, watchFrom } from './next-stage.js'
import { readStagedPlan } from './plan.js'
import type { Decision, RolloutEvidence, RolloutStanding } from './policy.js'
import { hearsClients } from './members.js'
import { hasLostItsClients } from './quorum.js'
import { lossOf, rehearserIn } from './rehearsal.js'
import { hold, say, stayPaused, type Place } from './say-decision.js'
import { needLooking, unknown, type Unknown } from './unknowns.js'
import { viewOf } from './view.js'

/**
 * What follows from the evidence for a staged rollout: bad goes before unknown, and unknown before
 * good. A pure function, so that two controllers agree and one that starts anew goes on where the
 * other stopped.
 *
 * ```ts
 * const decision = decideStaged({ release, hasher }, { heard, gates }, Date.parse(heard.asOf))
 * ```
 */
export function decideStaged(standing: RolloutStanding, evidence: RolloutEvidence, nowMs: number): Decision {
  const { release, hasher } = standing
  const rollout = rolloutIn(release)
  if (rollout === undefined) throw new TypeError('decideStaged() wants a release of a rollout')
  const plan = readStagedPlan(rollout.plan)
  const heard = { ...evidence.heard, asOf: new Date(nowMs).toISOString() }
  const view = viewOf({ release, rollout, plan, heard, hasher })
  const result = bothResults(
    readGates(plan.gates, evidence.gates, rollout.stage),
    guardrailResult(view.readings, view),
  )
  const place: Place = { ...standing, ...evidence, heard, view, result }
  const goesOn = rollout.state === 'running' || rollout.state === 'watching'
  if (goesOn && beganAhead(rollout, nowMs)) return beginByThisClock(place)
  switch (rollout.state) {
    case 'running':
    case 'paused':
      if (rollout.stageStart.awaitsGates === true) return decideStart(place)
      switch (rollout.stageStart.rehearsal?.phase) {
        case 'back':
          return decideWayBack(place)
        case 'other':
          return hold(place, {
            verdict: 'unknown',
            why: [],
            unknowns: [
              unknown('later-version', {
                text: 'the way back is rehearsed in a way that this version does not know; update noticeboard here',
              }),
            ],
          })
        case 'forward':
        case 'again':
        case undefined:
          return decideStage(place)
      }
    case 'watching':
      return decideWatch(place)
    case 'retreated':
      return hold(place, {
        verdict: 'unknown',
        why: [],
        unknowns: [
          unknown('retreated', {
            text: `${whoWasTakenBack(rollout)}: ${rollout.why ?? 'by an operator'}`,
          }),
        ],
        wouldChange: ['resume it, or abort it'],
      })
    case 'completed':
      return hold(place, { verdict: 'good', why: ['every stage has passed, and the watch is over'] })
    case 'rolled-back':
      return hold(place, { verdict: 'bad', why: [`rolled back: ${rollout.why ?? 'by an operator'}`] })
    case 'other':
      return hold(place, {
        verdict: 'unknown',
        why: [],
        unknowns: [
          unknown('later-version', {
            text: 'the rollout is in a state that this version does not know; update noticeboard here',
          }),
        ],
      })
  }
}

/**
 * The rollout of a release. One that exposes somebody awaits nothing any more, whatever it says:
 * its clients are evidence.
 */
function rolloutIn({ rollout, audience }: Release): RolloutState | undefined {
  if (rollout?.stageStart.awaitsGates !== true || (audience?.clauses ?? []).length === 0) return rollout
  const { awaitsGates: _, ...stageStart } = rollout.stageStart
  return { ...rollout, stageStart }
}

function whoWasTakenBack({ stageStart }: RolloutState): string {
  return stageStart.awaitsGates === true
    ? 'taken back before anybody was exposed'
    : 'the exposed clients were taken back'
}

function decideStage(place: Place): Decision {
  const { view, result } = place
  const verdict = judgeStage(view, result)
  if (verdict.verdict === 'bad') return act(place, verdict.silentOnly ? 'retreat' : 'roll-back', verdict)
  if (result.rollBack.length > 0) return say(place, 'roll-back', { verdict: 'bad', why: result.rollBack })
  if (view.rollout.state === 'paused') {
    return stayPaused(place)
  }
  if (verdict.verdict === 'alarming') return act(place, 'pause', verdict)
  if (result.pause.length > 0)
    return say(place, 'pause', { verdict: 'bad', why: result.pause, wouldChange: [GREEN_AGAIN] })
  const lost = verdict.verdict === 'suspect' ? undefined : lostIn(place)
  if (lost !== undefined) return beginAnew(place, lost)
  if (verdict.verdict === 'good') return advance(place, [verdict.why])

  const late = view.nowMs > Date.parse(view.rollout.decideBy)
  if (late) {
    const unknowns = unknownsIn(verdict)
    const why = [`not decided by ${view.rollout.decideBy}`]
    return say(place, 'pause', { verdict: 'unknown', why, unknowns, wouldChange: waysOut(verdict) })
  }
  if (verdict.verdict === 'suspect') return exposeOneMore(place, verdict)
  const unknowns = [...unheard(place), ...verdict.unknowns]
  return say(place, needLooking(unknowns) ? 'pause' : 'hold', {
    verdict: 'unknown',
    why: [],
    unknowns,
    wouldChange: waysOut(verdict),
  })
}

/**
 * The next stage; after the last one the watch. A rehearsal goes back, and then the first stage
 * begins.
 */
function advance(place: Place, why: readonly string[]): Decision {
  const { plan, rollout } = place.view
  const { rehearsal } = rollout.stageStart
  if (rehearsal !== undefined) {
    const isForward = rehearsal.phase === 'forward'
    const next = isForward
      ? rehearsalFrom(place, { phase: 'back', id: rehearsal.id })
      : stageFrom(place, rollout.stage)
    const said = isForward ? 'the client goes back now' : 'the client went forward, back and forward'
    return say(place, 'advance', { verdict: 'good', why: [said, ...why] }, next)
  }
  const stage = rollout.stage + 1
  const next = stage < plan.stages.length ? stageFrom(place, stage) : watchFrom(place)
  return say(place, 'advance', { verdict: 'good', why }, next)
}

/** One failure is no proof: it is asked of one client more. */
function exposeOneMore(place: Place, suspect: Extract<Verdict, { verdict: 'suspect' }>): Decision {
  const isRehearsal = place.view.rollout.stageStart.rehearsal !== undefined
  const next = isRehearsal ? rehearsalWithOneMore(place) : oneMoreIn(place)
  if (next === undefined) return act(place, 'pause', suspect)
  const why = [suspect.why, 'one client more is exposed']
  return say(place, 'widen', { verdict: 'unknown', why, unknowns: unknownsIn(suspect) }, next)
}

/** What a stage has lost that it was to learn from; undefined where it has not. */
function lostIn(place: Place): Anew | undefined {
  const { view, hasher } = place
  const { audience, rollout } = view
  const { rehearsal } = rollout.stageStart
  if (rehearsal === undefined || audience === undefined) {
    // Of a fleet that is started anew nobody is there to begin it with: it comes back under its
    // names.
    if (!hasLostItsClients(view) || stageFrom(place, rollout.stage).start.exposed === 0) return undefined
    return {
      gone: 'most clients of the stage have stopped',
      next: times => stageFrom(place, rollout.stage, times),
      wanted: 'other clients',
    }
  }
  const client = rehearserIn(view.exposed, rehearsal, { salt: audience.salt, hasher })
  const loss = client && lossOf(client)
  return loss === undefined ? undefined : rehearsalAnew(place, loss, 'another')
}

/** A fleet of which nothing was heard at all, by how long the store has listened. */
function unheard({ heard }: Place): readonly Unknown[] {
  return hearsClients(heard) ? [] : [unknown(whyUnheard(heard))]
}
