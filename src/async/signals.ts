import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'

/**
 * Whether a signal belongs to another request than the caller's. On Cloudflare Workers, what was
 * made in one request cannot be used in another, and reading a signal there throws; elsewhere none
 * belongs to a request.
 *
 * ```ts
 * if (isElsewhere(stream.signal)) stream = open()
 * ```
 */
export function isElsewhere(signal: AbortSignal): boolean {
  try {
    return typeof signal.aborted !== 'boolean'
  } catch {
    // "Cannot perform I/O on behalf of a different request": the only error that this can be.
    return true
  }
}

/**
 * The callbacks of each signal, by what takes them back, so that one function may be registered
 * twice. The signal itself carries one listener, however many these are.
 */
const callbacksOf = new WeakMap<AbortSignal, Map<() => void, () => void>>()

/**
 * Calls back once when the signal aborts, at once when it already has; returns a function that
 * takes the callback back. A program may pass one long-lived signal to any number of concurrent
 * calls, and Node warns of the eleventh listener on a signal, so all callbacks share one listener,
 * which goes with the last of them. A callback that throws does not keep the others from being
 * called; its error is uncaught, as with an event listener.
 *
 * ```ts
 * const forget = onAbort(signal, () => socket.destroy())
 * try { await socket.done } finally { forget() }
 * ```
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  if (signal.aborted) {
    callback()
    return () => {}
  }
  const callbacks = callbacksFor(signal)
  if (callbacks.size === 0) signal.addEventListener('abort', callAll)
  const forget = (): void => {
    if (callbacks.delete(forget) && callbacks.size === 0) signal.removeEventListener('abort', callAll)
  }
  callbacks.set(forget, callback)
  return forget
}

function callbacksFor(signal: AbortSignal): Map<() => void, () => void> {
  let callbacks = callbacksOf.get(signal)
  if (callbacks === undefined) callbacksOf.set(signal, (callbacks = new Map()))
  return callbacks
}

function callAll(event: Event): void {
  const signal = event.target as AbortSignal
  signal.removeEventListener('abort', callAll)
  const callbacks = callbacksFor(signal)
  for (const [forget, callback] of callbacks) {
    // Removed one by one: a callback that an earlier one takes back is not called any more.
    callbacks.delete(forget)
    try {
      callback()
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

/**
 * Refuses a call whose signal aborted before it began: throws the signal's reason where that is an
 * error of ours, and `closed` with the reason as its cause where not.
 *
 * ```ts
 * refuseIfAborted(signal)
 * ```
 */
export function refuseIfAborted({ aborted, reason }: AbortSignal): void {
  if (!aborted) return
  if (isNoticeboardError(reason)) throw reason
  throw new NoticeboardError('closed', 'the call was aborted before it began', { cause: reason })
}

/**
 * Resolves when the signal aborts, at once when it already has. For waits that only the signal
 * ends: what waits stays attached to the signal until then.
 *
 * ```ts
 * await whenAborted(interrupted)
 * await server.close()
 * ```
 */
export function whenAborted(signal: AbortSignal): Promise<void> {
  return new Promise(resolve => void onAbort(signal, resolve))
}

/**
 * Waits for some work, but not past the signal's abort, where there is a signal: then rejects with
 * the signal's reason, or with what `reason` makes. The work itself is not cancelled; what it
 * brings later is dropped. Leaves nothing on the signal. The promise must be the work's own: each
 * call stays attached to it until it settles, so a promise that outlives many calls would gather
 * them (as `Promise.race` does).
 *
 * ```ts
 * const chunk = await abortable(reader.read(), signal)
 * ```
 */
export function abortable<Result>(
  work: Promise<Result>,
  signal: AbortSignal | undefined,
  reason: () => unknown = () => signal?.reason,
): Promise<Result> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const forget = onAbort(signal, () => reject(reason() as Error))
    work.then(
      result => {
        forget()
        resolve(result)
      },
      (error: unknown) => {
        forget()
        reject(error as Error)
      },
    )
  })
}

/**
 * A controller for one piece of work, which also aborts with its parents. Its signal settles once:
 * aborted or finished.
 */
export interface LinkedAbortController {
  readonly signal: AbortSignal
  /**
   * Aborts the work; without a reason, with an error of code `closed`. Does nothing once it is
   * aborted or finished.
   */
  abort(reason?: unknown): void
  /** Says that the work is over: the signal will never abort, whatever becomes of the parents. */
  finish(): void
}

/**
 * The reason of work that is over. One for all: making an error for each costs more than everything
 * else here.
 */
const OVER = new NoticeboardError('closed', 'the result is no longer needed')

/**
 * A controller whose signal aborts with the first of its parents, and with that one's reason. End
 * it in every case, by `abort` or `finish`: until then the parents hold on to it.
 * (`AbortSignal.any` leaks some 55 bytes a call on Node 20, and a listener added with `{ signal }`
 * can be forgotten by a garbage collection there.)
 *
 * ```ts
 * const own = createLinkedAbortController(store.signal, caller)
 * try { return await read(own.signal) } finally { own.abort() }
 * ```
 */
export function createLinkedAbortController(
  ...parents: readonly (AbortSignal | undefined)[]
): LinkedAbortController {
  const controller = new AbortController()
  let links: readonly ((() => void) | undefined)[] = []
  let open = true

  const finish = (): void => {
    open = false
    for (const forget of links) forget?.()
    links = []
  }
  const abort = (reason: unknown = OVER): void => {
    if (!open) return
    finish()
    controller.abort(reason)
  }
  links = parents.map(parent => parent && onAbort(parent, () => abort(parent.reason)))
  // A parent had aborted before; what was linked to the others goes again.
  if (!open) finish()
  return { signal: controller.signal, abort, finish }
}
