import type { Failure, FailureKind } from './failures.js'
import { canReach, PAUSE_AT, ROLL_BACK_AT } from './e-process.js'
import type { GateResult } from './gate.js'
import { imbalanceOf } from './imbalance.js'
import { isByLabel } from './cohort.js'
import { heardMs } from './members.js'
import { stageNumberOf } from '../core/release/rollout.js'
import { quorumOf, type Quorum } from './quorum.js'
import { percent } from './resolving-power.js'
import { sayLeft, sayTime } from './say-time.js'
import { standInTheWay, unknown, type Unknown, type UnknownKind } from './unknowns.js'
import { failuresIn, type StageView } from './view.js'

/** The stages in which one failure that a client attributes to the candidate is enough. */
export const STRICT_STAGES = 2

/** What share of the live clients has to have seen a stage before the next one begins. */
const SEEN_SHARE = 0.9

/** From this share of the control on, failures are the fleet's and not the candidate's. */
const FAILING_SHARE = 0.1

/** What share of the control has to be heard, so that silence in the audience says something. */
const HEARD_SHARE = 0.9

/**
 * The share of failures in a whole fleet that is too many, where there is nothing to compare with.
 */
const FLEET_SHARE = 0.01

/** How much more often than its control a whole fleet may fail. */
const CONTROL_FACTOR = 3

/**
 * What a stage's evidence comes to. `bad`: the candidate goes, `silentOnly` when nothing is known
 * but that exposed clients fell silent. `suspect`: the failure of one client more would be bad.
 * `alarming`: failures pile up without proof. `unknown`: see the list. `good`: it may go on.
 */
export type Verdict =
  | {
      readonly verdict: 'bad'
      readonly why: string
      readonly failures: readonly Failure[]
      readonly silentOnly: boolean
    }
  | { readonly verdict: 'suspect'; readonly why: string; readonly failures: readonly Failure[] }
  | { readonly verdict: 'alarming'; readonly why: string; readonly failures: readonly Failure[] }
  | { readonly verdict: 'unknown'; readonly unknowns: readonly Unknown[] }
  | { readonly verdict: 'good'; readonly why: string }

/**
 * Failures in the client's own words, a veto of its application among them; of the others one alone
 * is no proof.
 */
const CLAIMED: ReadonlySet<FailureKind> = new Set(['rejected', 'vetoed', 'reverted', 'quarantined'])

/**
 * Judges a running stage: bad before unknown before good, so that nothing goes on while it may be
 * bad.
 *
 * ```ts
 * const verdict = judgeStage(view, gates)
 * ```
 */
export function judgeStage(view: StageView, gates: GateResult): Verdict {
  const failures = countedFailures(view)
  const bad = badStage(view, failures)
  if (bad !== undefined) return bad
  const quorum = quorumOf(view)
  const unknowns = [...unknownsOf(view, quorum), ...gates.unknowns]
  if (standInTheWay(unknowns)) return { verdict: 'unknown', unknowns }
  const { healthy, asked } = quorum
  return { verdict: 'good', why: `${healthy} of ${asked} clients are healthy` }
}

/**
 * The failures that count here: silence only while the control is heard, and nothing but claims
 * while it fails too.
 */
function countedFailures(view: StageView): readonly Failure[] {
  const failures = failuresIn(view)
  return failures.filter(({ kind }) => {
    if (CLAIMED.has(kind)) return true
    if (isControlFailing(view)) return false
    return kind !== 'silent' || isControlHeard(view)
  })
}

function badStage(view: StageView, failures: readonly Failure[]): Verdict | undefined {
  const { rollout } = view
  if (rollout.stage < STRICT_STAGES) {
    const claimed = failures.filter(({ kind }) => CLAIMED.has(kind))
    const where = `in stage ${stageNumberOf(rollout)}`
    if (claimed.length > 0) return badFor(claimed, `${sayFailures(claimed)} ${where}`)
    if (failures.length > 1) return badFor(failures, `${sayFailures(failures)} ${where}`)
    const { added = 0 } = rollout.stageStart
    if (failures.length === 1 && added === 0)
      return { verdict: 'suspect', why: `${sayFailures(failures)}; one alone is no proof`, failures }
    return undefined
  }
  return canCompare(view) ? badByComparison(view, failures) : badFleet(view)
}

