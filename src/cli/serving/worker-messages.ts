import type { ErrorCode } from '../../contracts/errors.js'
import type { Channel, FromMember, ToMember } from '../../server/together/messages.js'

/** What a worker tells the process that started it. */
export type FromWorker =
  | FromMember
  | { readonly type: 'serving'; readonly url: string }
  /** It ends, since it cannot serve. With `cannotListen` no other worker could either. */
  | {
      readonly type: 'failed'
      readonly code: ErrorCode
      readonly message: string
      readonly cannotListen: boolean
    }
  | { readonly type: 'measured'; readonly id: number; readonly metrics: readonly object[] }

/** What it is told. */
export type ToWorker =
  | ToMember
  | { readonly type: 'close' }
  | { readonly type: 'measure'; readonly id: number }

/** The names of the environment by which a worker learns where to listen. */
export const PORT_VARIABLE = 'NOTICEBOARD_WORKER_PORT'

/**
 * What both ends of a process's own channel have; `process` and a worker of `node:cluster` are
 * such.
 */
export interface Wired {
  send?(message: unknown, done: (error: Error | null) => void): unknown
  on(event: 'message', listener: (message: unknown) => void): unknown
  off(event: 'message', listener: (message: unknown) => void): unknown
}

/**
 * A channel over what Node gives processes to talk by. What cannot be sent any more is dropped: its
 * process is gone.
 */
export function channelOver<Sent extends object, Received>(wired: Wired): Channel<Sent, Received> {
  return {
    send: message =>
      new Promise(resolve => {
        try {
          wired.send?.(message, () => resolve())
          if (wired.send === undefined) resolve()
        } catch {
          // The channel is closed.
          resolve()
        }
      }),
    listen(listener) {
      // Node's own messages have another form, and do not come here.
      const hear = (message: unknown): void => listener(message as Received)
      wired.on('message', hear)
      return () => void wired.off('message', hear)
    },
  }
}
