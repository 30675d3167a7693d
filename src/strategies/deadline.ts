import { NoticeboardError } from '../contracts/errors.js'
import type { Session } from '../contracts/strategy.js'
import { linkedAbort } from './linked-abort.js'
import { GRACE_MS } from './settled.js'

/**
 * Runs one request under a deadline. When that passes, or the session ends, the request is aborted and has a moment to
 * clean up; one that does not end even then is left behind, so that a hanging transport cannot hold a client.
 */
export async function withDeadline<T>(
  { clock, signal }: Pick<Session, 'clock' | 'signal'>,
  { timeoutMs, name }: { readonly timeoutMs: number; readonly name: string },
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const own = linkedAbort(signal)
  let cancel = clock.after(timeoutMs, () => own.abort())
  const late = (): NoticeboardError =>
    signal.aborted
      ? new NoticeboardError('closed', 'the client was closed')
      : new NoticeboardError('timeout', `${name} did not answer within ${timeoutMs} ms`)
  let giveUp = (): void => {}
  try {
    return await new Promise<T>((resolve, reject) => {
      giveUp = () => {
        cancel()
        cancel = clock.after(GRACE_MS, () => reject(late()))
      }
      if (own.signal.aborted) giveUp()
      else own.signal.addEventListener('abort', giveUp)
      run(own.signal).then(resolve, (error: unknown) => reject(own.signal.aborted ? late() : error))
    })
  } finally {
    own.signal.removeEventListener('abort', giveUp)
    own.abort()
    cancel()
  }
}
