import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { HeardReports } from '../../contracts/report.js'
import type { Clock } from '../../contracts/system.js'
import { digestsOf, type Arm, type Release, type SignedRelease } from '../../core/release/release.js'
import { goesOn } from '../../core/release/rollout.js'
import { hasClaims } from '../../fleet/claims.js'
import { isLive, summarizeFleet } from '../../fleet/summary.js'
import { evidenceOf, type Explanation } from '../../rollouts/explanation.js'
import { missingFor } from '../../rollouts/controllers.js'
import { gatesOf } from '../../rollouts/plan.js'
import type { Decision as PolicyDecision, RolloutPolicy } from '../../rollouts/policy.js'
import { appendUntil, refuse, type Decide, type Decision } from '../append.js'
import { encodeAudit } from '../audit.js'
import { oneLine } from '../../core/json/text.js'
import type { PublisherContext } from '../context.js'
import { behindFleet } from '../preconditions.js'
import { readReports } from '../read-reports.js'
import { firstUnreadable } from '../resolve-ref.js'
import { askToDecide } from './ask-policy.js'
import { findTrial, findWayBack } from './find-trial.js'
import { askGates, type Gate } from './gates.js'
import { nameOfPolicy, policyFor } from './policies.js'
import {
  endStep,
  inRollout,
  nextStep,
  onlyTried,
  retreatStep,
  type About,
  type RolloutRelease,
} from './steps.js'

/** What moves rollouts on. */
export interface Tending {
  /** Names what writes the releases: a controller, or the publisher that drives. */
  readonly by: string
  readonly policies: readonly RolloutPolicy[]
  readonly gates: readonly Gate[]
}

/**
 * What became of one look at a rollout. `idle`: none goes on. `stands`: nothing was appended, and
 * `explanation` says why; undefined where this controller cannot judge it, as `waitingFor` says.
 */
export type Tended =
  | { readonly type: 'idle' }
  | {
      readonly type: 'stands'
      readonly release: RolloutRelease
      readonly action: 'hold' | 'pause'
      readonly explanation: Explanation | undefined
      /** What a controller must have that is to advance it: `policy own@1`, `gate latency`. */
      readonly waitingFor: readonly string[]
    }
  | {
      readonly type: 'took'
      readonly step: string
      readonly release: RolloutRelease
      readonly explanation: Explanation
    }

/** One look at a namespace. */
export interface Looked {
  readonly found: Tended
  /** The newest release as this look leaves it; undefined where there is none. */
  readonly newest: SignedRelease | undefined
}

/**
 * Looks at the rollout of the newest release, asks its policy, and appends the one step that
 * follows, if any does. Everything is read anew then, also after a lost race, so that several at
 * once are harmless, and one that starts anew goes on where another stopped. Throws what the store
 * throws.
 *
 * ```ts
 * const newest = await readNewest(context, signal)
 * const { found } = await tend(context, { by: 'controller', policies, gates: [] }, { newest, signal })
 * ```
 */
export async function tend(
  context: PublisherContext,
  tending: Tending,
  { newest, signal }: { readonly newest: SignedRelease | undefined; readonly signal: AbortSignal },
): Promise<Looked> {
  const rollout = newest?.release.rollout
  if (rollout === undefined || !goesOn(rollout)) return { found: { type: 'idle' }, newest }
  const seen: { outcome: Tended } = { outcome: { type: 'idle' } }
  const decide: Decide = async head => {
    seen.outcome = { type: 'idle' }
    if (head === undefined)
      return refuse(
        'not-found',
        `${context.namespace} has no release any longer; its log was removed from the store`,
      )
    const { release } = head
    if (!inRollout(release) || !goesOn(release.rollout)) return { type: 'unchanged', head }
    const { outcome, decision = { type: 'unchanged', head } } = await look(context, tending, {
      release,
      signal,
    })
    seen.outcome = outcome
    return decision
  }
  const { signed } = await appendUntil(context, decide, { signal })
  const { outcome } = seen
  const took = outcome.type === 'took' && inRollout(signed.release)
  return { found: took ? { ...outcome, release: signed.release } : outcome, newest: signed }
}

