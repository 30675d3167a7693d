import type { Position } from '../../../src/contracts/position.js'
import type { SimProcess } from '../../../src/sim/process.js'
import type { AppliedEvent } from './truth.js'
import { mustNotSay } from './values.js'
import type { World } from './world.js'

/** Nobody asks in a loop: that many requests in ten seconds are one. */
const MOST_REQUESTS = 80

/** Called with each request of a process. */
export function requestRate({ truth, clock }: World, own: SimProcess): () => void {
  let [window, count] = [-1, 0]
  return () => {
    const now = Math.floor(clock.monotonic() / 10_000)
    if (now !== window) [window, count] = [now, 0]
    count += 1
    if (count !== MOST_REQUESTS) return
    truth.violate('nobody-asks-in-a-loop', `${own.name} made ${count} requests within ten seconds`)
    // The history would take minutes, and there is nothing more to learn.
    own.kill()
  }
}

/** A report says what a client committed, nothing that it only received, and no value. */
export function checkReports(
  world: World,
  own: SimProcess,
  who: Pick<AppliedEvent, 'client' | 'identity'>,
  body: unknown,
): void {
  if (!own.alive || !(typeof body === 'string' || body instanceof Uint8Array)) return
  const text = typeof body === 'string' ? body : new TextDecoder().decode(body)
  const { reports = [] } = JSON.parse(text) as { reports?: { applied?: Position }[] }
  mustNotSay(world, `a report of ${own.name}`, reports)
  for (const { applied } of reports)
    if (applied !== undefined) world.truth.reported({ ...who, position: applied })
}
