import { NoticeboardError, type ErrorCode } from '../../contracts/errors.js'
import { nextPosition } from '../../contracts/position.js'
import type { HeardReports } from '../../contracts/report.js'
import { encodeText } from '../../core/json/text.js'
import { toHex } from '../../core/release/digest.js'
import { positionOf, type Arm, type Release } from '../../core/release/release.js'
import { summarizeFleet } from '../../fleet/summary.js'
import { controllersIn, isRunBySomebody, missingFor } from '../../rollouts/controllers.js'
import { FEWEST_MEASURED } from '../../rollouts/guardrail.js'
import { looserThan, OR_SAY_WHY, type RolloutFloor } from '../../rollouts/floor.js'
import { hearsClients, liveMembers } from '../../rollouts/members.js'
import { gatesOf, measuresOf } from '../../rollouts/plan.js'
import type { FirstStep, RolloutPolicy, StartRefusal } from '../../rollouts/policy.js'
import type { Statement } from '../compose.js'
import type { PublisherContext } from '../context.js'
import { tooFastForMirrors } from '../mirror-limits.js'
import { firstUnreadable } from '../resolve-ref.js'
import { activationOf, tooEarly } from './activation.js'
import { askToStart } from './ask-policy.js'
import { askGates, type Gate } from './gates.js'
import { NOT_STARTED } from './not-started.js'
import { nameOfPolicy, policyOr } from './policies.js'

/** What a rollout is about to begin with. */
export interface Beginning {
  /** The newest release, which it begins after; undefined where it is the first of all. */
  readonly newest: Release | undefined
  readonly candidate: Arm['variants']
  /** The policy that was asked for, by the call or for the publisher; undefined where none was. */
  readonly policy: RolloutPolicy | undefined
  readonly floor: RolloutFloor | undefined
  /** Why the floor does not hold for once. */
  readonly belowFloor: string | undefined
  /** Asked before the start: a gate that is red already stops it. */
  readonly gates: readonly Gate[]
  /** What the store heard; undefined where it keeps no reports. */
  readonly heard: HeardReports | undefined
  readonly spreadMs: number
  /**
   * When all clients of the last stage begin to run the document together; undefined for on
   * arrival.
   */
  readonly activateAt: string | undefined
  /** Whether this process moves the rollout on itself. */
  readonly drives: boolean
}

/** How a document begins to spread. `notes` are for people. */
export type Begun =
  | { readonly type: 'everyone'; readonly notes: readonly string[] }
  | {
      readonly type: 'rollout'
      readonly parts: RolloutParts
      readonly notes: readonly string[]
    }
  | { readonly type: 'refused'; readonly error: NoticeboardError }

/** What the first release of a rollout says besides its cause, its times and its audit record. */
export type RolloutParts = Pick<
  Statement,
  'stable' | 'candidate' | 'audience' | 'rollout' | 'evidence' | 'activateAt'
>

/**
 * Decides how a document begins to spread: by its policy, and where none was asked for to everybody
 * if nothing can be known (the first release; a store in this process), else in stages. Writes
 * nothing.
 *
 * ```ts
 * const begun = await begin(context, beginning, signal)
 * if (begun.type === 'refused') return { type: 'refuse', error: begun.error }
 * ```
 */
export async function begin(
  context: PublisherContext,
  beginning: Beginning,
  signal: AbortSignal,
): Promise<Begun> {
  const { store, namespace, clock, hasher } = context
  const { newest, heard, spreadMs, floor } = beginning
  if (newest === undefined)
    return {
      type: 'everyone',
      notes: [
        'the first release goes to everyone, since there is no earlier document to compare it with',
        ...notJudged(context, beginning),
      ],
    }
  if (beginning.policy === undefined && floor === undefined && store.local === true)
    return {
      type: 'everyone',
      notes: [`the release goes to everyone, since ${store.name} is read in this process alone`],
    }
  const policy = policyOr(beginning.policy)
  const salt = saltFor(context, beginning)
  const gates = await askGates(
    beginning.gates,
    {
      clock,
      question: () => ({
        namespace,
        rollout: undefined,
        stage: 0,
        candidate: beginning.candidate.map(({ digest }) => digest),
        since: undefined,
        fleet: heard === undefined ? { type: 'unknown', why: 'no-reports' } : summarizeFleet(heard, newest),
      }),
    },
    signal,
  )
  signal.throwIfAborted()
  const nowMs = heard === undefined ? clock.now() : Date.parse(heard.asOf)
  const stable = newest.stable.variants.map(({ digest }) => digest)
  const first = askToStart(policy, { heard, nowMs, salt, stable, spreadMs, gates, floor, hasher })
  const begun = beginWith(context, { ...beginning, newest, policy, first, nowMs })
  if (begun.type !== 'rollout') return begun
  return (await withoutWayBack(context, { newest, candidate: beginning.candidate }, signal)) ?? begun
}

