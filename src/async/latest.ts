import type { Clock } from '../contracts/system.js'
import { createWakeable } from './wakeable.js'

/**
 * Slots between a writer that is never held up and a reader that may be slow: one item a key, and a
 * newer item takes the place of one that was not read yet. So what waits is bounded by the number
 * of keys, and is never out of date.
 */
export interface LatestByKey<Key, Item> {
  /**
   * Puts an item into its key's slot and wakes the reader. It replaces what waits there, and keeps
   * its turn.
   */
  put(key: Key, item: Item): void
  /** What waits in a slot, for a newer item that must be merged with it. */
  peek(key: Key): Item | undefined
  /** Empties a slot: what waits there says nothing any more. */
  drop(key: Key): void
  /** Ends reading with an error, after what waits; of several errors the first counts. */
  fail(error: unknown): void
  /**
   * Takes the next item; undefined when nothing waits. Throws the error of `fail` once all is
   * taken.
   */
  take(): Item | undefined
  /**
   * Resolves when `take` has something to give or to throw, after the delay in milliseconds
   * (`Infinity` for none), or when the signal aborts. For readers that do something at intervals
   * too; `items` is simpler.
   */
  wait(delayMs: number, signal: AbortSignal): Promise<void>
  /**
   * Takes items as they come, for one reader. Ends when the signal aborts; throws the error of
   * `fail`.
   */
  items(signal: AbortSignal): AsyncGenerator<Item, void, undefined>
}

/**
 * Makes {@link LatestByKey} with empty slots.
 *
 * ```ts
 * const heads = createLatestByKey<string, { namespace: string }>(clock)
 * connection.on('head', head => heads.put(head.namespace, head))
 * connection.on('lost', heads.fail)
 * for await (const head of heads.items(signal)) await apply(head)
 * ```
 */
export function createLatestByKey<Key, Item>(clock: Clock): LatestByKey<Key, Item> {
  const slots = new Map<Key, Item>()
  const news = createWakeable(clock)
  let failure: { readonly error: unknown } | undefined

  const take = (): Item | undefined => {
    const [next] = slots
    if (next !== undefined) {
      slots.delete(next[0])
      return next[1]
    }
    if (failure !== undefined) throw failure.error
    return undefined
  }
  const wait = async (delayMs: number, signal: AbortSignal): Promise<void> => {
    if (slots.size > 0 || failure !== undefined) return
    // What woke before is in the slots, or was taken from them.
    news.clear()
    await news.wait(delayMs, signal)
  }

  return {
    put(key, item) {
      slots.set(key, item)
      news.wake()
    },
    peek: key => slots.get(key),
    drop: key => void slots.delete(key),
    fail(error) {
      failure ??= { error }
      news.wake()
    },
    take,
    wait,
    async *items(signal) {
      while (!signal.aborted) {
        const item = take()
        if (item === undefined) await wait(Number.POSITIVE_INFINITY, signal)
        else yield item
      }
    },
  }
}
