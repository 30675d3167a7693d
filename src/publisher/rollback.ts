import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import type { HeardReports } from '../contracts/report.js'
import { checkOptions } from '../core/options.js'
import { digestsOf, type Arm, type Release } from '../core/release/release.js'
import { goesOn, type RolloutState } from '../core/release/rollout.js'
import { wentBackError } from '../core/store/went-back.js'
import { appendUntil, refuse, type Decide } from './append.js'
import { encodeAudit } from './audit.js'
import type { PublisherContext } from './context.js'
import { areMost, countBoundRefusers, countRefusers, type Refusers } from '../fleet/refusers.js'
import { finish } from './finish.js'
import { behindFleet, doubtfulClaims, heardReports, WITHOUT_LABELS } from './preconditions.js'
import { readAnyHead } from './read-head.js'
import { trialIfKept } from './rollouts/find-trial.js'
import { findEarlier, findRelease, firstUnreadable, sameVariants, type ReleaseRef } from './resolve-ref.js'
import type { RolloutFacts } from './rollout.js'

/** How a rollback is done. */
export interface RollbackOptions {
  /** Why, for the readers of the history. */
  readonly reason: string
  /** Who rolls back. Default: the publisher's own author. */
  readonly author?: string
  /**
   * Where to. Default: while a candidate is out, or was taken back for now, the stable version;
   * else the newest earlier version that was not withdrawn and can be read. One that was refused by
   * most of the clients whose reports a token is bound to is passed over while there is another.
   */
  readonly to?: ReleaseRef
  /** Ends the call early when it aborts. Default: none. */
  readonly signal?: AbortSignal
}

/**
 * Names an older snapshot in a new release and withdraws what ran. The running document is not
 * read and nothing is validated, so neither can stand in the way; it tries until it wins. See
 * `Publisher.rollback`.
 *
 * ```ts
 * await rollBack(context, { reason: 'the pool was too small', to: 7 }, signal)
 * ```
 */
export async function rollBack(
  context: PublisherContext,
  options: RollbackOptions,
  signal: AbortSignal,
): Promise<RolloutFacts> {
  checkOptions('rollback()', options, { reason: true, author: true, to: true, signal: true })
  const audit = encodeAudit(context, options)
  /** Chosen once: of two rollbacks at the same time, the second must not go one version further. */
  let goal: Goal | undefined
  /** What ran on the way, the newest last. */
  const left = new Set<Digest>()

  const decide: Decide = async head => {
    if (head === undefined) return refuse('not-found', `nothing was published in ${context.namespace} yet`)
    const { release } = head
    goal ??= await chooseGoal(context, release, { to: options.to, signal })
    const { stable, kept } = goal
    const rollout = endOf(release)
    if (
      release.candidate === undefined &&
      rollout === undefined &&
      sameVariants(release.stable.variants, stable)
    )
      return { type: 'unchanged', head }
    const trial = await trialIfKept(context, release, signal)
    for (const digest of [...digestsOf(release), ...(trial?.candidate.map(one => one.digest) ?? [])]) {
      left.delete(digest)
      if (!kept.has(digest)) left.add(digest)
    }
    const withdrawn = [...left]
    const statement = {
      cause: 'rollback',
      stable,
      audit,
      withdrawn,
      ...(rollout !== undefined && { rollout }),
    }
    return { type: 'append', urgent: true, statement }
  }
  const appended = await appendUntil(context, decide, { readHead: readAnyHead, signal })
  return finish(context, appended, { signal, warnings: goal?.warnings ?? [] })
}

/** The rollout that a rollback ends; undefined where none goes on. */
function endOf({ rollout }: Release): RolloutState | undefined {
  if (rollout === undefined || !goesOn(rollout)) return undefined
  return { ...rollout, state: 'rolled-back', controller: 'publisher', why: 'rolled back by hand' }
}

/**
 * The releases that a rollback without `to` goes back to: by what clients report, and where that
 * cannot be read. None where there is no earlier version. Throws `store-damaged` for a board that
 * went back.
 *
 * ```ts
 * const kept = (await findGoals(context, newest, signal)).flatMap(({ stable }) => digestsOf({ stable }))
 * ```
 */