/**
 * What somebody should know before the second release, which would be refused by `staged()`; empty
 * where stages can be judged, or go by the clock.
 */
function notJudged(
  { store }: Pick<PublisherContext, 'store'>,
  { policy }: Pick<Beginning, 'policy'>,
): readonly string[] {
  if (store.reports !== undefined || store.local === true || policy?.type === 'timed') return []
  return [
    'this store keeps no reports, so no stage can be judged here: publish what follows with timed(), which goes by the clock, or with everyone()',
  ]
}

/**
 * The refusal of a rollout whose clients could not go back, since a snapshot that they run is lost;
 * undefined where all can be read.
 */
async function withoutWayBack(
  context: PublisherContext,
  { newest, candidate }: { readonly newest: Release; readonly candidate: Arm['variants'] },
  signal: AbortSignal,
): Promise<Begun | undefined> {
  const put = new Set(candidate.map(({ digest }) => digest))
  const needed = newest.stable.variants.map(({ digest }) => digest).filter(digest => !put.has(digest))
  const lost = await firstUnreadable(context, needed, signal)
  if (lost === undefined) return undefined
  return refuse(
    'not-found',
    `the snapshot ${lost.slice(0, 12)} that ${context.namespace} runs is missing or damaged in the store, so exposed clients could not go back to it: publish the running document once more, which restores it, or publish this one with everyone()`,
  )
}

interface Planned extends Beginning {
  readonly newest: Release
  readonly policy: RolloutPolicy
  readonly first: FirstStep
  /** Now, by the clock that stamps the reports. */
  readonly nowMs: number
}

function beginWith(context: PublisherContext, planned: Planned): Begun {
  const { namespace, random, store } = context
  const { newest, candidate, first, heard, nowMs, activateAt } = planned
  if (first.type === 'refused' && first.why === 'no-reports' && store.reports !== undefined)
    return refuse(
      'fleet-unknown',
      `the reports of ${namespace} cannot be read now, so it is unknown which clients would be exposed: try again`,
    )
  if (first.type === 'refused')
    return refuse(CODES[first.why], `${namespace}: ${NOT_STARTED}: ${first.says.join('; ')}`)
  const loose = looseness(planned)
  if (loose.length > 0)
    return refuse('forbidden', `${namespace}: ${NOT_STARTED}: ${loose.join('; ')}; ${OR_SAY_WHY}`)
  if (first.type === 'everyone') return { type: 'everyone', notes: first.says }
  const moved = whoMovesItOn(context, planned)
  if (moved.type === 'refused') return moved
  const notes = [...first.says, ...unaskedGates(planned), ...blindGuardrails(planned), ...moved.notes]
  if (heard === undefined)
    notes.push(
      'this store keeps no reports, so whether a controller moves the rollout on cannot be seen here',
    )
  const { state, stage, audience, start } = first.next
  const named = { plan: first.plan, ...(activateAt !== undefined && { activateAt }) }
  const tooFast = tooFastForMirrors(context, first.plan)
  if (tooFast !== undefined) return { type: 'refused', error: tooFast }
  const early = tooEarly(named, first.next, nowMs)
  if (early !== undefined) return { type: 'refused', error: early }
  const { decideBy, ...together } = activationOf(named, first.next, nowMs)
  const rollout = {
    id: toHex(random.bytes(8)),
    state,
    stage,
    ...named,
    stageStart: { ...start, position: nextPosition(positionOf(newest)) },
    from: positionOf(newest),
    decideBy,
    controller: 'publisher',
  }
  const common = { rollout, ...together, ...(first.evidence !== undefined && { evidence: first.evidence }) }
  return {
    type: 'rollout',
    notes,
    parts:
      audience === undefined
        ? { ...common, stable: candidate }
        : { ...common, stable: newest.stable.variants, candidate, audience },
  }
}

/**
 * What is to be said where no controller that is heard could move a rollout on. Without one no stage
 * begins; what goes to all at once goes out, and nobody watches it.
 */
