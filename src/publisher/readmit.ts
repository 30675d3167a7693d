import { NoticeboardError } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import { oneLine } from '../core/json/text.js'
import { checkOptions } from '../core/options.js'
import { digestsOf } from '../core/release/release.js'
import { appendUntil, refuse, type Decide } from './append.js'
import { encodeAudit } from './audit.js'
import type { PublisherContext } from './context.js'
import { finish } from './finish.js'
import type { RolloutFacts } from './rollout.js'
import { restated } from './rollouts/steps.js'

/** What clients are to try again although they refused it, or have it under quarantine. */
export interface ReadmitOptions {
  /** The snapshot: its digest, or 8 of its digits or more. The newest release has to name it. */
  readonly digest: Digest
  /** Why, for the readers of the release and of the history. */
  readonly reason: string
  /** Who readmits. Default: the publisher's own author. */
  readonly author?: string
  /** Ends the call early when it aborts. Default: none. */
  readonly signal?: AbortSignal
}

/**
 * Says the newest release again, with a snapshot that it names readmitted: clients forget that they
 * refused that one, and end its quarantine; no other's. It tries until it wins. See
 * `Publisher.readmit`.
 *
 * ```ts
 * await readmit(context, { digest: '3f9a01bc', reason: 'the driver was to blame' }, signal)
 * ```
 */
export async function readmit(
  context: PublisherContext,
  options: ReadmitOptions,
  signal: AbortSignal,
): Promise<RolloutFacts> {
  checkOptions('readmit()', options, { digest: true, reason: true, author: true, signal: true })
  const { digest, reason, author } = options
  if (typeof digest !== 'string' || !/^[0-9a-f]{8,64}$/.test(digest))
    throw new NoticeboardError(
      'invalid-option',
      'readmit() needs the digest of a snapshot, or its first 8 digits or more',
    )
  encodeAudit(context, { author, reason })

  const decide: Decide = head => {
    const found = head === undefined ? [] : digestsOf(head.release).filter(named => named.startsWith(digest))
    const [named] = found
    if (head === undefined || named === undefined)
      return refuse(
        'not-found',
        `the newest release of ${context.namespace} does not name ${digest.slice(0, 12)}; to bring that document back publish it: publish(document, { readmit })`,
      )
    if (found.length > 1)
      return refuse('invalid-option', `${found.length} digests begin with ${digest}; write more digits`)
    const audit = encodeAudit(context, { author, reason })
    return {
      type: 'append',
      statement: {
        ...restated(head.release, { cause: 'readmit', audit }),
        readmit: [{ digest: named, reason: oneLine(reason) || 'no reason given' }],
      },
    }
  }
  return finish(context, await appendUntil(context, decide, { signal }), { signal })
}