/**
 * Judges a stage by its e-value: bad, alarming, or undefined while it shows nothing. Where a whole
 * label is exposed it only alarms, and where nothing is known but silence the exposed are taken
 * back.
 *
 * ```ts
 * if (canCompare(view) && badByComparison(view)?.verdict === 'bad') return { type: 'roll-back' }
 * ```
 */
export function badByComparison(
  { e, mayRollBack, counts, ...view }: StageView,
  failures: readonly Failure[] = failuresIn(view),
): Extract<Verdict, { readonly failures: unknown }> | undefined {
  const { failedExposed, exposed, failedControl, control } = counts
  const why = `${failedExposed} of ${exposed} exposed failed, and ${failedControl} of ${control} others: e = ${sayE(e)}`
  if (e >= ROLL_BACK_AT && mayRollBack) return badFor(failures, why)
  if (e < PAUSE_AT) return undefined
  return onlySilent(failures) ? badFor(failures, why) : { verdict: 'alarming', why, failures }
}

/**
 * Judges a whole fleet, where nobody is left to compare with: what clients say of the candidate, and
 * nothing else. Undefined while that is little.
 *
 * ```ts
 * if (badFleet(view) !== undefined) return { type: 'roll-back' }
 * ```
 */
export function badFleet(view: StageView): Extract<Verdict, { readonly failures: unknown }> | undefined {
  const attributed = failuresIn(view).filter(({ kind }) => kind !== 'silent')
  const { exposed, before } = view.rollout.stageStart
  const usual = before === undefined || before.control === 0 ? 0 : before.failed / before.control
  const allowed = Math.max(2, Math.ceil(FLEET_SHARE * exposed), Math.ceil(CONTROL_FACTOR * usual * exposed))
  // Of fewer clients than that all of them are enough.
  if (attributed.length === 0 || attributed.length < Math.min(exposed, allowed)) return undefined
  return badFor(attributed, `${sayFailures(attributed)} of ${exposed} clients`)
}

/** Whether what is outside the audience is enough to blame the candidate by comparison. */
export function canCompare({ counts }: Pick<StageView, 'counts'>): boolean {
  return canReach(counts, ROLL_BACK_AT)
}

function badFor(failures: readonly Failure[], why: string): Extract<Verdict, { verdict: 'bad' }> {
  return { verdict: 'bad', why, failures, silentOnly: onlySilent(failures) }
}

function onlySilent(failures: readonly Failure[]): boolean {
  return failures.length > 0 && failures.every(({ kind }) => kind === 'silent')
}

function isControlFailing({ controlFailed, control }: StageView): boolean {
  return control.length > 0 && controlFailed >= FAILING_SHARE * control.length && controlFailed > 1
}

/** Whether so much of the control is heard that silence in the audience says something. */
export function isControlHeard({ controlHeard, control }: StageView): boolean {
  return control.length > 0 && controlHeard >= HEARD_SHARE * control.length
}

function unknownsOf(view: StageView, quorum: Quorum): readonly Unknown[] {
  const { exposed, control, audience } = view
  const found: Unknown[] = [...unhealthyIn(view, quorum)]
  const say = (kind: UnknownKind, more: Partial<Omit<Unknown, 'kind'>> = {}): void =>
    void found.push(unknown(kind, more))
  const silent = failuresIn(view).filter(({ kind }) => kind === 'silent').length
  if (silent > 0 && control.length > 0 && !isControlHeard(view)) say('control-silent', { clients: silent })
  if (failuresIn(view).length > 0 && isControlFailing(view))
    say('control-failing', { clients: view.controlFailed })
  const canaries = view.missingCanaries.length
  if (canaries > 0) say('canary-missing', { clients: canaries })
  const unseen = unseenIn(view)
  if (unseen !== undefined) found.push(unseen)
  const imbalance =
    // Asked only once it could stand in the way: it takes a look at every label.
    found.length > 0 || audience === undefined || isByLabel(audience)
      ? undefined
      : imbalanceOf(membersIn(exposed), [...membersIn(exposed), ...control])
  if (imbalance !== undefined) {
    const { label, value, expected } = imbalance
    const text = `${imbalance.exposed} exposed clients carry ${label}=${value}, and ${Math.round(expected)} were to be expected`
    say('label-over-represented', { text, clients: imbalance.exposed })
  }
  if (view.rollout.stage >= STRICT_STAGES && !canCompare(view)) say('control-too-small')
  return found
}

