import type { Clock } from '../../contracts/system.js'
import type { Release } from '../../core/release/release.js'
import type { FleetClock } from '../receive/fleet-clock.js'

/** The longest single wait: marks may tell a better time meanwhile, so it is looked at again. */
const STEP_MS = 1_000

/**
 * Waits until a release may be committed, by the fleet's time; at once when it names no time or the
 * time has passed. Never longer than from `issuedAt` to `activateAt`: a client whose clock is slow
 * and who hears no marks must not stay staged for hours.
 */
export async function waitForActivation(
  { activateAt, issuedAt }: Release,
  {
    clock,
    fleetClock,
    onWait,
  }: { readonly clock: Clock; readonly fleetClock: FleetClock; readonly onWait: () => void },
  signal: AbortSignal,
): Promise<void> {
  if (activateAt === undefined) return
  const at = Date.parse(activateAt)
  if (fleetClock.now() >= at) return
  onWait()
  const latest = clock.monotonic() + Math.max(0, at - Date.parse(issuedAt))
  for (;;) {
    const leftMs = Math.min(at - fleetClock.now(), latest - clock.monotonic())
    if (leftMs <= 0 || signal.aborted) return
    await clock.sleep(Math.min(Math.ceil(leftMs), STEP_MS), signal)
  }
}