interface Look {
  readonly outcome: Tended
  readonly decision?: Decision
}

async function look(
  context: PublisherContext,
  tending: Tending,
  { release, signal }: { readonly release: RolloutRelease; readonly signal: AbortSignal },
): Promise<Look> {
  const judged = await judge(context, tending, { release, signal })
  const { decision, waitingFor, heard } = judged
  // What it says of a rollout is of another time, and a step would be passed over or make a fork.
  const behind = heard.wentBack !== undefined || mostAreAhead(heard, release)
  const says = behind ? behindFleet(context, heard, release) : undefined
  if (says !== undefined) throw new NoticeboardError('store-damaged', says)
  const stands = (action: 'hold' | 'pause'): Look => ({
    outcome: { type: 'stands', release, action, explanation: decision?.explanation, waitingFor },
  })
  // What nobody has decided by its time is somebody's to look at, also where it could be decided
  // elsewhere.
  const isLate = Date.parse(judged.heard.asOf) > Date.parse(release.rollout.decideBy)
  const waits = (): Look => stands(isLate ? 'pause' : 'hold')
  if (decision === undefined) return waits()
  switch (decision.type) {
    case 'hold':
    case 'pause':
      return stands(decision.type)
    case 'advance':
    case 'widen':
    case 'roll-back':
    case 'retreat': {
      // What a controller cannot ask holds the stage; what is bad all the same goes back at once.
      if ((decision.type === 'advance' || decision.type === 'widen') && waitingFor.length > 0) return waits()
      return {
        outcome: { type: 'took', step: decision.type, release, explanation: decision.explanation },
        decision: await stepFor(context, { release, decision, by: tending.by, signal }),
      }
    }
  }
}

/**
 * Whether more of those that live have seen what the board does not have than not. Some claims are
 * not enough: whoever may read may report.
 */
function mostAreAhead(heard: HeardReports, newest: Release): boolean {
  if (!hasClaims(heard, newest)) return false
  const fleet = summarizeFleet(heard, newest)
  if (fleet.type === 'unknown') return false
  return fleet.counts.ahead > fleet.members.filter(isLive).length / 2
}

/** What is judged. */
export interface Judging {
  readonly release: RolloutRelease
  /** What was heard. Default: read from the store. */
  readonly heard?: HeardReports | undefined
  readonly signal: AbortSignal
}

/** A rollout as one controller judges it. */
export interface Judged {
  /** What its policy says; undefined where it is none of this controller's. */
  readonly decision: PolicyDecision | undefined
  readonly waitingFor: readonly string[]
  readonly heard: HeardReports
}

/**
 * Asks gates and policy about a rollout, and appends nothing.
 *
 * ```ts
 * const { decision, waitingFor } = await judge(context, tending, { release, signal })
 * ```
 */
export async function judge(
  context: PublisherContext,
  { policies, gates }: Pick<Tending, 'policies' | 'gates'>,
  { release, heard: given, signal }: Judging,
): Promise<Judged> {
  const { namespace, clock, hasher } = context
  const { plan } = release.rollout
  const policy = policyFor(plan, policies)
  const heard = given ?? (await readReports(context, signal)) ?? nothingHeard(clock)
  const waitingFor = missingFor(plan, {
    policies: policies.map(nameOfPolicy),
    gates: gates.map(({ name }) => name),
  })
  if (policy === undefined) return { decision: undefined, waitingFor, heard }
  const planned = gatesOf(plan)
  const asked = gates.filter(({ name }) => planned.includes(name))
  const answers = await askGates(
    asked,
    {
      clock,
      question: () => ({
        namespace,
        rollout: release.rollout.id,
        stage: release.rollout.stage,
        candidate: candidateOf(release),
        since: release.rollout.stageStart.position,
        fleet: summarizeFleet(heard, release),
      }),
    },
    signal,
  )
  signal.throwIfAborted()
  const decision = askToDecide(policy, { release, hasher }, { heard, gates: answers })
  return { decision, waitingFor, heard }
}

