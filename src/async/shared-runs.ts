/**
 * Runs something once for all who ask for it meanwhile, by a key; whoever asks after its end,
 * however it ended, has it run anew.
 *
 * ```ts
 * const load = createSharedRuns<string, Uint8Array>()
 * const [one, other] = await Promise.all([load('a', fetchIt), load('a', fetchIt)]) // fetched once
 * ```
 */
export function createSharedRuns<Key, Result>(): (key: Key, run: () => Promise<Result>) => Promise<Result> {
  const running = new Map<Key, Promise<Result>>()
  return (key, run) => {
    const found = running.get(key)
    if (found !== undefined) return found
    const mine = run().finally(() => running.delete(key))
    running.set(key, mine)
    return mine
  }
}
