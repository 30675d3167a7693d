/** How many are under way at once. */
const AT_ONCE = 8

/**
 * Does something so many times, some at once; no further one is begun once the signal has aborted.
 *
 * ```ts
 * await manyTimes(600, () => transport.latest({ namespace }, signal), signal)
 * ```
 */
export async function manyTimes(
  times: number,
  act: () => Promise<unknown>,
  signal: AbortSignal,
): Promise<void> {
  let left = times
  const worker = async (): Promise<void> => {
    while (left > 0) {
      left -= 1
      signal.throwIfAborted()
      await act()
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
}
