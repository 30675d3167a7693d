import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Clock } from '../contracts/system.js'
import { createLinkedAbortController, onAbort, type LinkedAbortController } from './signals.js'

/** How long work that was told to stop may take before it is left to itself, in milliseconds. */
export const GRACE_MS = 1_000

/** What ends a piece of work that takes too long. */
export interface DeadlineOptions {
  readonly clock: Clock
  /** The caller's signal; the deadline's aborts with it. Default: none. */
  readonly signal?: AbortSignal | undefined
  /** How long the work may take, in milliseconds. `Infinity` sets no limit. */
  readonly timeoutMs: number
  /**
   * What is waited for; begins the messages of errors: "the release", "etcd http://127.0.0.1:2379".
   */
  readonly what: string
  /** Makes the error of a passed deadline. Default: `timeout`, "… did not answer within … ms". */
  readonly late?: (timeoutMs: number) => NoticeboardError
}

/**
 * A controller whose signal also aborts when time is up. Its reason is always a NoticeboardError:
 * `late` when time is up, `closed` when the caller's signal aborts (or that signal's own reason, if
 * it is a NoticeboardError).
 */
export interface Deadline extends LinkedAbortController {
  /**
   * Starts the time anew, with this length in milliseconds. Does nothing once the deadline is
   * aborted or finished.
   */
  extend(timeoutMs: number): void
}

/**
 * Makes a {@link Deadline}, for work that moves its deadline or that ends later than the function
 * that began it. End it in every case, by `abort` or `finish`: until then it holds a timer and the
 * caller's signal. For anything else, {@link withDeadline} is shorter.
 *
 * ```ts
 * const deadline = createDeadline({ clock, signal, timeoutMs: 10_000, what: 'the history' })
 * try {
 *   for await (const line of linesOf(await open(deadline.signal))) {
 *     deadline.extend(10_000)
 *     yield line
 *   }
 * } finally {
 *   deadline.abort()
 * }
 * ```
 */
export function createDeadline({ clock, signal, timeoutMs, what, late }: DeadlineOptions): Deadline {
  const own = createLinkedAbortController()
  let open = true
  let cancel = (): void => {}
  let forget = (): void => {}

  const stop = (): void => {
    open = false
    cancel()
    forget()
  }
  const abort = (reason?: unknown): void => {
    stop()
    own.abort(reason)
  }
  const extend = (forMs: number): void => {
    if (!open) return
    cancel()
    const overdue = (): void =>
      abort(late?.(forMs) ?? new NoticeboardError('timeout', `${what} did not answer within ${forMs} ms`))
    cancel = Number.isFinite(forMs) ? clock.after(forMs, overdue) : () => {}
  }

  if (signal !== undefined) forget = onAbort(signal, () => abort(closedBy(signal, what)))
  extend(timeoutMs)
  return {
    signal: own.signal,
    abort,
    finish() {
      stop()
      own.finish()
    },
    extend,
  }
}

/**
 * Runs one piece of work under a deadline. When time is up or the caller's signal aborts, the
 * signal that the work was given aborts too, and the work has `graceMs` (default 1,000) to end and
 * clean up; what it brings by then still counts. Work that does not end even then is left behind,
 * so that a transport that hangs cannot hold its caller. Rejects with the reason of the abort (see
 * {@link Deadline}), else as the work does; work whose caller had aborted before is not begun.
 *
 * ```ts
 * const latest = await withDeadline(
 *   { clock, signal, timeoutMs: 10_000, what: transport.name },
 *   own => transport.latest({ namespace }, own),
 * )
 * ```
 */
export async function withDeadline<Result>(
  { graceMs = GRACE_MS, ...options }: DeadlineOptions & { readonly graceMs?: number },
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { clock } = options
  const deadline = createDeadline(options)
  const { signal } = deadline
  let forget = (): void => {}
  let cancel = (): void => {}
  try {
    signal.throwIfAborted()
    return await new Promise<Result>((resolve, reject) => {
      const leave = (): void => reject(signal.reason as NoticeboardError)
      forget = onAbort(signal, () => {
        if (graceMs > 0) cancel = clock.after(graceMs, leave)
        else leave()
      })
      run(signal).then(resolve, (error: unknown) => reject((signal.aborted ? signal.reason : error) as Error))
    })
  } finally {
    forget()
    cancel()
    deadline.abort()
  }
}

/**
 * Waits for some work, and no longer than that: resolves to whether it settled in time, one way or
 * the other. Never rejects and cancels nothing; await the work itself for its result.
 *
 * ```ts
 * const saving = storage.save(state)
 * if (!(await settlesWithin(saving, { clock, timeoutMs: 10_000 }))) logger.warn('the disk is slow')
 * await saving
 * ```
 */
export function settlesWithin(
  work: Promise<unknown>,
  { clock, timeoutMs }: { readonly clock: Clock; readonly timeoutMs: number },
): Promise<boolean> {
  return new Promise(resolve => {
    const cancel = clock.after(timeoutMs, () => resolve(false))
    const settled = (): void => {
      cancel()
      resolve(true)
    }
    work.then(settled, settled)
  })
}

function closedBy({ reason }: AbortSignal, what: string): NoticeboardError {
  return isNoticeboardError(reason)
    ? reason
    : new NoticeboardError('closed', `${what}: the caller aborted the call`, { cause: reason })
}
