import { NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import type { Clock } from '../contracts/ports.js'
import type { Strategy } from '../contracts/strategy.js'
import { awake } from '../ports/awake.js'
import type { Engine, Step } from './engine.js'

/** How long a start may take, and what then. */
export interface ReadyOptions {
  /** How long to wait for the newest release, in milliseconds; 2,000 unless given, `Infinity` waits for ever. */
  readonly timeoutMs?: number
  /** What then, when nothing is kept on disk either: take the defaults (the default when there are any), or reject. */
  readonly fallbackTo?: 'defaults' | 'throw'
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
  { timeoutMs: within = 2_000, fallbackTo: or }: ReadyOptions,
  context: ReadyContext,
): Promise<void> {
  const { namespace, clock, strategy } = context
  if (!(within >= 0))
    throw new NoticeboardError(
      'invalid-option',
      'ready: timeoutMs must be a number of milliseconds, 0 or more',
    )
  if (or === 'defaults' && context.defaults === undefined) {
    throw new NoticeboardError(
      'invalid-option',
      "ready: { fallbackTo: 'defaults' } needs the option defaults",
    )
  }
  if (engine.status === 'closed') throw closed(namespace)
  const { maxAgeMs } = strategy
  const started = engine.status !== 'idle'
  await engine.start()
  if (engine.status === ('closed' as string)) throw closed(namespace)

  const fresh = (): boolean =>
    engine.status === 'ready' && (maxAgeMs === undefined || engine.freshness.ageMs() <= maxAgeMs)
  const hasValue = (): boolean => engine.status === 'ready' || engine.status === 'stale'
  // Who is paused or pinned waits for no release.
  if (fresh() || (engine.paused && hasValue())) return
  // A strategy that has just been started looks by itself.
  if (maxAgeMs !== undefined && started) engine.ring()

  // A program whose first act is to wait for its configuration has nothing else yet that keeps it alive.
  await awake(
    until(
      engine,
      clock,
      within,
      step =>
        fresh() ||
        engine.status === 'closed' ||
        (step.type === 'looked' && step.error !== undefined && hasValue()),
    ),
  )
  if (fresh() || hasValue()) return
  if (engine.status === ('closed' as string)) throw closed(namespace)
  if (or !== 'throw' && engine.adoptDefaults()) return
  throw notReady(engine, namespace, within)
}

/** Looks now and resolves when what was found is in force; rejects with the error of a look that failed. */
export async function whenRefreshed<Value>(engine: Engine<Value>): Promise<void> {
  const gone = new NoticeboardError('closed', 'this client is closed')
  if (engine.status === 'closed') throw gone
  await engine.start()
  if (engine.status === ('closed' as string)) throw gone
  let error: NoticeboardError | undefined
  let looked = false
  const done = new Promise<void>(resolve => {
    const off = engine.onStep(step => {
      if (step.type === 'looked') {
        looked = true
        error = step.error
      }
      if (step.type === 'closed') error = gone
      if (error === undefined && (!looked || engine.working)) return
      off()
      resolve()
    })
    engine.ring()
  })
  await awake(done)
  if (error !== undefined) throw error
}

/** Resolves when a step satisfies the condition, or after the delay. */
function until<Value>(
  engine: Engine<Value>,
  clock: Clock,
  delayMs: number,
  condition: (step: Step) => boolean,
): Promise<void> {
  return new Promise(resolve => {
    const done = (): void => {
      cancel()
      off()
      resolve()
    }
    const off = engine.onStep(step => {
      if (condition(step)) done()
    })
    const cancel = Number.isFinite(delayMs) ? clock.after(delayMs, done) : () => {}
  })
}

function notReady<Value>(engine: Engine<Value>, namespace: Namespace, within: number): NoticeboardError {
  if (engine.trouble !== undefined) {
    return new NoticeboardError(
      'not-ready',
      `${namespace}: no configuration within ${within} ms: ${engine.trouble.message}`,
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
    `${namespace}: no configuration within ${within} ms, and neither state nor defaults to start with`,
  )
}

function closed(namespace: Namespace): NoticeboardError {
  return new NoticeboardError('closed', `${namespace}: this client is closed; create a new one`)
}
