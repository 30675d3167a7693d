import type { Clock } from '../contracts/ports.js'
import type { Release } from '../core/release.js'
import type { FleetClock } from './fleet-clock.js'

/** The longest single wait: marks may tell a better time meanwhile, so it is looked at again. */
const STEP_MS = 1_000

/** Waits until a release may be committed, by the fleet's time; at once when it names no time or the time has passed. */
export async function waitForActivation(
  { activateAt }: Release,
  { clock, fleetClock, onWait }: { readonly clock: Clock; readonly fleetClock: FleetClock; readonly onWait: () => void },
  signal: AbortSignal,
): Promise<void> {
  if (activateAt === undefined) return
  const at = Date.parse(activateAt)
  if (fleetClock.now() >= at) return
  onWait()
  while (fleetClock.now() < at && !signal.aborted) await clock.sleep(Math.min(at - fleetClock.now(), STEP_MS), signal)
}
