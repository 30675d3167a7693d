import { NoticeboardError } from '../contracts/errors.js'

/** Ends one piece of work, by itself or with its parent. */
export interface LinkedAbort {
  readonly signal: AbortSignal
  /** Ends the work, or says that it is over. Must be called, else the parent keeps a listener. */
  abort(): void
}

/** The reason that is given: one for all, since making an exception for each costs more than everything else here. */
const OVER = new NoticeboardError('closed', 'nobody waits for this any more')

/**
 * A signal that aborts with its parent, which lives for long: calling `abort` takes the listener off it.
 * (`AbortSignal.any` would keep some bytes a call on Node 20.)
 */
export function linkedAbort(parent: AbortSignal): LinkedAbort {
  const own = new AbortController()
  // Taken off by hand: Node 20 holds what `{ signal }` needs for it so weakly that a collection of garbage can lose it, and a parent
  // that lives for long then gathers listeners.
  const abort = (): void => {
    parent.removeEventListener('abort', abort)
    own.abort(OVER)
  }
  if (parent.aborted) abort()
  else parent.addEventListener('abort', abort, { once: true })
  return { signal: own.signal, abort }
}
