import { NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import type { Strategy } from '../contracts/strategy.js'
import type { Clock } from '../contracts/system.js'
import { checkOptions } from '../core/options.js'
import { keepAlive } from '../async/keep-alive.js'
import { settlesWithin } from '../async/deadline.js'
import { abortable } from '../async/signals.js'
import type { Engine } from './engine.js'

/** How long a start may take, and what then. */
export interface ReadyOptions {
  /**
   * How long to wait for the newest release, in milliseconds from the call; 2,000 unless given,
   * `Infinity` waits for ever. The state folder is read in any case, and given a second.
   */
  readonly timeoutMs?: number
  /**
   * What then, or once waiting is in vain, when nothing is kept on disk either: take the defaults (the
   * default when there are any), or reject.
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
  readonly clock: Clock
  readonly vetoRetryMs: number
  readonly defaults?: unknown
}

/**
 * How long a start may take whatever `timeoutMs` says, in milliseconds: so that `timeoutMs: 0` takes
 * what is on disk, and no state folder or validator that hangs holds up whoever waits.
 */
const START_MS = 1_500

/** Resolves once the client has a value that it may start with, as {@link ReadyOptions} say. */
export async function whenReady<Value>(
  engine: Engine<Value>,
  options: ReadyOptions,
  context: ReadyContext,
): Promise<void> {
  checkOptions('ready()', options, { timeoutMs: true, fallbackTo: true, signal: true })
  const { timeoutMs = 2_000, fallbackTo, signal } = options
  const { namespace, strategy, clock } = context
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
  // A first look may be over before the start is.
  const { count } = engine.looks
  // The time begins with the call: what the start takes of it is not there for the network.
  const endMs = clock.monotonic() + timeoutMs
  const leftMs = (): number => Math.max(0, endMs - clock.monotonic())
  const isStarted = await startedWithin(Math.max(timeoutMs, START_MS), engine, { clock, signal })
  if (engine.status === ('closed' as string)) throw closed(namespace)

  const hasValue = (): boolean => engine.status === 'ready' || engine.status === 'stale'
  const mayBe = (ageMs: number): boolean => maxAgeMs === undefined || ageMs <= maxAgeMs
  const fresh = (): boolean => engine.status === 'ready' && mayBe(engine.ageMs)
  /** The newest release was refused here, and is not tried again in time. */
  const isRefused = (): boolean =>
    engine.refusal !== undefined && !engine.working && 0.8 * context.vetoRetryMs >= leftMs()
  // Who is paused or pinned waits for no release, and who refused the newest one for no other.
  if (fresh() || (hasValue() && (engine.paused || (isRefused() && mayBe(engine.heardAgeMs))))) return
  // A strategy that has just been started looks by itself.
  if (maxAgeMs !== undefined && !isFirst) engine.lookNow()

  const hasLooked = (): boolean => engine.looks.count > count
  /** Every way was tried and failed. */
  const isInVain = (): boolean => hasLooked() && engine.looks.error !== undefined && !engine.looks.stillAsking
  // One that was refused before this call may be followed by a better one while it lasts.
  const isOver = (): boolean => isRefused() && hasLooked()
  const mayFallBack = context.defaults !== undefined && fallbackTo !== 'throw'
  /** There is nothing better to wait for than what is at hand. */
  const isEnough = (): boolean => {
    if (hasValue()) return isInVain() || isOver()
    if (isOver()) return true
    if (mayFallBack)
      return (
        !engine.working &&
        hasLooked() &&
        (isInVain() || (engine.looks.error === undefined && engine.looks.nothing !== undefined))
      )
    return !engine.working && isInVain() && (engine.looks.nextAtMs ?? 0) > endMs
  }
  // A program whose first act is to wait for its configuration has nothing else yet that keeps it
  // alive.
  if (isStarted)
    await keepAlive(engine.until(() => fresh() || engine.status === 'closed' || isEnough(), leftMs(), signal))
  if (fresh() || hasValue()) return
  if (engine.status === ('closed' as string)) throw closed(namespace)
  const reason = reasonOf(engine, { timeoutMs, isStarted })
  if (fallbackTo !== 'throw' && engine.adoptDefaults(reason.text)) return
  throw new NoticeboardError('not-ready', `${namespace}: ${reason.text}`, {
    ...(reason.error !== undefined && { cause: reason.error, issues: reason.error.issues }),
  })
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

/** The same, to whether that was in time; a start that takes longer goes on. */
async function startedWithin(
  timeoutMs: number,
  engine: Engine<unknown>,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const starting = started(engine, signal)
  if (Number.isFinite(timeoutMs) && !(await keepAlive(settlesWithin(starting, { clock, timeoutMs })))) {
    // Its failure is for whoever waits for it next.
    starting.catch(() => {})
    return false
  }
  await keepAlive(starting)
  return true
}

/** Why there is no value: what `ready()` says, and what it is due to. */
function reasonOf(
  { looks, refusal }: Engine<unknown>,
  { timeoutMs, isStarted }: { readonly timeoutMs: number; readonly isStarted: boolean },
): { readonly text: string; readonly error?: NoticeboardError } {
  if (refusal !== undefined) return { text: refusal.message, error: refusal }
  const error = looks.error ?? looks.late
  if (error !== undefined) return { text: `no configuration within ${timeoutMs} ms: ${error.message}`, error }
  if (looks.nothing?.why !== undefined)
    return { text: `no configuration: ${looks.nothing.why.message}`, error: looks.nothing.why }
  if (looks.nothing !== undefined)
    return { text: 'nothing was published to this namespace yet; publish a first version, or give defaults' }
  const what = isStarted
    ? 'neither state nor defaults to start with'
    : 'the start has not ended: a schema or validator takes that long for the defaults, or the state folder for its answer'
  return { text: `no configuration within ${timeoutMs} ms, and ${what}` }
}

function closed(namespace: Namespace): NoticeboardError {
  return new NoticeboardError('closed', `${namespace}: this client is closed; create a new one`)
}
