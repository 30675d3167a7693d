import { NoticeboardError } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import type { HeardReports } from '../contracts/report.js'
import { LARGE_RELEASE_BYTES } from '../core/limits.js'
import type { Variant } from '../core/release/release.js'
import { hearsClients } from '../rollouts/members.js'
import { policyOf, readTimedPlan } from '../rollouts/plan.js'
import type { RolloutPolicy } from '../rollouts/policy.js'
import { sayTime } from '../rollouts/say-time.js'
import type { PublisherContext } from './context.js'
import { NOT_STARTED } from './rollouts/not-started.js'

/** What is about to be published. */
export interface ForMirrors {
  /** Of both arms. */
  readonly variants: readonly Variant[]
  /** The policy that was asked for; undefined where none was. */
  readonly policy: RolloutPolicy | undefined
  /** Whether it follows another release. */
  readonly isFirst: boolean
  readonly heard: HeardReports | undefined
}

/**
 * Why a document cannot go to the mirrors of a publisher: it would not fit into one of them, or
 * into `maxBoardBytes`, or it shall be staged on reports that nobody behind one of them can send.
 * Undefined where nothing stands in the way.
 *
 * ```ts
 * const refusal = notForMirrors(context, { variants, policy, isFirst: false, heard })
 * ```
 */
export function notForMirrors(
  { namespace, mirrors, maxBoardBytes: most }: PublisherContext,
  { variants, policy, isFirst, heard }: ForMirrors,
): NoticeboardError | undefined {
  const sizes = new Map(variants.map(({ digest, bytes }) => [digest, bytes]))
  const bytes = [...sizes.values()].reduce((sum, size) => sum + size, LARGE_RELEASE_BYTES)
  const boards = [...mirrors, ...(most === undefined ? [] : [{ name: 'the board', maxBoardBytes: most }])]
  const small = boards.find(({ maxBoardBytes = Number.POSITIVE_INFINITY }) => bytes > maxBoardBytes)
  if (small !== undefined)
    return new NoticeboardError(
      'too-large',
      `the snapshots of ${namespace} and its release have ${bytes} bytes together (${[...sizes.values()].join(' + ')}, and ${LARGE_RELEASE_BYTES} for the release), and ${small.name} takes ${String(small.maxBoardBytes)}: make the document smaller, split it into namespaces, or publish it with everyone(), which needs one document at a time`,
    )
  const isStaged = policy === undefined || policy.type === 'staged'
  const isHeard = heard !== undefined && hearsClients(heard)
  const silent = mirrors.find(({ unheard }) => unheard === true)
  if (silent === undefined || isFirst || isHeard || !isStaged) return undefined
  return new NoticeboardError(
    'unsupported',
    `${namespace}: ${NOT_STARTED}: it goes to ${silent.name}, whose readers report nowhere, and no client is heard here, so no stage can be judged: use timed(), which goes by the clock, everyone(), or let the clients report to a server of this store`,
  )
}

/**
 * Why a plan that goes by the clock is too fast for the mirrors of a publisher: a step would begin
 * before the readers of one have the step before. Undefined where none is.
 *
 * ```ts
 * const refusal = tooFastForMirrors(context, first.plan)
 * ```
 */
export function tooFastForMirrors(
  { namespace, mirrors }: Pick<PublisherContext, 'namespace' | 'mirrors'>,
  plan: Json,
): NoticeboardError | undefined {
  if (policyOf(plan) !== 'timed@1') return undefined
  const { everyMs } = readTimedPlan(plan)
  const slow = mirrors.find(({ leastStepMs = 0 }) => leastStepMs > everyMs)
  if (slow === undefined) return undefined
  const least = slow.leastStepMs ?? 0
  return new NoticeboardError(
    'invalid-option',
    `${namespace} goes to ${slow.name}, whose readers may have a step ${sayTime(least)} after it began, and the steps of this rollout last ${sayTime(everyMs)}: use timed({ everyMs: ${least} }) or longer steps`,
  )
}