export async function findGoals(
  context: PublisherContext,
  newest: Release,
  signal: AbortSignal,
): Promise<readonly Release[]> {
  const heard = await heardThere(context, signal)
  const goals: Release[] = []
  for (const choice of [undefined, ...(heard === undefined ? [] : [createChoice(heard)])]) {
    try {
      goals.push(await chooseTarget(context, newest, { to: undefined, choice, signal }))
    } catch (error) {
      if (!isNoticeboardError(error, 'not-found')) throw error
    }
  }
  return goals
}

interface Goal {
  readonly stable: Arm['variants']
  readonly kept: ReadonlySet<Digest>
  readonly warnings: readonly string[]
}

async function chooseGoal(
  context: PublisherContext,
  newest: Release,
  { to, signal }: { readonly to: ReleaseRef | undefined; readonly signal: AbortSignal },
): Promise<Goal> {
  const heard = await heardThere(context, signal)
  const choice = to === undefined && heard !== undefined ? createChoice(heard) : undefined
  const { stable } = await chooseTarget(context, newest, { to, choice, signal })
  const warnings = [
    behindFleet(context, heard, newest) ?? doubtfulClaims(context, heard, newest),
    choice?.passedOver(stable.version),
    heard && refusedThere(heard, stable),
  ]
  return {
    stable: stable.variants,
    kept: new Set(digestsOf({ stable })),
    warnings: warnings.filter(warning => warning !== undefined),
  }
}

async function heardThere(context: PublisherContext, signal: AbortSignal): Promise<HeardReports | undefined> {
  // A rollback does not wait for what clients report.
  const heard = await heardReports({ ...context, retries: 0 }, signal, WITHOUT_LABELS)
  // Nobody would follow it, and what is left of the log could look as if there were nothing to go
  // back to.
  if (heard?.wentBack !== undefined) throw wentBackError(context.namespace, heard.wentBack)
  return heard
}

/** What reports have to say to where a rollback goes. */
interface Choice {
  isRefused(release: Release): boolean
  /**
   * What is told of the versions that were passed over for the goal; undefined where there are
   * none.
   */
  passedOver(goal: number): string | undefined
}

/**
 * Passes over what most clients refused for which a token that names them speaks. All other reports
 * are anybody's word, so they choose nothing.
 */
function createChoice(heard: HeardReports): Choice {
  const passed = new Map<number, Refusers>()
  return {
    isRefused(release) {
      const refusers = countBoundRefusers(heard, digestsOf({ stable: release.stable }))
      if (!areMost(refusers)) return false
      passed.set(release.stable.version, refusers)
      return true
    },
    passedOver(goal) {
      // Where all were refused the newest of them is taken, and told as such.
      if (passed.size === 0 || passed.has(goal)) return undefined
      const told = Array.from(
        passed,
        ([version, { refused, of }]) => `version ${version}, which ${refused} of ${of} refused`,
      )
      return `the rollback passes over ${told.join(', and ')} of the clients that report tokens name; to go back to it all the same, name it: noticeboard rollback --to VERSION, or { to }`
    },
  }
}

/** What clients said of the goal when they saw it. */
function refusedThere(heard: HeardReports, stable: Arm): string | undefined {
  const { refused, of } = countRefusers(heard, digestsOf({ stable }))
  if (refused === 0) return undefined
  return `${refused} of ${of} clients refused version ${stable.version}, to which this goes back, when they saw it; if an earlier one is meant, name it: noticeboard rollback --to VERSION, or { to }`
}

async function chooseTarget(
  context: PublisherContext,
  newest: Release,
  {
    to,
    choice,
    signal,
  }: {
    readonly to: ReleaseRef | undefined
    readonly choice: Choice | undefined
    readonly signal: AbortSignal
  },
): Promise<Release> {
  if (to === undefined)
    return findEarlier(context, newest, { isRefused: release => choice?.isRefused(release) === true, signal })
  const named = await findRelease(context, to, signal, { head: newest })
  const missing = await firstUnreadable(context, digestsOf({ stable: named.stable }), signal)
  if (missing === undefined) return named
  throw new NoticeboardError(
    'not-found',
    `version ${named.stable.version} of ${context.namespace} is not in the store any more; choose another one`,
  )
}