/**
 * What is known over a store that keeps no reports: the time, for policies that go by nothing else.
 *
 * ```ts
 * const heard = (await readReports(context, signal)) ?? nothingHeard(context.clock)
 * ```
 */
export function nothingHeard(clock: Clock): HeardReports {
  const asOf = new Date(clock.now()).toISOString()
  return { since: asOf, asOf, reports: [] }
}

function candidateOf(release: RolloutRelease): readonly string[] {
  const tried = onlyTried(release)
  return tried.length > 0 ? tried : digestsOf(release)
}

interface Taking {
  readonly release: RolloutRelease
  readonly decision: PolicyDecision
  readonly by: string
  readonly signal: AbortSignal
}

async function stepFor(
  context: PublisherContext,
  { release, decision, by, signal }: Taking,
): Promise<Decision> {
  const { explanation } = decision
  const why = explanation.why[0] ?? decision.type
  const nowMs = Date.parse(explanation.asOf)
  const about: About = { audit: auditOf(context, { explanation, step: decision.type, by }), by, why, nowMs }
  switch (decision.type) {
    case 'advance':
    case 'widen': {
      const { next } = decision
      const trial = release.candidate === undefined ? undefined : await findTrial(context, release, signal)
      const statement = nextStep(release, { ...about, cause: causeOf(decision), trial, next })
      return { type: 'append', statement }
    }
    case 'retreat':
      return { type: 'append', urgent: true, statement: retreatStep(release, about) }
    case 'roll-back': {
      const back = await wayBack(context, release, signal)
      const tried = release.candidate?.variants ?? release.stable.variants
      return {
        type: 'append',
        urgent: true,
        statement: endStep(release, { ...about, cause: 'rollback', back, tried }),
      }
    }
    case 'hold':
    case 'pause':
      throw new NoticeboardError('internal', `a rollout that holds takes no step: ${decision.type}`)
  }
}

/**
 * What a step is called in its release. A rehearsed way back is called what it would be in an
 * incident, since clients go by that.
 */
function causeOf({ type, next }: Extract<PolicyDecision, { type: 'advance' | 'widen' }>): string {
  switch (next.state) {
    case 'running':
      return next.start.rehearsal?.phase === 'back' ? 'retreat' : type
    case 'watching':
      return 'promote'
    case 'completed':
      return 'complete'
  }
}

async function wayBack(
  context: PublisherContext,
  release: RolloutRelease,
  signal: AbortSignal,
): Promise<Arm['variants']> {
  const back = await findWayBack(context, release, signal)
  if (release.candidate !== undefined) return back
  const digests = back.map(({ digest }) => digest)
  if ((await firstUnreadable(context, digests, signal)) === undefined) return back
  throw new NoticeboardError(
    'not-found',
    `the rollout of ${context.namespace} has to be rolled back, but the version before it cannot be read: roll back to another one by hand`,
  )
}

interface Recorded {
  readonly explanation: Explanation
  readonly step: string
  readonly by: string
}

/** The audit record of a step, with as many of the exceptions as fit. */
function auditOf(context: PublisherContext, { explanation, step, by }: Recorded): Uint8Array {
  let { exceptions, omitted } = explanation
  for (;;) {
    try {
      return encodeAudit(context, {
        author: by,
        reason: oneLine(explanation.why.join('; '), 1_000).trim() || step,
        evidence: evidenceOf({ ...explanation, exceptions, omitted }, step),
      })
    } catch (error) {
      const { code } = asNoticeboardError(error, 'internal', 'the audit record could not be written')
      if (code !== 'too-large' || exceptions.length === 0) throw error
      const kept = Math.floor(exceptions.length / 2)
      omitted += exceptions.length - kept
      exceptions = exceptions.slice(0, kept)
    }
  }
}
