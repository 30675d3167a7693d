/** A place for one item: a newer one replaces one that was not taken yet, so nobody ever works on a backlog. */
export interface Mailbox<Item> {
  put(item: Item): void
  /** The next item; undefined once the signal aborts. */
  take(signal: AbortSignal): Promise<Item | undefined>
  /** Whether something waits to be taken. */
  readonly full: boolean
}

/** Makes a {@link Mailbox} for one taker. */
export function createMailbox<Item>(): Mailbox<Item> {
  let waiting: { readonly item: Item } | undefined
  let wake: (() => void) | undefined

  const arrival = (signal: AbortSignal): Promise<void> =>
    new Promise(resolve => {
      const end = (): void => {
        wake = undefined
        signal.removeEventListener('abort', end)
        resolve()
      }
      wake = end
      signal.addEventListener('abort', end)
    })

  return {
    put(item) {
      waiting = { item }
      wake?.()
    },
    get full() {
      return waiting !== undefined
    },
    async take(signal) {
      if (waiting === undefined && !signal.aborted) await arrival(signal)
      if (signal.aborted || waiting === undefined) return undefined
      const { item } = waiting
      waiting = undefined
      return item
    },
  }
}
