import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { HeardReports } from '../contracts/report.js'
import { checkOptions, type OptionNames } from '../core/options.js'
import { appendUntil, refuse, rehearse, type Decide } from './append.js'
import { encodeAudit, type AuditDetails } from './audit.js'
import type { Statement } from './compose.js'
import type { PublisherContext } from './context.js'
import { finish } from './finish.js'
import {
  behindFleet,
  doubtfulClaims,
  hasRolloutUnderWay,
  heardReports,
  notAdmitted,
  notExpected,
  notFree,
  notOvertaken,
  notUnderstood,
  WITHOUT_LABELS,
  type Expected,
} from './preconditions.js'
import { prepareAll, validateAll, variantsOf, type VariantDocument } from './prepare.js'
import { sameVariants } from './resolve-ref.js'
import type { RolloutFacts } from './rollout.js'
import { assertSpreading, spreadFor, type Spreading } from './spread.js'
import { notForMirrors } from './mirror-limits.js'
import { begin } from './rollouts/begin.js'
import { buildsIn } from './rollouts/builds.js'
import { leftBehind, replacedBy, type LeftBehind } from './rollouts/left-behind.js'
import { forecast } from './rollouts/forecast.js'
import { trialIfKept } from './rollouts/find-trial.js'
import { assertPolicy, ownPolicies, policyOr, withBuiltIn } from './rollouts/policies.js'
import { runnerNames } from '../rollouts/controllers.js'
import type { RolloutPolicy } from '../rollouts/policy.js'
import { MAX_LABELS } from '../core/limits.js'
import { oneLine } from '../core/json/text.js'
import { sayMatch } from '../core/release/labels.js'
import type { Arm, Release } from '../core/release/release.js'
import type { RolloutState } from '../core/release/rollout.js'
import { pairVariants } from '../core/release/variant-pairs.js'
import { isDate } from '../core/built-ins.js'

/** How a document is published. */
export interface PublishOptions<Input = unknown> extends Expected, Spreading {
  /**
   * How it spreads. Default: as the publisher says, else {@link staged}; the first release of a
   * namespace, and everything on a store in this process (`memory()`), goes to everyone.
   */
  readonly rollout?: RolloutPolicy
  /**
   * Move the rollout on here, for as long as the result is iterated or its end is awaited. Default
   * false: a controller does, and where none is heard nothing is published.
   */
  readonly drive?: boolean
  /**
   * Why it may be rolled out looser than the publisher's floor. Kept in the history. Default: none;
   * a looser rollout is refused.
   */
  readonly belowFloor?: string
  /**
   * Why a document that was withdrawn may come back; clients that refused it try it again. Default:
   * none; such a document is refused with `withdrawn`.
   */
  readonly readmit?: string
  /** Why, for the readers of the history. */
  readonly reason: string
  /** Who publishes. Default: the publisher's own author. */
  readonly author?: string
  /** Check everything and write nothing. Default false. */
  readonly dryRun?: boolean
  /**
   * Clients fetch and check it at once and switch together at this time. In stages the last one
   * does, and those before run it on arrival. Default: on arrival.
   */
  readonly activateAt?: Date
  /**
   * Other documents for clients with certain labels; the first that matches holds. Default: none.
   */
  readonly variants?: readonly VariantDocument<Input>[]
  /**
   * Replace a rollout that is under way. Its candidate is withdrawn where that stands still or is
   * bad by what was heard. Default false: it is refused.
   */
  readonly supersede?: boolean
  /**
   * Publish although clients claim to have seen more than the store has. For when you know that
   * their reports are wrong. Default false: it is refused.
   */
  readonly ignoreReports?: boolean
  /** Ends the call early when it aborts. Default: none. */
  readonly signal?: AbortSignal
}

const PUBLISH_OPTIONS: OptionNames<PublishOptions> = {
  ifVersion: true,
  ifPosition: true,
  rollout: true,
  drive: true,
  belowFloor: true,
  readmit: true,
  reason: true,
  author: true,
  dryRun: true,
  spreadMs: true,
  bytesPerSecond: true,
  activateAt: true,
  variants: true,
  supersede: true,
  ignoreReports: true,
  signal: true,
}

/** How many lost races end a publish. */
const MAX_RACES = 32

/**
 * Validates and appends a document, or says why not. See `Publisher.publish`.
 *
 * ```ts
 * await publishDocument(context, { pool: 8 }, { rollout: everyone(), reason: 'more load' }, signal)
 * ```
 */
