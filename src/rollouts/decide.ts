import { explain, type Reasons } from './explanation.js'
import { readGates } from './gate.js'
import { badFleet, badByComparison, canCompare, judgeStage, sayFailures, type Verdict } from './judge.js'
import { oneMoreIn, stageFrom, watchFrom } from './next-stage.js'
import { readStagedPlan } from './plan.js'
import type { Decision, NextStage, RolloutEvidence, RolloutStanding } from './policy.js'
import { hasLostItsClients } from './quorum.js'
import { percent } from './resolving-power.js'
import { sayStage } from './stage.js'
import { unknown, UNKNOWNS } from './unknowns.js'
import { failuresIn, viewOf, type StageView } from './view.js'

/** How often a stage may begin anew because its clients have gone. */
const MOST_ANEW = 3

/** What share of a fleet may fall silent while the candidate is watched, before somebody has to look. */
const SILENT_SHARE = 0.1

/** What a decision is made in. */
interface Place extends RolloutStanding, RolloutEvidence {
  readonly view: StageView
  readonly heard: RolloutEvidence['heard']
}

/**
 * What follows from the evidence for a staged rollout: bad goes before unknown, and unknown before good.
 * A pure function, so that two controllers agree and one that starts anew goes on where the other
 * stopped.
 *
 * ```ts
 * const decision = decideStaged({ release, hasher }, { heard, gates }, Date.parse(heard.asOf))
 * ```
 */
export function decideStaged(standing: RolloutStanding, evidence: RolloutEvidence, nowMs: number): Decision {
  const { release, hasher } = standing
  const { rollout } = release
  if (rollout === undefined) throw new TypeError('decideStaged() wants a release of a rollout')
  const plan = readStagedPlan(rollout.plan)
  const heard = { ...evidence.heard, asOf: new Date(nowMs).toISOString() }
  const view = viewOf({ release, rollout, plan, heard, hasher })
  const place: Place = { ...standing, ...evidence, heard, view }
  switch (rollout.state) {
    case 'running':
    case 'paused':
      return decideStage(place)
    case 'watching':
      return decideWatch(place)
    case 'retreated':
      return hold(place, {
        verdict: 'unknown',
        why: [`the exposed clients were taken back: ${rollout.why ?? 'by an operator'}`],
        wouldChange: ['resume it, or abort it'],
      })
    case 'completed':
      return hold(place, { verdict: 'good', why: ['every stage has passed, and the watch is over'] })
    case 'rolled-back':
      return hold(place, { verdict: 'bad', why: [`rolled back: ${rollout.why ?? 'by an operator'}`] })
    case 'other':
      return hold(place, {
        verdict: 'unknown',
        why: ['the rollout is in a state that this version does not know; update noticeboard here'],
      })
  }
}

function decideStage(place: Place): Decision {
  const { view, gates, hasher } = place
  const result = readGates(view.plan.gates, gates, view.rollout.stage)
  const verdict = judgeStage(view, result, hasher)
  if (verdict.verdict === 'bad') return act(place, verdict.silentOnly ? 'retreat' : 'roll-back', verdict)
  if (result.rollBack.length > 0) return say(place, 'roll-back', { verdict: 'bad', why: result.rollBack })
  if (view.rollout.state === 'paused') {
    const why = [`paused: ${view.rollout.why ?? 'by an operator'}`]
    return hold(place, { verdict: 'unknown', why, wouldChange: ['resume it, abort it or roll it back'] })
  }
  if (verdict.verdict === 'alarming') return act(place, 'pause', verdict)
  if (result.pause.length > 0)
    return say(place, 'pause', { verdict: 'bad', why: result.pause, wouldChange: ['a green gate'] })
  if (verdict.verdict !== 'suspect' && hasLostItsClients(view)) return beginAnew(place)
  if (verdict.verdict === 'good') return advance(place, [verdict.why, ...result.recorded])

  const late = view.nowMs > Date.parse(view.rollout.decideBy)
  if (late) {
    const unknowns = verdict.verdict === 'unknown' ? verdict.unknowns : []
    const why = [`not decided by ${view.rollout.decideBy}`]
    return say(place, 'pause', { verdict: 'unknown', why, unknowns, wouldChange: waysOut(verdict) })
  }
  if (verdict.verdict === 'suspect') return exposeOneMore(place, verdict)
  const { unknowns } = verdict
  const action = unknowns.some(({ kind }) => UNKNOWNS[kind].policy === 'pauses') ? 'pause' : 'hold'
  const why = [...result.recorded, ...unheard(place)]
  return say(place, action, { verdict: 'unknown', why, unknowns, wouldChange: waysOut(verdict) })
}

