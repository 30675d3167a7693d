import { createBackoff, type Backoff } from '../async/backoff.js'
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
   * are due and not on their way: one that is not there, one that failed after a delay that grows,
   * and one that is there again after its `repeatMs`. A newer release ends what is under way for an
   * older one, and is brought at once. Waits for no mirror, and never throws.
   */
  bring(context: PublisherContext, newest: SignedRelease | undefined): void
}

/** How far the mirrors are with one release of a namespace. */
interface Progress {
  readonly newest: SignedRelease
  readonly courses: Map<Mirror, Course>
}

/** How far one mirror is with a release. */
interface Course {
  readonly backoff: Backoff
  /** When the mirror is brought to the release, or there again; of a clock that never jumps. */
  dueMs: number
  /** What is under way. */
  attempt: LinkedAbortController | undefined
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
    for (const { attempt } of known?.courses.values() ?? []) attempt?.abort()
    const progress: Progress = { newest, courses: new Map() }
    byNamespace.set(namespace, progress)
    return progress
  }

  return {
    bring(context, newest) {
      const { namespace, mirrors, clock, random, logger } = context
      if (newest === undefined || mirrors.length === 0 || signal.aborted) return
      const { courses } = progressTo(namespace, newest)
      const courseOf = (mirror: Mirror): Course => {
        const known = courses.get(mirror)
        if (known !== undefined) return known
        const course: Course = {
          backoff: createBackoff({ clock, random }),
          dueMs: Number.NEGATIVE_INFINITY,
          attempt: undefined,
        }
        courses.set(mirror, course)
        return course
      }
      const isDue = ({ attempt, dueMs }: Course): boolean =>
        attempt === undefined && clock.monotonic() >= dueMs
      const due = mirrors.filter(mirror => isDue(courseOf(mirror)))
      if (due.length === 0) return
      // What they share is read once, and ends with the last of them.
      const reading = createLinkedAbortController(signal)
      const snapshots = snapshotsOf(context, newest, reading.signal)
      const bringOne = async (mirror: Mirror): Promise<void> => {
        const course = courseOf(mirror)
        const attempt = createLinkedAbortController(signal)
        course.attempt = attempt
        const result = await syncMirror(context, mirror, { newest, snapshots, signal: attempt.signal })
        course.attempt = undefined
        attempt.finish()
        if (result.ok) {
          course.backoff.succeeded()
          course.dueMs = clock.monotonic() + (mirror.repeatMs ?? Number.POSITIVE_INFINITY)
          return
        }
        course.dueMs = clock.monotonic() + course.backoff.failed()
        // What a newer release ended is not behind for long.
        if (attempt.signal.aborted) return
        logger.warn('a mirror is behind; the controller tries again', {
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
