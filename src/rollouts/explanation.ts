import { MAX_EXCEPTIONS, MAX_LINE_LENGTH } from '../core/limits.js'
import type { StepEvidence, StepException } from '../core/release/step-evidence.js'
import { oneLine } from '../core/json/text.js'
import { awaitedIn, sayAwaited, type Awaited } from './awaited.js'
import { sayFailure } from './failures.js'
import { quorumOf } from './quorum.js'
import { sayResolvingPower } from './resolving-power.js'
import { rollbackReachIn, sayRollbackReach, type RollbackReach } from './rollback-reach.js'
import { sayCounts } from './say-counts.js'
import { sayStage } from './stage.js'
import { sayUnknown, type Unknown } from './unknowns.js'
import { isUnprotected, sayNotProtected } from './unprotected.js'
import { failuresIn, type StageView } from './view.js'

/** Of how many unknowns, and of how many ways to another verdict, a step keeps a note. */
const MOST_KEPT = 10

/** Why a rollout stands where it stands: for people, for the log, and for `rollout.explain()`. */
export interface Explanation {
  readonly rollout: string
  /** The stage at hand, from 0 on. */
  readonly stage: number
  /** `stage 2 of 4: 10 %`, or what it is besides. */
  readonly where: string
  readonly verdict: 'good' | 'bad' | 'unknown'
  /**
   * A reason of the rollout's own, for machines: a client could not go back when that was
   * rehearsed.
   */
  readonly code?: 'way-back-failed'
  /** What the decision follows from, the first reason first. */
  readonly why: readonly string[]
  readonly unknowns: readonly Unknown[]
  /** Clients by what they are. */
  readonly counts: Readonly<Record<string, number>>
  /**
   * What the stage can see: `12 of 60 clients; with no failure seen …`; empty where nobody is
   * exposed.
   */
  readonly canSee: string
  /** The clients that it rests on, a hundred at most. */
  readonly exceptions: readonly StepException[]
  /** How many more clients it rests on than are named in `exceptions`. */
  readonly omitted: number
  /**
   * Whom it waits for, where the verdict is `unknown`: to be looked at now, so no step keeps it.
   */
  readonly awaited?: readonly Awaited[]
  /** How soon a rollback would reach the exposed clients; absent where none is exposed. */
  readonly rollbackReach?: RollbackReach
  /** What would change the verdict. */
  readonly wouldChange: readonly string[]
  /**
   * By when somebody has to look, as a time of docs/formats.md; absent where nothing waits to be
   * decided.
   */
  readonly decideBy?: string
  /** When the evidence was gathered, by the clock that stamps the reports. */
  readonly asOf: string
}

/** What an explanation is told besides what is seen. */
export interface Reasons {
  readonly verdict: Explanation['verdict']
  readonly code?: Explanation['code']
  readonly why: readonly string[]
  readonly unknowns?: readonly Unknown[]
  readonly wouldChange?: readonly string[]
}

/** Explains a view. */
export function explain(view: StageView, reasons: Reasons): Explanation {
  const { rollout, exposed } = view
  const exceptions = exceptionsIn(view)
  const { healthy } = quorumOf(view)
  const { live } = rollout.stageStart
  const awaited = isLateOnTheWayBack(view) || reasons.verdict !== 'unknown' ? [] : awaitedIn(view)
  const rollbackReach = rollbackReachIn(view)
  return {
    rollout: rollout.id,
    stage: rollout.stage,
    where: whereIs(view),
    verdict: reasons.verdict,
    ...(reasons.code !== undefined && { code: reasons.code }),
    why: reasons.why,
    unknowns: reasons.unknowns ?? [],
    counts: countsIn(view),
    canSee:
      rollout.stageStart.awaitsGates === true
        ? ''
        : rollout.stageStart.rehearsal === undefined
          ? sayResolvingPower({ live: Math.max(live, exposed.length), healthy })
          : 'whether one client can go back to what ran before',
    exceptions: exceptions.slice(0, MAX_EXCEPTIONS),
    omitted: Math.max(0, exceptions.length - MAX_EXCEPTIONS),
    ...(awaited.length > 0 && { awaited }),
    ...(rollbackReach !== undefined && { rollbackReach }),
    wouldChange: reasons.wouldChange ?? [],
    ...(rollout.state === 'running' && { decideBy: rollout.decideBy }),
    asOf: new Date(view.nowMs).toISOString(),
  }
}

/**
 * An explanation as the lines that are shown.
 *
 * ```ts
 * for (const line of explanationLines(decision.explanation)) print(line)
 * ```
 */
