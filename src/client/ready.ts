import { NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import type { Strategy } from '../contracts/strategy.js'
import type { Clock } from '../contracts/system.js'
import { checkOptions } from '../core/options.js'
import { keepAlive } from '../async/keep-alive.js'
import { settlesWithin } from '../async/deadline.js'
import { abortable } from '../async/signals.js'
import { MAX_RETRY_AFTER_MS } from '../core/limits.js'
import type { Engine } from './engine.js'
import type { Life } from './life.js'

/** How long a start may take, and what then. */
export interface ReadyOptions {
  /**
   * How long to wait for the newest release, in milliseconds from the call. Default 2,000;
   * `Infinity` waits for ever. The state folder is read in any case: `ready()` waits 1.5 seconds
   * for it where `timeoutMs` is shorter, and it has a second once a release has come.
   */
  readonly timeoutMs?: number
  /**
   * What to do when the time is up, or waiting is in vain, and nothing is kept on disk either: run
   * on the client's `defaults`, or reject. Default: `defaults` where the client has any, else
   * `throw`.
   */
  readonly fallbackTo?: 'defaults' | 'throw'
  /** Ends the waiting: `ready()` rejects with its reason, and the client goes on. Default: none. */
  readonly signal?: AbortSignal
}

/** How long somebody waits for a look. */
export interface RefreshOptions {
  /**
   * Ends the waiting: `refresh()` rejects with its reason, and the client goes on. Default: none.
   */
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
  const hasValue = (): boolean => engine.status === 'ready' || engine.status === 'stale'
  const mayBe = (ageMs: number): boolean => maxAgeMs === undefined || ageMs <= maxAgeMs
  const fresh = (): boolean => engine.status === 'ready' && mayBe(engine.ageMs)
  const isLeft = engine.life.elsewhere
  // What nobody follows between two requests is looked at as on demand, whatever the strategy.
  const maxAgeMs = strategy.maxAgeMs ?? (isLeft ? Math.min(strategy.lookMs, strategy.freshMs) : undefined)
  if (isLeft && (fresh() || (hasValue() && recentFailure(engine.life, clock) !== undefined))) return
  const isFirst = isLeft || engine.status === 'idle'
  const life = engine.here()
  // A first look may be over before the start is.
  const { count } = life.looks
  // The time begins with the call: what the start takes of it is not there for the network.
  const endMs = clock.monotonic() + timeoutMs
  const leftMs = (): number => Math.max(0, endMs - clock.monotonic())
  const isStarted = await startedWithin(Math.max(timeoutMs, START_MS), life, { clock, signal })
  if (engine.status === ('closed' as string)) throw closed(namespace)

  /** The newest release was refused here, and is not tried again in time. */
  const isRefused = (): boolean =>
    life.refusal !== undefined && !life.working && 0.8 * context.vetoRetryMs >= leftMs()
  // Who is paused or pinned waits for no release, and who refused the newest one for no other.
  if (fresh() || (hasValue() && (life.paused || (isRefused() && mayBe(engine.heardAgeMs))))) return
  // A strategy that has just been started looks by itself.
  if (maxAgeMs !== undefined && !isFirst) life.lookNow()

  const hasLooked = (): boolean => life.looks.count > count
  /** Every way was tried and failed. */
  const isInVain = (): boolean => hasLooked() && life.looks.error !== undefined && !life.looks.stillAsking
  // One that was refused before this call may be followed by a better one while it lasts.
  const isOver = (): boolean => isRefused() && hasLooked()
  /** The transport answered, and has nothing. */
  const isNothing = (): boolean =>
    hasLooked() && life.looks.error === undefined && life.looks.nothing !== undefined
  const mayFallBack = context.defaults !== undefined && fallbackTo !== 'throw'
  /** There is nothing better to wait for than what is at hand. */
  const isEnough = (): boolean => {
    if (hasValue()) return isInVain() || isOver()
    if (isOver()) return true
    if (life.working || !(isInVain() || isNothing())) return false
    return mayFallBack || (life.looks.nextAtMs ?? 0) > endMs
  }
  // A program whose first act is to wait for its configuration has nothing else yet that keeps it
  // alive.
  if (isStarted)
    await keepAlive(life.until(() => fresh() || engine.status === 'closed' || isEnough(), leftMs(), signal))
  if (fresh() || hasValue()) return
  if (engine.status === ('closed' as string)) throw closed(namespace)
  const hasDefaults = context.defaults !== undefined
  const reason = reasonOf(life, { timeoutMs, isStarted, isEarly: leftMs() > 0, strategy, hasDefaults })
  if (fallbackTo !== 'throw' && engine.adoptDefaults(reason.text)) return
  throw new NoticeboardError('not-ready', `${namespace}: ${reason.text}`, {
    ...(reason.error !== undefined && { cause: reason.error, issues: reason.error.issues }),
  })
}

/**
 * How long after a failed look no other request makes one, in milliseconds: a server that is down is
 * not asked by each.
 */
const QUIET_MS = 1_000

/** Why a look failed that another request made just now, or that was told to come back later. */
function recentFailure({ looks: { error, endedAtMs } }: Life, clock: Clock): NoticeboardError | undefined {
  if (error === undefined || endedAtMs === undefined) return undefined
  const quietMs = Math.min(Math.max(error.retryAfterMs ?? 0, QUIET_MS), MAX_RETRY_AFTER_MS)
  return clock.monotonic() - endedAtMs < quietMs ? error : undefined
}

/**
 * How long the look with which a client begins may take before a `refresh()` makes another beside
 * it, in milliseconds.
 */
const FIRST_LOOK_MS = 1_000

/**
 * Looks now and resolves when what was found is in force; rejects with the error of a look that
 * failed.
 */
export async function whenRefreshed<Value>(
  engine: Engine<Value>,
  options: RefreshOptions,
  { clock }: Pick<ReadyContext, 'clock'>,
): Promise<void> {
  checkOptions('refresh()', options, { signal: true })
  const { signal } = options
  const gone = new NoticeboardError('closed', 'this client is closed')
  if (engine.status === 'closed') throw gone
  const isLeft = engine.life.elsewhere
  const failure = isLeft ? recentFailure(engine.life, clock) : undefined
  if (failure !== undefined) throw failure
  const isFirst = isLeft || engine.status === 'idle'
  const life = engine.here()
  const { looks } = life
  let { count } = looks
  await started(life, signal)
  if (engine.status === ('closed' as string)) throw gone

  const looked = (): boolean => looks.count > count
  const ended = (): boolean =>
    engine.status === 'closed' || (looked() && (looks.error !== undefined || !life.working))
  const settled = (): boolean => ended() && (isLeft || looks.error === undefined || !looks.stillAsking)
  // A life that begins looks by itself; a stream that keeps it waiting is asked beside.
  if (isFirst) await keepAlive(life.until(settled, isLeft ? Number.POSITIVE_INFINITY : FIRST_LOOK_MS, signal))
  else count = looks.count
  if (!ended()) {
    life.lookNow()
    await keepAlive(life.until(ended, Number.POSITIVE_INFINITY, signal))
  }
  if (engine.status === ('closed' as string)) throw gone
  if (looks.error !== undefined) throw looks.error
}

/**
 * Resolves when the client has started; rejects with the signal's reason when that aborts before.
 */
async function started(life: Life, signal: AbortSignal | undefined): Promise<void> {
  signal?.throwIfAborted()
  const starting = life.start()
  await (signal === undefined ? starting : abortable(starting, signal))
  signal?.throwIfAborted()
}

/** The same, to whether that was in time; a start that takes longer goes on. */
async function startedWithin(
  timeoutMs: number,
  life: Life,
  { clock, signal }: { readonly clock: Clock; readonly signal: AbortSignal | undefined },
): Promise<boolean> {
  const starting = started(life, signal)
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
  { looks, refusal, working }: Life,
  {
    timeoutMs,
    isStarted,
    isEarly,
    strategy,
    hasDefaults,
  }: {
    readonly timeoutMs: number
    readonly isStarted: boolean
    readonly isEarly: boolean
    readonly strategy: Strategy
    readonly hasDefaults: boolean
  },
): { readonly text: string; readonly error?: NoticeboardError } {
  if (refusal !== undefined) return { text: refusal.message, error: refusal }
  const error = looks.error ?? looks.late
  const none = isEarly ? 'no configuration' : `no configuration within ${timeoutMs} ms`
  if (error !== undefined) return { text: `${none}: ${error.message}`, error }
  if (looks.nothing?.why !== undefined)
    return { text: `no configuration: ${looks.nothing.why.message}`, error: looks.nothing.why }
  if (looks.nothing !== undefined)
    return {
      text: `nothing was published to this namespace yet; publish a first version${hasDefaults ? '' : ', or give defaults'}`,
    }
  // On a busy machine time is up before the strategy can say why nothing came.
  if (isStarted && looks.count === 0)
    return {
      text:
        strategy.stream === undefined
          ? `${none}: no answer arrived yet`
          : `${none}: no answer arrived yet, and the stream is silent or not open; a proxy may buffer it (nginx: set proxy_buffering off)`,
    }
  const what = isStarted
    ? working
      ? 'the newest document is still being fetched or checked'
      : 'no document arrived that could run'
    : 'the start has not ended: the schema or a validator still checks the defaults, or the state folder does not answer'
  return { text: `${none}, and ${what}` }
}

function closed(namespace: Namespace): NoticeboardError {
  return new NoticeboardError('closed', `${namespace}: this client is closed; create a new one`)
}