export async function publishDocument(
  context: PublisherContext,
  document: unknown,
  options: PublishOptions,
  signal: AbortSignal,
): Promise<RolloutFacts> {
  checkOptions('publish()', options, PUBLISH_OPTIONS)
  if (options.rollout !== undefined) assertPolicy('publish()', options.rollout)
  checkReason('readmit', options.readmit)
  checkReason('belowFloor', options.belowFloor)
  assertSpreading(options)
  const activateAt = readActivation(options, context.clock.now())
  const audit = encodeAudit(context, recordOf(options))
  const prepared = prepareAll(context, document, options.variants ?? [])
  const variants = variantsOf(prepared)
  const { drive: drives = false } = options
  const policy = options.rollout ?? context.rollout
  let notes: readonly string[] = []
  let warnings: readonly string[] = []
  let controllers: readonly string[] = []

  const decide: Decide = async head => {
    const newest = head?.release
    const unknown = newest === undefined ? undefined : notUnderstood(context, newest)
    if (unknown !== undefined) return { type: 'refuse', error: unknown }
    const trial = newest && (await trialIfKept(context, newest, signal))
    const isTried = trial !== undefined && sameVariants(trial.candidate, variants)
    const overtakes = isTried && policy?.type === 'everyone' && hasRolloutUnderWay(newest)
    if (head !== undefined && isTried && !overtakes) {
      controllers = moversOf(newest?.rollout, await heardReports(context, signal, WITHOUT_LABELS))
      return { type: 'unchanged', head }
    }
    const refusal =
      (overtakes ? notOvertaken(context, newest, options) : undefined) ??
      notExpected(context, newest, options) ??
      notFree(context, newest, options) ??
      notAdmitted(context, newest, { variants, readmit: options.readmit })
    if (refusal !== undefined) return { type: 'refuse', error: refusal }
    warnings = await validateAll(context, prepared, { newest, signal })
    // A rollout that goes on and is replaced is judged by all that its clients say.
    const judges = newest?.rollout?.state === 'running' && replacedBy({ newest, trial, variants }).length > 0
    const heard = await heardReports(context, signal, judges ? undefined : briefFor(context, policy))
    // What the store forgot is no claim of clients.
    const believes = options.ignoreReports !== true || heard?.wentBack !== undefined
    const behind = believes ? behindFleet(context, heard, newest) : undefined
    if (behind !== undefined) return refuse('store-damaged', behind)

    const runs = newest?.candidate === undefined ? newest?.stable.variants : undefined
    if (head !== undefined && trial === undefined && runs !== undefined && sameVariants(runs, variants))
      return { type: 'unchanged', head }
    const stays = policy?.type === 'everyone' ? [] : (newest?.stable.variants ?? [])
    const unfit = notForMirrors(context, {
      variants: [...stays, ...variants],
      policy,
      isFirst: newest === undefined,
      heard,
    })
    if (unfit !== undefined) return { type: 'refuse', error: unfit }
    const spread = spreadFor(options, { variants, heard, newest })
    const begun = await begin(
      context,
      {
        newest,
        candidate: variants,
        policy,
        floor: context.floor,
        belowFloor: options.belowFloor,
        gates: context.gates,
        heard,
        spreadMs: spread.spreadMs ?? 0,
        activateAt,
        drives,
      },
      signal,
    )
    if (begun.type === 'refused') return { type: 'refuse', error: begun.error }
    const left = await leftBehind(
      context,
      {
        newest,
        trial,
        variants,
        heard: options.ignoreReports === true ? undefined : heard,
        policies: withBuiltIn([...(policy === undefined ? [] : [policy]), ...ownPolicies(context)]),
      },
      signal,
    )
    controllers = begun.type === 'rollout' ? moversOf(begun.parts.rollout, heard) : []
    const doubt = doubtfulClaims(context, heard, newest)
    notes = [
      ...begun.notes,
      ...(left === undefined ? [] : [sayLeft(left)]),
      ...spread.notes,
      ...lostVariants(newest, variants),
      ...(doubt === undefined ? [] : [doubt]),
    ]
    const readmit =
      options.readmit === undefined
        ? undefined
        : variants.map(({ digest }) => ({ digest, reason: oneLine(options.readmit ?? '') }))
    const statement = {
      cause: 'publish',
      audit: left === undefined ? audit : auditWith(context, { options, left, audit }),
      spreadMs: spread.spreadMs,
      readmit,
      withdrawn: left?.digests ?? [],
      ...(begun.type === 'rollout' ? begun.parts : { stable: variants, activateAt }),
    } as Statement
    return { type: 'append', statement }
  }
  if (options.dryRun === true) {
    const rehearsed = await rehearse(context, decide, signal)
    const heard = await heardReports(context, signal)
    const { release } = rehearsed
    const foreseen = forecast(release, { heard, hasher: context.hasher, policy })
    for (const warning of warnings) context.logger.warn(warning, { namespace: context.namespace })
    return {
      ...rehearsed,
      notes: [...notes, ...foreseen.notes],
      warnings,
      controllers,
      forecast: foreseen.stages,
      builds: buildsIn(release, heard),
    }
  }
  const appended = await appendUntil(context, decide, { snapshots: prepared, maxRaces: MAX_RACES, signal })
  return {
    ...(await finish(context, appended, { publishes: true, warnings, signal })),
    notes,
    controllers,
    drives,
    ...(policy !== undefined && { policy }),
  }
}

