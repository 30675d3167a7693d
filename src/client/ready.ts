import { NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import type { Strategy } from '../contracts/strategy.js'
import { checkOptions } from '../core/options.js'
import { keepAlive } from '../async/keep-alive.js'
import { abortable } from '../async/signals.js'
import type { Engine } from './engine.js'

/** How long a start may take, and what then. */
export interface ReadyOptions {
  /**
   * How long to wait for the newest release, in milliseconds; 2,000 unless given, `Infinity` waits
   * for ever.
   */
  readonly timeoutMs?: number
  /**
   * What then, when nothing is kept on disk either: take the defaults (the default when there are
   * any), or reject.
   */
  readonly fallbackTo?: 'defaults' | 'throw'
  /** Ends the waiting: `ready()` rejects with its reason, and the client goes on. */
  readonly signal?: AbortSignal
}

/** How long somebody waits for a look. */
export interface RefreshOptions {
  /** Ends the waiting: `refresh()` rejects with its reason, and the client goes on. */
  readonly signal?: AbortSignal
}

interface ReadyContext {
  readonly namespace: Namespace
  readonly strategy: Strategy
  readonly defaults?: unknown
}

/** Resolves once the client has a value that it may start with, as {@link ReadyOptions} say. */
export async function whenReady<Value>(
  engine: Engine<Value>,
  options: ReadyOptions,
  context: ReadyContext,
): Promise<void> {
  checkOptions('ready()', options, { timeoutMs: true, fallbackTo: true, signal: true })
  const { timeoutMs = 2_000, fallbackTo, signal } = options
  const { namespace, strategy } = context
  if (!(timeoutMs >= 0))
    throw new NoticeboardError(
      'invalid-option',
      'ready: timeoutMs must be a number of milliseconds, 0 or more',
    )
  if (fallbackTo === 'defaults' && context.defaults === undefined) {
    throw new NoticeboardError(
      'invalid-option',
      "ready: { fallbackTo: 'defaults' } needs the option defaults",
    )
  }
  if (engine.status === 'closed') throw closed(namespace)
  const { maxAgeMs } = strategy
  const isFirst = engine.status === 'idle'
  await started(engine, signal)
  if (engine.status === ('closed' as string)) throw closed(namespace)

  const fresh = (): boolean =>
    engine.status === 'ready' && (maxAgeMs === undefined || engine.ageMs <= maxAgeMs)
  const hasValue = (): boolean => engine.status === 'ready' || engine.status === 'stale'
  // Who is paused or pinned waits for no release.
  if (fresh() || (engine.paused && hasValue())) return
  // A strategy that has just been started looks by itself.
  if (maxAgeMs !== undefined && !isFirst) engine.lookNow()

  const { count } = engine.looks
  const lookedInVain = (): boolean => engine.looks.count > count && engine.looks.error !== undefined
  // A program whose first act is to wait for its configuration has nothing else yet that keeps it
  // alive.
  await keepAlive(
    engine.until(
      () => fresh() || engine.status === 'closed' || (lookedInVain() && hasValue()),
      timeoutMs,
      signal,
    ),
  )
  if (fresh() || hasValue()) return
  if (engine.status === ('closed' as string)) throw closed(namespace)
  if (fallbackTo !== 'throw' && engine.adoptDefaults()) return
  throw notReady(engine, namespace, timeoutMs)
}

/**
 * Looks now and resolves when what was found is in force; rejects with the error of a look that
 * failed.
 */
export async function whenRefreshed<Value>(engine: Engine<Value>, options: RefreshOptions): Promise<void> {
  checkOptions('refresh()', options, { signal: true })
  const { signal } = options
  const gone = new NoticeboardError('closed', 'this client is closed')
  if (engine.status === 'closed') throw gone
  await started(engine, signal)
  if (engine.status === ('closed' as string)) throw gone

  const { count } = engine.looks
  const looked = (): boolean => engine.looks.count > count
  const ended = (): boolean =>
    engine.status === 'closed' || (looked() && (engine.looks.error !== undefined || !engine.working))
  engine.lookNow()
  await keepAlive(engine.until(ended, Number.POSITIVE_INFINITY, signal))
  if (engine.status === ('closed' as string)) throw gone
  if (engine.looks.error !== undefined) throw engine.looks.error
}

/**
 * Resolves when the client has started; rejects with the signal's reason when that aborts before.
 */
async function started(engine: Engine<unknown>, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  const starting = engine.start()
  await (signal === undefined ? starting : abortable(starting, signal))
  signal?.throwIfAborted()
}

function notReady<Value>(engine: Engine<Value>, namespace: Namespace, timeoutMs: number): NoticeboardError {
  if (engine.looks.error !== undefined) {
    return new NoticeboardError(
      'not-ready',
      `${namespace}: no configuration within ${timeoutMs} ms: ${engine.looks.error.message}`,
      { cause: engine.looks.error },
    )
  }
  if (engine.looks.nothingPublished) {
    return new NoticeboardError(
      'not-ready',
      `${namespace}: nothing was published to this namespace yet; publish a first version, or give defaults`,
    )
  }
  return new NoticeboardError(
    'not-ready',
    `${namespace}: no configuration within ${timeoutMs} ms, and neither state nor defaults to start with`,
  )
}

function closed(namespace: Namespace): NoticeboardError {
  return new NoticeboardError('closed', `${namespace}: this client is closed; create a new one`)
}
