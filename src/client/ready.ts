import { NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import type { Clock } from '../contracts/system.js'
import type { Strategy } from '../contracts/strategy.js'
import { checkOptions } from '../core/options.js'
import { abortable, onAbort } from '../async/signals.js'
import { keepAlive } from '../async/keep-alive.js'
import type { Engine, Step } from './apply/engine.js'

/** How long a start may take, and what then. */
export interface ReadyOptions {
  /** How long to wait for the newest release, in milliseconds; 2,000 unless given, `Infinity` waits for ever. */
  readonly timeoutMs?: number
  /** What then, when nothing is kept on disk either: take the defaults (the default when there are any), or reject. */
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
  readonly clock: Clock
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
  const { namespace, clock, strategy } = context
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
  const started = engine.status !== 'idle'
  signal?.throwIfAborted()
  await abortable(engine.start(), signal)
  signal?.throwIfAborted()
  if (engine.status === ('closed' as string)) throw closed(namespace)

  const fresh = (): boolean =>
    engine.status === 'ready' && (maxAgeMs === undefined || engine.freshness.ageMs() <= maxAgeMs)
  const hasValue = (): boolean => engine.status === 'ready' || engine.status === 'stale'
  // Who is paused or pinned waits for no release.
  if (fresh() || (engine.paused && hasValue())) return
  // A strategy that has just been started looks by itself.
  if (maxAgeMs !== undefined && started) engine.ring()

  // A program whose first act is to wait for its configuration has nothing else yet that keeps it alive.
  await keepAlive(
    until(
      engine,
      { clock, delayMs: timeoutMs, signal },
      step =>
        fresh() ||
        engine.status === 'closed' ||
        (step.type === 'looked' && step.error !== undefined && hasValue()),
    ),
  )
  if (fresh() || hasValue()) return
  if (engine.status === ('closed' as string)) throw closed(namespace)
  if (fallbackTo !== 'throw' && engine.adoptDefaults()) return
  throw notReady(engine, namespace, timeoutMs)
}

/** Looks now and resolves when what was found is in force; rejects with the error of a look that failed. */
export async function whenRefreshed<Value>(engine: Engine<Value>, options: RefreshOptions): Promise<void> {
  checkOptions('refresh()', options, { signal: true })
  const { signal } = options
  const gone = new NoticeboardError('closed', 'this client is closed')
  if (engine.status === 'closed') throw gone
  signal?.throwIfAborted()
  await abortable(engine.start(), signal)
  signal?.throwIfAborted()
  if (engine.status === ('closed' as string)) throw gone
  let error: NoticeboardError | undefined
  let looked = false
  const done = untilStep(engine, signal, step => {
    if (step.type === 'looked') {
      looked = true
      error = step.error
    }
    if (step.type === 'closed') error = gone
    return error !== undefined || (looked && !engine.working)
  })
  engine.ring()
  await keepAlive(done)
  if (error !== undefined) throw error
}

/** Resolves when a step satisfies the condition, or after the delay; rejects with the reason of a signal that aborts. */
async function until<Value>(
  engine: Engine<Value>,
  {
    clock,
    delayMs,
    signal,
  }: { readonly clock: Clock; readonly delayMs: number; readonly signal: AbortSignal | undefined },
  condition: (step: Step) => boolean,
): Promise<void> {
  const over = new AbortController()
  const cancel = Number.isFinite(delayMs) ? clock.after(delayMs, () => over.abort()) : () => {}
  const offSignal = signal === undefined ? () => {} : onAbort(signal, () => over.abort(signal.reason))
  try {
    await untilStep(engine, over.signal, condition)
  } catch (error) {
    // The delay is over: what is there counts.
    if (signal?.aborted === true) throw error
  } finally {
    cancel()
    offSignal()
  }
}

/** Resolves when a step satisfies the condition; rejects with the reason of a signal that aborts. */
function untilStep<Value>(
  engine: Engine<Value>,
  signal: AbortSignal | undefined,
  condition: (step: Step) => boolean,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let offSignal = (): void => {}
    const end = (): void => {
      off()
      offSignal()
    }
    const off = engine.onStep(step => {
      if (!condition(step)) return
      end()
      resolve()
    })
    const aborted = (): void => {
      end()
      reject(signal?.reason as Error)
    }
    if (signal !== undefined) offSignal = onAbort(signal, aborted)
  })
}

function notReady<Value>(engine: Engine<Value>, namespace: Namespace, timeoutMs: number): NoticeboardError {
  if (engine.trouble !== undefined) {
    return new NoticeboardError(
      'not-ready',
      `${namespace}: no configuration within ${timeoutMs} ms: ${engine.trouble.message}`,
      { cause: engine.trouble },
    )
  }
  if (engine.nothingPublished) {
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