/** The controllers that are heard and can move a rollout on by themselves, each once. */
function moversOf(
  rollout: Pick<RolloutState, 'id' | 'plan'> | undefined,
  heard: HeardReports | undefined,
): readonly string[] {
  if (rollout === undefined || heard === undefined) return []
  return runnerNames(rollout, heard)
}

/** What of reports it takes to begin a rollout; undefined for all of them. */
function briefFor(
  { gates }: PublisherContext,
  policy: RolloutPolicy | undefined,
): { readonly labels: readonly string[] } | undefined {
  const labels = policyOr(policy).startsBy
  // A gate is shown the whole fleet.
  return labels === undefined || labels.length > MAX_LABELS || gates.length > 0 ? undefined : { labels }
}

/**
 * Says who had a document of their own and gets that of all others now, as it is with a file that
 * is published for everybody.
 */
function lostVariants(newest: Release | undefined, variants: Arm['variants']): readonly string[] {
  if (newest === undefined) return []
  return pairVariants(newest.stable, { variants }).flatMap(({ when, before, after }) =>
    when !== undefined && before.when !== undefined && after.when === undefined
      ? [`clients with ${sayMatch(when)} had a variant of their own, and now get the document of all others`]
      : [],
  )
}

/** That a candidate is withdrawn with the release that takes its place, and why. */
function sayLeft({ why }: LeftBehind): string {
  return `the candidate of the rollout that this one replaces is withdrawn: ${oneLine(why, 200)}`
}

interface Recording {
  readonly options: PublishOptions
  readonly left: LeftBehind
  /** The record without it, where there is no room for more. */
  readonly audit: Uint8Array
}

/** The audit record of a release that withdraws what it replaces, too, as far as there is room. */
function auditWith(context: PublisherContext, { options, left, audit }: Recording): Uint8Array {
  const { reason, ...rest } = recordOf(options)
  try {
    return encodeAudit(context, { ...rest, reason: `${String(reason)}; ${sayLeft(left)}` })
  } catch (error) {
    if (isNoticeboardError(error, 'invalid-option')) return audit
    throw error
  }
}

/** What the history keeps: the reason, and those that were asked for besides. */
function recordOf({ author, reason, belowFloor, readmit }: PublishOptions): AuditDetails {
  const more = [
    ...(belowFloor === undefined ? [] : [`below the floor: ${belowFloor}`]),
    ...(readmit === undefined ? [] : [`readmitted: ${readmit}`]),
  ]
  return {
    author,
    reason: typeof reason === 'string' && more.length > 0 ? [reason, ...more].join('; ') : reason,
    belowFloor: belowFloor === undefined ? undefined : true,
  }
}

function checkReason(name: string, given: string | undefined): void {
  if (given === undefined || (typeof given === 'string' && given.trim() !== '')) return
  throw new NoticeboardError(
    'invalid-option',
    `publish(): ${name} must be the reason, a string that is not empty`,
  )
}

function readActivation({ activateAt }: PublishOptions, nowMs: number): string | undefined {
  if (activateAt !== undefined && !(isDate(activateAt) && !Number.isNaN(activateAt.getTime())))
    throw new NoticeboardError('invalid-option', 'publish(): activateAt must be a valid Date')
  if (activateAt !== undefined && activateAt.getTime() < nowMs)
    throw new NoticeboardError(
      'invalid-option',
      'publish(): activateAt is in the past; pass a later time, or leave it out and clients switch when the release arrives',
    )
  return activateAt?.toISOString()
}
