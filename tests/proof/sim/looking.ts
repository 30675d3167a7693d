import type { Stage } from './faults.js'
import { watchFreshness } from './oracles/freshness.js'
import type { World } from './world.js'

/** How often clients are looked at, in milliseconds. */
const LOOK_MS = 1_000

/** Looks at what clients say of themselves, again and again, until it is stopped. */
export function lookAt({ clock, ...world }: World, stage: Stage): { stop(): void } {
  const { servers, relay, leaf } = stage
  const freshness = stage.clients.map(actor => {
    const { relayed, deep } = actor.plan
    const relays = [...(relayed ? [relay] : []), ...(deep === true && leaf !== undefined ? [leaf] : [])]
    return watchFreshness(
      { clock, ...world },
      {
        actor,
        links: [actor.link, ...relays.map(({ link }) => link)],
        processes: () => [...relays, ...servers].map(({ process }) => process),
        relays: relays.length,
      },
    )
  })
  let cancel = (): void => {}
  const look = (): void => {
    cancel = clock.after(LOOK_MS, look)
    for (const each of freshness) each.look()
    for (const { reports } of stage.clients) reports?.look()
  }
  look()
  return { stop: () => cancel() }
}
