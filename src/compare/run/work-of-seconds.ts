import { trimmedMean } from './figures.js'

/**
 * What servers take while nothing happens, in milliseconds of processor time a second: of most of so
 * many seconds, as {@link trimmedMean} has it.
 *
 * ```ts
 * const idleMsPerSecond = await workOfSeconds(30, { workMs: server.processorMs, rest })
 * ```
 */
export async function workOfSeconds(
  seconds: number,
  {
    workMs,
    rest,
  }: {
    /** What they have taken until now, in milliseconds. */
    readonly workMs: () => number
    readonly rest: (ms: number) => Promise<void>
  },
): Promise<number> {
  const found: number[] = []
  for (let turn = 0; turn < seconds; turn += 1) {
    const before = workMs()
    await rest(1_000)
    found.push(workMs() - before)
  }
  return trimmedMean(found)
}