/**
 * What keeps exposed clients from being enough: each kind with how many it concerns.
 *
 * ```ts
 * const unknowns = unhealthyIn(view, quorumOf(view))
 * ```
 */
export function unhealthyIn(view: StageView, { healthy, needed, asked }: Quorum): readonly Unknown[] {
  const { exposed } = view
  const found: Unknown[] = []
  const say = (kind: UnknownKind, more: Partial<Omit<Unknown, 'kind'>> = {}): void =>
    void found.push(unknown(kind, more))
  const of = (is: 'baking' | 'waiting'): number => exposed.filter(({ state }) => state.is === is).length
  if (asked === 0) say('too-few')
  if (healthy < needed) {
    if (of('baking') > 0) say('baking', { text: sayBake(view), clients: of('baking') })
    if (of('waiting') > 0) say('not-applied', { clients: of('waiting') })
    const doubts = ['shared-id', 'silent', 'probe-unhealthy', 'probe-threw', 'probe-timed-out'] as const
    for (const why of doubts) {
      const clients = exposed.filter(({ state }) => state.is === 'doubtful' && state.why === why).length
      if (clients > 0) say(why === 'silent' ? 'client-silent' : why, { clients })
    }
    const missing = needed - healthy
    say('too-few', {
      text: `${healthy} of ${asked} clients ${healthy === 1 ? 'is' : 'are'} healthy, and ${needed === asked ? 'all' : needed} have to be`,
      clients: missing,
    })
  }
  const open = exposed.filter(({ state }) => state.is === 'doubtful' && state.why === 'crash-open').length
  if (open > 0) say('crash-open', { clients: open })
  return found
}

/**
 * Too few of the live clients have seen a stage for the next one to begin; undefined where enough
 * have.
 */
export function unseenIn({ seenShare }: Pick<StageView, 'seenShare'>): Unknown | undefined {
  if (seenShare >= SEEN_SHARE) return undefined
  return unknown('not-seen', { text: `${percent(seenShare)} of the live clients have seen this stage` })
}

/** How long a stage bakes, and how long its last client that bakes has left. */
function sayBake({ exposed, plan: { bakeMs }, nowMs }: StageView): string {
  const left = exposed.flatMap(({ member: { current }, state }) =>
    state.is === 'baking' ? current.map(word => bakeMs - word.sinceMs - (nowMs - heardMs(word))) : [],
  )
  const leftMs = Math.max(0, ...left)
  const rest = leftMs > 0 ? `${sayLeft(leftMs, bakeMs)} left` : 'and the report of its end is due'
  return `bakes ${sayTime(bakeMs)}, ${rest}`
}

function membersIn(exposed: StageView['exposed']): StageView['control'] {
  return exposed.map(({ member }) => member)
}

/** Failures for people: `2 abrupt, 1 silent`. */
export function sayFailures(failures: readonly Failure[]): string {
  const kinds = new Map<FailureKind, number>()
  for (const { kind } of failures) kinds.set(kind, (kinds.get(kind) ?? 0) + 1)
  return [...kinds].map(([kind, count]) => `${count} ${kind}`).join(', ')
}

function sayE(e: number): string {
  return e >= 1_000 ? 'over 1,000' : e.toPrecision(2)
}