/** Nobody is left to compare with: what clients say counts, and silence alarms. */
function decideWatch(place: Place): Decision {
  const { view, gates } = place
  const { rollout, plan, nowMs } = view
  const result = readGates(plan.gates, gates, rollout.stage)
  // Who was held back is still there to compare with.
  const bad = canCompare(view) ? badByComparison(view) : badFleet(view)
  const damage = plan.late === 'roll-back' ? 'roll-back' : 'pause'
  if (bad !== undefined) return act(place, bad.verdict === 'bad' ? damage : 'pause', bad)
  if (result.rollBack.length > 0) return say(place, damage, { verdict: 'bad', why: result.rollBack })
  const silent = failuresIn(view).filter(({ kind }) => kind === 'silent').length
  if (silent > 1 && silent > SILENT_SHARE * rollout.stageStart.exposed) {
    const why = [`${silent} of ${rollout.stageStart.exposed} clients fell silent`]
    return say(place, 'pause', { verdict: 'unknown', why, wouldChange: ['a word from them'] })
  }
  const leftMs = Date.parse(rollout.stageStart.at) + plan.watchMs - nowMs
  if (leftMs > 0) {
    const why = [`watched for ${Math.ceil(leftMs / 1_000)} s more`]
    return hold(place, { verdict: 'unknown', why })
  }
  return say(
    place,
    'advance',
    { verdict: 'good', why: ['the watch has ended without damage'] },
    {
      state: 'completed',
      stage: rollout.stage,
      audience: undefined,
      start: rollout.stageStart,
      decideBy: rollout.decideBy,
    },
  )
}

/** The next stage; after the last one the watch. */
function advance(place: Place, why: readonly string[]): Decision {
  const { plan, rollout } = place.view
  const stage = rollout.stage + 1
  const next = stage < plan.stages.length ? stageFrom(place, stage) : watchFrom(place)
  return say(place, 'advance', { verdict: 'good', why }, next)
}

/** One failure is no proof: it is asked of one client more. */
function exposeOneMore(place: Place, suspect: Extract<Verdict, { verdict: 'suspect' }>): Decision {
  const next = oneMoreIn(place)
  if (next === undefined) return act(place, 'pause', suspect)
  return say(place, 'widen', { verdict: 'unknown', why: [suspect.why, 'one client more is exposed'] }, next)
}

/** A stage whose clients have gone bakes anew, with others. */
function beginAnew(place: Place): Decision {
  const { rollout } = place.view
  const { anew = 0 } = rollout.stageStart
  const gone = 'most clients of the stage have stopped'
  if (anew >= MOST_ANEW)
    return say(place, 'pause', {
      verdict: 'unknown',
      why: [`${gone}, for the ${MOST_ANEW + 1}th time`],
      wouldChange: ['clients that stay for a bake'],
    })
  const why = [`${gone}; it begins anew with others`]
  return say(place, 'widen', { verdict: 'unknown', why }, stageFrom(place, rollout.stage, { anew: anew + 1 }))
}

/** A fleet of which nothing was heard at all, said as what it is. */
function unheard({ heard, view }: Place): readonly string[] {
  return heard.reports.length > 0
    ? []
    : [unknown(view.exposed.length === 0 ? 'never-heard' : 'not-yet-heard').text]
}

function waysOut(verdict: Verdict): readonly string[] {
  switch (verdict.verdict) {
    case 'unknown':
      return verdict.unknowns.map(({ kind, text }) =>
        kind === 'label-over-represented'
          ? 'promote it by hand, or stage it by another label'
          : `the end of this: ${text}`,
      )
    case 'suspect':
      return ['the failure of a second client', 'a healthy one in its place']
    case 'alarming':
      return [
        'more failures outside the audience than in it',
        'a few more in the audience, which roll it back',
      ]
    case 'bad':
    case 'good':
      return []
  }
}

function act(
  place: Place,
  type: 'roll-back' | 'retreat' | 'pause',
  verdict: Extract<Verdict, { failures: unknown }>,
): Decision {
  const { why, failures } = verdict
  const isBad = verdict.verdict === 'bad'
  const taken = type === 'retreat' ? ['exposed clients fell silent, so they are taken back'] : []
  return say(place, type, {
    verdict: isBad ? 'bad' : 'unknown',
    why: [
      why,
      ...taken,
      ...(failures.length > 0 && !why.includes(sayFailures(failures)) ? [sayFailures(failures)] : []),
    ],
    wouldChange: isBad ? [] : waysOut(verdict),
  })
}

function hold(place: Place, reasons: Reasons): Decision {
  return say(place, 'hold', reasons)
}

function say(place: Place, type: 'advance' | 'widen', reasons: Reasons, next: NextStage): Decision
function say(place: Place, type: 'hold' | 'pause' | 'roll-back' | 'retreat', reasons: Reasons): Decision
function say(place: Place, type: Decision['type'], reasons: Reasons, next?: NextStage): Decision {
  const lag = `${percent(place.view.seenShare)} of the live clients have seen this stage`
  // Where nothing else is the reason, what is unknown is.
  const why = reasons.why.length > 0 ? reasons.why : (reasons.unknowns ?? []).map(({ text }) => text)
  const explanation = explain(place.view, { ...reasons, why: [...why, lag] })
  return (next === undefined ? { type, explanation } : { type, explanation, next }) as Decision
}

/**
 * The stages of a plan, for people: `1 client, 10 %, all`.
 *
 * ```ts
 * sayStages(readStagedPlan(rollout.plan).stages)
 * ```
 */
export function sayStages(stages: readonly Parameters<typeof sayStage>[0][]): string {
  return stages.map(sayStage).join(', ')
}
