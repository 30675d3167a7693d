import { settlesWithin } from '../async/deadline.js'
import { createSaver, type Saver } from '../async/saver.js'
import { asNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import { comparePositions, type Position } from '../contracts/position.js'
import type { Clock, Logger, Random } from '../contracts/system.js'
import { positionOf, type Release, type SignedRelease } from '../core/release/release.js'
import type { PublisherContext } from '../publisher/context.js'
import type { HistoryEntry } from '../publisher/history.js'
import { movesOf, standstillOf } from '../publisher/rollouts/moves.js'
import { untoldIn } from '../publisher/rollouts/untold.js'
import type { ControllerFinding, Standing } from './finding.js'
import type { ListenerCounts, RolloutListener } from './listener.js'
import { createOutlet } from './outlet.js'

/** Tells the listeners of a controller of each move that the log holds, whoever made it. */
export interface Listening {
  /**
   * Takes the newest release of a namespace as a look found it, and what the look came to; what was
   * not told yet is read from the log and told. Waits for nothing, and never throws.
   */
  tell(context: PublisherContext, seen: Seen): void
  readonly counts: readonly ListenerCounts[]
  /** Waits so long at most for what is on its way, in milliseconds, and ends it. */
  close(waitMs: number): Promise<void>
}

/** What a look at a namespace saw. */
export interface Seen {
  readonly newest: SignedRelease | undefined
  readonly found?: ControllerFinding
}

/** What a {@link Listening} is made of. */
export interface ListeningOptions {
  readonly listeners: readonly RolloutListener[]
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
}

/** How far the listeners are with one namespace. */
interface Progress {
  newest: Release
  /** Up to where the log was told; undefined before it was read. */
  told: Position | undefined
  /** A rollout that is held up, and the release at which that was told. */
  standing: Standing | undefined
  stoodAt: Position | undefined
  /** The newest release, while its audit record is not there, and how long that is waited for. */
  awaited: { readonly at: Position; readonly untilMs: number } | undefined
  readonly reading: Saver
}

/**
 * How long the audit record of a release may take to follow it before it is told without, in
 * milliseconds.
 */
const AUDIT_MS = 5_000

/**
 * Makes a {@link Listening}. It keeps nothing beyond its life: a new one tells the last day again,
 * and a rollout that goes on from its beginning.
 *
 * ```ts
 * const listening = createListening({ listeners, clock, random, logger })
 * listening.tell(context, { newest })
 * ```
 */
export function createListening({ listeners, clock, random, logger }: ListeningOptions): Listening {
  const root = new AbortController()
  const { signal } = root
  const names = numbered(listeners.map(({ name }) => name))
  const outlets = listeners.map((listener, index) =>
    createOutlet(listener, { name: names[index] ?? listener.name, clock, random, logger, signal }),
  )
  const byNamespace = new Map<Namespace, Progress>()

  /** Whether an audit record may still follow its release. */
  const isAwaited = (progress: Progress, { position, release, audit }: HistoryEntry): boolean => {
    if (release.audit === undefined || audit !== undefined) return false
    const nowMs = clock.monotonic()
    if (!isSame(progress.awaited?.at, position))
      progress.awaited = { at: position, untilMs: nowMs + AUDIT_MS }
    return progress.awaited !== undefined && nowMs < progress.awaited.untilMs
  }
  const readLog = async (context: PublisherContext, progress: Progress): Promise<void> => {
    const { newest, told } = progress
    const untold = await untoldIn(context, { newest, told }, signal)
    for (const each of untold) {
      if (each === untold.at(-1) && isAwaited(progress, each.entry)) return
      for (const move of await movesOf(context, each, signal)) for (const outlet of outlets) outlet.put(move)
      progress.told = each.entry.position
    }
    progress.told ??= positionOf(newest)
  }
  const tellStandstill = async (context: PublisherContext, progress: Progress): Promise<void> => {
    const { standing, told, stoodAt } = progress
    if (standing === undefined) return
    const at = positionOf(standing.release)
    if (!isSame(told, at) || isSame(stoodAt, at)) return
    const move = await standstillOf(context, standing, signal)
    for (const outlet of outlets) outlet.put(move)
    progress.stoodAt = at
  }
  const read = async (context: PublisherContext, progress: Progress): Promise<void> => {
    const { namespace } = context
    try {
      await readLog(context, progress)
      await tellStandstill(context, progress)
    } catch (thrown) {
      if (signal.aborted) return
      const { code, message } = asNoticeboardError(thrown, 'internal', 'the log could not be read')
      logger.warn('the log cannot be read for the listeners; the controller tries again at its next look', {
        namespace,
        code,
        reason: message,
      })
    }
  }
  const progressOf = (context: PublisherContext, newest: Release): Progress => {
    const known = byNamespace.get(context.namespace)
    if (known !== undefined) return known
    const progress: Progress = {
      newest,
      told: undefined,
      standing: undefined,
      stoodAt: undefined,
      awaited: undefined,
      reading: createSaver(() => read(context, progress)),
    }
    byNamespace.set(context.namespace, progress)
    return progress
  }

  return {
    tell(context, { newest, found }) {
      if (outlets.length === 0 || newest === undefined || signal.aborted) return
      const progress = progressOf(context, newest.release)
      progress.newest = newest.release
      if (found !== undefined) progress.standing = isHeldUp(found) ? found : undefined
      const at = positionOf(newest.release)
      const isNews =
        !isSame(progress.told, at) || (progress.standing !== undefined && !isSame(progress.stoodAt, at))
      if (isNews) progress.reading.soon()
    },
    get counts() {
      return outlets.map(({ counts }) => counts)
    },
    async close(waitMs) {
      const idle = async (): Promise<void> => {
        await Promise.all(Array.from(byNamespace.values(), ({ reading }) => reading.settled()))
        await Promise.all(outlets.map(outlet => outlet.settled()))
      }
      await settlesWithin(idle(), { clock, timeoutMs: waitMs })
      root.abort(new NoticeboardError('closed', 'the controller was closed; create a new one'))
    },
  }
}

/** Whether a policy holds a rollout up; what a person paused was told as that. */
function isHeldUp(found: ControllerFinding): found is Standing {
  if (found.type !== 'stands' || found.action !== 'pause') return false
  const { state } = found.release.rollout
  return state === 'running' || state === 'watching'
}

function isSame(one: Position | undefined, other: Position): boolean {
  return one !== undefined && comparePositions(one, other) === 'same'
}

/**
 * Of names that are given several times, as two webhooks of one host have one, each gets a number.
 */
function numbered(names: readonly string[]): readonly string[] {
  const isShared = (name: string): boolean => names.indexOf(name) !== names.lastIndexOf(name)
  return names.map((name, index) => {
    const before = names.slice(0, index).filter(other => other === name).length
    return isShared(name) ? `${name} (${before + 1})` : name
  })
}