export function explanationLines(explanation: Explanation): readonly string[] {
  const { where, verdict, code, why, unknowns, counts, canSee, wouldChange, decideBy } = explanation
  const { exceptions, omitted, awaited = [], rollbackReach } = explanation
  const { exposed = 0, unprotected = 0 } = counts
  const named = exceptions.slice(0, 10)
  const more = exceptions.length - named.length + omitted
  const counted = sayCounts(counts)
  return [
    `${where}: ${verdict}${code === undefined ? '' : ` (${code})`}`,
    ...why.map(text => {
      const known = unknowns.find(one => one.text === text)
      return known === undefined ? text : sayUnknown(known)
    }),
    // Some of them are the reason already.
    ...unknowns.filter(({ text }) => !why.includes(text)).map(sayUnknown),
    ...(counted === undefined ? [] : [counted]),
    ...(canSee === '' ? [] : [canSee]),
    ...(unprotected === 0 ? [] : [sayNotProtected(unprotected, exposed, 'clients')]),
    ...named.map(sayFailure),
    ...(more > 0 ? [`and ${more} more`] : []),
    ...awaited.flatMap(sayAwaited),
    ...(rollbackReach === undefined ? [] : [sayRollbackReach(rollbackReach)]),
    ...wouldChange.map(change => `would change it: ${change}`),
    ...(decideBy === undefined ? [] : [`to be decided by ${decideBy}`]),
  ].map(line => oneLine(line, 2 * MAX_LINE_LENGTH))
}

/**
 * What is kept of an explanation beside the release of its step.
 *
 * ```ts
 * const audit = encodeAudit(context, { reason, evidence: evidenceOf(explanation, 'advance') })
 * ```
 */
export function evidenceOf(explanation: Explanation, step: string): StepEvidence {
  const { rollout, stage, verdict, code, why, canSee, unknowns, wouldChange } = explanation
  const { asOf, counts, exceptions, omitted } = explanation
  const kinds = [...new Set(unknowns.map(({ kind }) => oneLine(kind)))].slice(0, MOST_KEPT)
  const changes = wouldChange.slice(0, MOST_KEPT).map(change => oneLine(change))
  return {
    rollout,
    stage,
    step,
    verdict,
    ...(code !== undefined && { code }),
    why: oneLine(why.join('; ') || step),
    ...(canSee !== '' && { canSee: oneLine(canSee) }),
    ...(kinds.length > 0 && { unknowns: kinds }),
    ...(changes.length > 0 && { wouldChange: changes }),
    asOf,
    counts,
    exceptions,
    ...(omitted > 0 && { omitted }),
  }
}

function whereIs({ rollout, plan, exposed }: StageView): string {
  const { rehearsal, awaitsGates } = rollout.stageStart
  if (awaitsGates === true) {
    const before = `before stage 1 of ${plan.stages.length}`
    return rollout.state === 'running'
      ? `${before}: gates are asked, and nobody is exposed`
      : `${rollout.state}, ${before}: nobody is exposed`
  }
  if (rehearsal !== undefined) {
    const who = exposed.map(({ member }) => member.clientId).join(', ')
    const said = `stage 0 of ${plan.stages.length}, the way back is rehearsed${who === '' ? '' : ` with ${who}`}: ${rehearsal.phase}`
    return rollout.state === 'running' ? said : `${rollout.state}, ${said}`
  }
  const stage = plan.stages[rollout.stage]
  const said = `stage ${rollout.stage + 1} of ${plan.stages.length}${stage === undefined ? '' : `, ${sayStage(stage)}`}`
  return rollout.state === 'running' ? said : `${rollout.state}, ${said}`
}

function countsIn(view: StageView): Readonly<Record<string, number>> {
  const { exposed, control, controlFailed, controlHeard, rollout } = view
  const counts: Record<string, number> = {
    live: rollout.stageStart.live,
    exposed: exposed.length,
    control: control.length,
    controlFailed,
    controlHeard,
  }
  const unprotected = exposed.filter(({ member }) => isUnprotected(member)).length
  if (unprotected > 0) counts['unprotected'] = unprotected
  for (const { state } of exposed) {
    const name =
      state.is === 'failed' ? state.failure.kind : 'why' in state ? `${state.is}:${state.why}` : state.is
    counts[name] = (counts[name] ?? 0) + 1
  }
  return counts
}

/** Those that are no healthy client, the failed ones first. */
function exceptionsIn(view: StageView): readonly StepException[] {
  const failed = failuresIn(view).map((failure): StepException => failure)
  const isLate = isLateOnTheWayBack(view)
  const late = view.exposed.flatMap(({ member, state }): readonly StepException[] =>
    isLate && (state.is === 'waiting' || state.is === 'baking')
      ? [{ clientId: member.clientId, instanceId: member.identity.instanceId, kind: 'not-back' }]
      : [],
  )
  const doubtful = view.exposed.flatMap(({ member, state }): readonly StepException[] =>
    state.is === 'doubtful' || state.is === 'left-out'
      ? [{ clientId: member.clientId, instanceId: member.identity.instanceId, kind: state.why }]
      : [],
  )
  return [...failed, ...late, ...doubtful]
}

/** Who is not back in time is why a rehearsal ends, or waits for somebody to look. */
function isLateOnTheWayBack({ rollout, nowMs }: StageView): boolean {
  return rollout.stageStart.rehearsal?.phase === 'back' && nowMs > Date.parse(rollout.decideBy)
}
