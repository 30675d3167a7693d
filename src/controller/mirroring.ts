import { createLinkedAbortController, type LinkedAbortController } from '../async/signals.js'
import type { Namespace } from '../contracts/names.js'
import type { Mirror } from '../contracts/transport.js'
import { sameBytes } from '../core/json/text.js'
import type { SignedRelease } from '../core/release/release.js'
import type { PublisherContext } from '../publisher/context.js'
import { snapshotsOf, syncMirror } from '../publisher/mirrors.js'

/** Keeps the mirrors of a controller at the newest releases, whoever wrote those. */
export interface Mirroring {
  /**
   * Takes the newest release of a namespace as a look found it, and brings those mirrors to it that
   * are not there and not on their way; one that failed is tried again by the next call. A newer
   * release ends what is under way for an older one. Waits for no mirror, and never throws.
   */
  bring(context: PublisherContext, newest: SignedRelease | undefined): void
}

/** How far the mirrors are with one release of a namespace. */
interface Progress {
  readonly newest: SignedRelease
  readonly reached: Set<Mirror>
  /** What is under way, by the mirror that it brings to the release. */
  readonly attempts: Map<Mirror, LinkedAbortController>
}

/**
 * Makes a {@link Mirroring} that ends with a signal. It begins with every mirror once, since what a
 * mirror has is not asked.
 *
 * ```ts
 * const mirroring = createMirroring(root.signal)
 * mirroring.bring(context, await readNewest(context, root.signal))
 * ```
 */
export function createMirroring(signal: AbortSignal): Mirroring {
  const byNamespace = new Map<Namespace, Progress>()

  const progressTo = (namespace: Namespace, newest: SignedRelease): Progress => {
    const known = byNamespace.get(namespace)
    if (known !== undefined && sameBytes(known.newest.bytes, newest.bytes)) return known
    for (const attempt of known?.attempts.values() ?? []) attempt.abort()
    const progress: Progress = { newest, reached: new Set(), attempts: new Map() }
    byNamespace.set(namespace, progress)
    return progress
  }

  return {
    bring(context, newest) {
      const { namespace, mirrors, logger } = context
      if (newest === undefined || mirrors.length === 0 || signal.aborted) return
      const { reached, attempts } = progressTo(namespace, newest)
      const due = mirrors.filter(mirror => !reached.has(mirror) && !attempts.has(mirror))
      if (due.length === 0) return
      // What they share is read once, and ends with the last of them.
      const reading = createLinkedAbortController(signal)
      const snapshots = snapshotsOf(context, newest, reading.signal)
      const bringOne = async (mirror: Mirror): Promise<void> => {
        const attempt = createLinkedAbortController(signal)
        attempts.set(mirror, attempt)
        const result = await syncMirror(context, mirror, { newest, snapshots, signal: attempt.signal })
        attempts.delete(mirror)
        attempt.finish()
        if (result.ok) reached.add(mirror)
        // What a newer release ended is not behind for long.
        else if (!attempt.signal.aborted)
          logger.warn('a mirror is behind; the controller tries again at its next look', {
            namespace,
            mirror: result.name,
            code: result.code,
            message: result.message,
          })
      }
      void Promise.all(due.map(bringOne)).finally(() => reading.abort())
    },
  }
}
