import type { Clock } from '../contracts/system.js'

/** How long something that was told to stop may take before it is left to itself. */
export const GRACE_MS = 1_000

/** Waits for work that was told to stop, whether it ends well or not, and no longer than the grace. */
export async function settled(work: Promise<unknown>, clock: Clock): Promise<void> {
  await new Promise<void>(resolve => {
    const cancel = clock.after(GRACE_MS, resolve)
    const done = (): void => {
      cancel()
      resolve()
    }
    work.then(done, done)
  })
}
