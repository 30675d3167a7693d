import { keepAlive } from '../async/keep-alive.js'
import { createLinkedAbortController, refuseIfAborted } from '../async/signals.js'
import {
  asNoticeboardError,
  isNoticeboardError,
  NoticeboardError,
  type ErrorCode,
} from '../contracts/errors.js'
import type { Source } from '../contracts/source.js'
import type { Clock } from '../contracts/system.js'
import { canonicalize } from '../core/json/canonical.js'
import { MAX_RETRY_AFTER_MS } from '../core/limits.js'
import type { OptionNames } from '../core/options.js'
import type { PublisherContext } from './context.js'
import type { PublishOptions } from './publish.js'
import type { Rollout } from './rollout.js'

/** How a source is followed: as a publish, until the signal aborts. */
export type FollowOptions = Omit<
  PublishOptions<never>,
  'dryRun' | 'ifVersion' | 'ifPosition' | 'variants' | 'activateAt' | 'readmit'
>

export const FOLLOW_OPTIONS: OptionNames<FollowOptions> = {
  rollout: true,
  drive: true,
  belowFloor: true,
  reason: true,
  author: true,
  spreadMs: true,
  bytesPerSecond: true,
  supersede: true,
  ignoreReports: true,
  signal: true,
}

/**
 * What came of one look at a source. After `failed` the following goes on: what was published
 * before still runs.
 */
export type FollowStep =
  | { readonly type: 'published'; readonly rollout: Rollout }
  | { readonly type: 'failed'; readonly error: NoticeboardError }

/**
 * How long to wait before the same document is tried again, without another change, after the store
 * could not be reached, or while a rollout is waited for; in milliseconds.
 */
const AGAIN_MS = 5_000

/**
 * How long a source has to give the same document before that is published, in milliseconds: half
 * of a file that is being written would go to everybody.
 */
const SETTLE_MS = 1_000
const MOST_SETTLING_MS = 10_000

/**
 * Failures that pass by themselves: the store is back, the rollout before has come to its end, the
 * fleet was heard, a controller started. The newest document is tried then.
 */
const PASSING = [
  'unavailable',
  'rate-limited',
  'timeout',
  'rollout-in-progress',
  'fleet-unknown',
  'no-controller',
] as const

/** What following a source takes. */
export interface Following {
  readonly context: PublisherContext
  readonly source: Source
  readonly publish: (source: Source) => Promise<Rollout>
  /** The publisher's life. */
  readonly root: AbortSignal
  /** The caller's signal, where there is one. */
  readonly own: AbortSignal | undefined
}

/**
 * Publishes a source now and at each change, for as long as the result is iterated. Changes that
 * come meanwhile count as one. While a rollout is under way it waits for its end, and publishes the
 * newest document then. It never brings back what was withdrawn. Ends when a signal aborts; throws
 * `closed` when the publisher was closed before.
 *
 * ```ts
 * for await (const step of followSource({ context, source, publish, root, own })) show(step)
 * ```
 */
export async function* followSource({
  context,
  source,
  publish,
  root,
  own,
}: Following): AsyncGenerator<FollowStep> {
  if (root.aborted) throw new NoticeboardError('closed', 'the publisher was closed; create a new one')
  const stop = createLinkedAbortController(root, own)
  const changes = source.changes?.(stop.signal)[Symbol.asyncIterator]()
  try {
    // Asked for before the first look, so that a change between the two is not lost. A failure is
    // thrown where it is awaited, and until then it is nobody's unhandled rejection.
    const nextChange = (): Promise<IteratorResult<void>> | undefined => {
      const change = changes?.next()
      change?.catch(() => {})
      return change
    }
    let change = nextChange()
    let waitsFor: ErrorCode | undefined
    while (!stop.signal.aborted) {
      const step = await attempt(settledSource(source, context.clock), publish)
      if (stop.signal.aborted) return
      const passing = step.type === 'failed' && isNoticeboardError(step.error, ...PASSING)
      // Told once: a rollout that is waited for may take hours.
      const why = passing ? step.error.code : undefined
      if (why === undefined || why !== waitsFor) yield step
      waitsFor = why
      if (passing) {
        await keepAlive(context.clock.sleep(awayMs(step.error), stop.signal))
        continue
      }
      if (change === undefined || (await change).done === true) return
      change = nextChange()
    }
  } finally {
    stop.abort()
    await changes?.return?.()
  }
}

/** How long to stay away after a failure that passes; a wrong number does not end the following. */
function awayMs({ retryAfterMs = AGAIN_MS }: NoticeboardError): number {
  return Math.min(Math.max(retryAfterMs, AGAIN_MS), MAX_RETRY_AFTER_MS)
}

async function attempt(source: Source, publish: Following['publish']): Promise<FollowStep> {
  try {
    return { type: 'published', rollout: await publish(source) }
  } catch (error) {
    return {
      type: 'failed',
      error: asNoticeboardError(error, 'internal', `${source.name} could not be published`),
    }
  }
}

/** A source whose document is read until it is the same twice, apart. */
function settledSource(source: Source, clock: Clock): Source {
  return {
    name: source.name,
    async read(signal) {
      const untilMs = clock.monotonic() + MOST_SETTLING_MS
      let document = await source.read(signal)
      for (;;) {
        await keepAlive(clock.sleep(SETTLE_MS, signal))
        refuseIfAborted(signal)
        const before = canonicalize(document)
        document = await source.read(signal)
        if (canonicalize(document) === before) return document
        if (clock.monotonic() >= untilMs)
          throw new NoticeboardError(
            'unavailable',
            `${source.name} changed each time it was read for ${MOST_SETTLING_MS / 1_000} s; write the new file beside it and rename it`,
          )
      }
    },
  }
}
