import { NoticeboardError } from '../contracts/errors.js'
import { epochNumber } from '../contracts/position.js'
import { checkOptions } from '../core/options.js'
import type { Arm } from '../core/release/release.js'
import { encodeAudit } from './audit.js'
import { append, compose, newEpoch } from './append.js'
import type { PublisherContext } from './context.js'
import { heardReports } from './preconditions.js'
import { readNewest } from './read-head.js'
import { prepareAll, validateAll, variantsOf } from './prepare.js'
import { finish, pauseAfterRace, putAll } from './publish.js'
import type { RolloutFacts } from './rollout.js'

/** How a new epoch begins. */
export interface OpenEpochOptions<Input = unknown> {
  /** Why, for whoever reads the history. */
  readonly reason: string
  readonly author?: string
  /** What the new epoch starts with; what the store's newest release gives everybody unless given. */
  readonly document?: Input
  /** Goes only above what the store knows, not above what clients claim to have seen. For when you know that they are wrong. */
  readonly ignoreReports?: boolean
  readonly signal?: AbortSignal
}

const LAST_EPOCH = 999_999_999

/** Goes on in a new epoch, above everything that the store and the fleet know. See `Publisher.openEpoch`. */
export async function openNewEpoch(
  context: PublisherContext,
  options: OpenEpochOptions,
  signal: AbortSignal,
): Promise<RolloutFacts> {
  checkOptions('openEpoch()', options, {
    reason: true,
    author: true,
    document: true,
    ignoreReports: true,
    signal: true,
  })
  const audit = encodeAudit(context, options)
  const prepared = options.document === undefined ? undefined : prepareAll(context, options.document, [])
  if (prepared !== undefined) {
    await validateAll(context, prepared, { previous: undefined, signal })
    await putAll(context, prepared, signal)
  }
  for (;;) {
    const newest = await readNewest(context, signal)
    const variants: Arm['variants'] | undefined =
      prepared === undefined ? newest?.release.stable.variants : variantsOf(prepared)
    if (variants === undefined) {
      throw new NoticeboardError(
        'invalid-option',
        `${context.namespace} has no release to go on from: pass { document } to start the new epoch with`,
      )
    }
    const reports = options.ignoreReports === true ? [] : ((await heardReports(context, signal)) ?? [])
    const known = [
      ...reports.flatMap(({ seen }) => (seen === undefined ? [] : [seen.epoch])),
      ...(newest === undefined ? [] : [newest.release.epoch]),
    ]
    const number = Math.max(0, ...known.map(epochNumber)) + 1
    if (number > LAST_EPOCH)
      throw new NoticeboardError(
        'invalid-data',
        'a client claims to have seen the last epoch there can be; if that is wrong, say ignoreReports',
      )
    const at = { epoch: newEpoch(context, number), sequence: 1 }
    const next = await compose(context, newest, { cause: 'epoch', variants, audit, at }, signal)
    if ((await append(context, next, { audit, urgent: true, signal })) === 'appended') {
      return finish(context, { outcome: 'published', signed: next, signal })
    }
    await pauseAfterRace(context, signal)
  }
}
