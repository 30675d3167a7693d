import { NoticeboardError } from '../contracts/errors.js'
import { checkOptions } from '../core/options.js'
import { digestsOf, type Release } from '../core/release/release.js'
import { encodeAudit } from './audit.js'
import { append, compose } from './append.js'
import type { PublisherContext } from './context.js'
import { findEarlier, findRelease, firstUnreadable, sameVariants, type ReleaseRef } from './resolve-ref.js'
import { behindFleet, heardReports } from './preconditions.js'
import { readNewest } from './read-head.js'
import { finish, pauseAfterRace } from './publish.js'
import type { RolloutFacts } from './rollout.js'

/** How a rollback is done. */
export interface RollbackOptions {
  /** Why, for whoever reads the history. */
  readonly reason: string
  readonly author?: string
  /** Where to; the newest earlier version that was not withdrawn unless given. */
  readonly to?: ReleaseRef
  readonly signal?: AbortSignal
}

/**
 * Names an older snapshot in a new release and withdraws what ran. Nothing is read of the document that runs and nothing is
 * validated, so neither can stand in the way; it tries until it wins. See `Publisher.rollback`.
 */
export async function rollBack(
  context: PublisherContext,
  options: RollbackOptions,
  signal: AbortSignal,
): Promise<RolloutFacts> {
  checkOptions('rollback()', options, { reason: true, author: true, to: true, signal: true })
  const audit = encodeAudit(context, options)
  const first = await readNewest(context, signal)
  if (first === undefined)
    throw new NoticeboardError('not-found', `nothing was published in ${context.namespace} yet`)
  // Chosen once: if two people roll back at the same time, the second must not go back one version further.
  const target = await chooseTarget(context, first.release, options.to, signal)
  const { variants } = target.stable
  const kept = new Set(digestsOf({ stable: target.stable } as Release))
  const left = new Set<string>()
  const behind = behindFleet(context, await heardReports(context, signal), first.release)
  const warnings = behind === undefined ? [] : [behind]

  for (let newest = first; ; newest = (await readNewest(context, signal)) ?? newest) {
    const { release } = newest
    if (release.candidate === undefined && sameVariants(release.stable.variants, variants)) {
      return finish(context, { outcome: 'unchanged', signed: newest, signal, warnings })
    }
    for (const digest of digestsOf(release)) if (!kept.has(digest)) left.add(digest)
    const withdrawn = [...left]
    const next = await compose(context, newest, { cause: 'rollback', variants, audit, withdrawn }, signal)
    if ((await append(context, next, { audit, urgent: true, signal })) === 'appended') {
      return finish(context, { outcome: 'published', signed: next, signal, withdrawn, warnings })
    }
    await pauseAfterRace(context, signal)
  }
}

async function chooseTarget(
  context: PublisherContext,
  newest: Release,
  to: ReleaseRef | undefined,
  signal: AbortSignal,
): Promise<Release> {
  if (to === undefined) return findEarlier(context, newest, signal)
  const named = await findRelease(context, to, signal)
  const missing = await firstUnreadable(context, digestsOf({ stable: named.stable } as Release), signal)
  if (missing === undefined) return named
  throw new NoticeboardError(
    'not-found',
    `version ${named.stable.version} of ${context.namespace} is not in the store any more; choose another one`,
  )
}