function whoMovesItOn(
  { namespace }: PublisherContext,
  { first, policy, heard, drives }: Planned,
): Extract<Begun, { type: 'refused' }> | { readonly type: 'moved'; readonly notes: readonly string[] } {
  const says = (...notes: readonly string[]) => ({ type: 'moved', notes }) as const
  if (first.type !== 'stage' || first.next.state === 'completed') return says()
  if (drives || heard === undefined || isRunBySomebody(first.plan, heard)) return says()
  const name = nameOfPolicy(policy)
  const all = controllersIn(heard)
  const able = all.filter(({ policies }) => policies.includes(name))
  if (able.length > 0) {
    const gates = [...new Set(able.flatMap(one => one.gates))]
    return says(`waiting for: ${missingFor(first.plan, { policies: [name], gates }).join(', ')}`)
  }
  const none = `no controller that runs ${name} is heard in ${namespace}`
  const start =
    all.length === 0
      ? 'start noticeboard serve or noticeboard controller'
      : `give the policy to one that is heard (${all[0]?.name}) and start it again`
  if (first.next.state === 'running')
    return refuse(
      'no-controller',
      `${none}, so nothing would move the rollout on: ${start}, or pass { drive: true } and iterate the rollout`,
    )
  return says(
    `${none}, so nobody watches what all clients get now, and nothing takes it back by itself: ${start}, or iterate the rollout with { drive: true } (noticeboard rollout show ${namespace} --wait=watched)`,
  )
}

/** The gates of a plan that could not be asked whether they are red already. */
function unaskedGates({ first, gates }: Planned): readonly string[] {
  if (first.type !== 'stage' || first.next.start.awaitsGates === true) return []
  const missing = gatesOf(first.plan).filter(name => !gates.some(gate => gate.name === name))
  if (missing.length === 0) return []
  const [it, them, are] = missing.length === 1 ? ['gate', 'it', 'is'] : ['gates', 'them', 'are']
  return [
    `${it} ${missing.join(', ')} ${are} not asked before the start, since this publisher does not have ${them}`,
  ]
}

/** The guardrails of a plan for which the fleet is too small in every stage. */
function blindGuardrails({ first, heard, nowMs }: Planned): readonly string[] {
  if (first.type !== 'stage' || heard === undefined) return []
  const measures = measuresOf(first.plan)
  if (measures.length === 0) return []
  const live = liveMembers(heard, { beforeMs: nowMs, nowMs }).length
  if (live >= 2 * FEWEST_MEASURED) return []
  const it = measures.length === 1 ? 'guardrail' : 'guardrails'
  return [
    `${it} ${measures.join(', ')}: nothing is compared in this rollout, which takes ${FEWEST_MEASURED} clients in a stage and ${FEWEST_MEASURED} outside of it, and ${live} ${live === 1 ? 'is' : 'are'} live`,
  ]
}

const CODES: Readonly<Record<StartRefusal, ErrorCode>> = {
  'fleet-unknown': 'fleet-unknown',
  'no-reports': 'unsupported',
  'gate-red': 'forbidden',
  'no-rehearsal': 'unsupported',
  policy: 'forbidden',
}

/** Where the plan is looser than the floor, unless somebody said why. */
function looseness({ floor, belowFloor, first, heard, nowMs }: Planned): readonly string[] {
  if (floor === undefined || belowFloor !== undefined) return []
  // Where nobody is there to be staged, nothing is loose about that.
  if (first.type === 'everyone' && heard !== undefined && !hearsClients(heard)) return []
  if (first.type !== 'stage') return looserThan(floor, undefined, [])
  const live = heard === undefined ? [] : liveMembers(heard, { beforeMs: nowMs, nowMs })
  return looserThan(
    floor,
    first.plan,
    live.map(({ identity }) => identity),
  )
}

/**
 * What the cohorts of a rollout are drawn with: that of the rollout it takes the place of, else one
 * that follows from the document, so that the same clients go first when it is started again.
 */
function saltFor({ hasher, namespace }: PublisherContext, { newest, candidate }: Beginning): string {
  if (newest?.audience !== undefined) return newest.audience.salt
  const digests = candidate.map(({ digest }) => digest).join('\0')
  return toHex(hasher.sha256(encodeText(`${namespace}\0${digests}`))).slice(0, 32)
}

function refuse(code: ErrorCode, message: string): Extract<Begun, { type: 'refused' }> {
  return { type: 'refused', error: new NoticeboardError(code, message) }
}
