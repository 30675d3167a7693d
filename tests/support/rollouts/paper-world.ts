import { onTestFinished } from 'vitest'
import { z } from 'zod'
import type { CompleteStore } from '../../../src/contracts/transport.js'
import type { System } from '../../../src/contracts/system.js'
import { createPublisher, everyone, type Publisher } from '../../../src/publisher/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { startPaperFleet, type Effect, type PaperFleet } from './paper-fleet.js'

export const namespace = 'checkout/prod'
export const schema = z.object({ pool: z.number() })
export type Document = z.infer<typeof schema>

export const MINUTE = 60_000
/** How often clients and controllers look: three times in a report period. */
export const LOOK_MS = 10_000
export const PERIODS = { bakeMs: 2 * MINUTE, reportMs: 30_000, watchMs: 10 * MINUTE }

export interface PaperWorldOptions {
  /** Default: 20. */
  readonly clients?: number
  /** What every version after the first does. Default: it works. */
  readonly effect?: Effect | ((clientId: string) => Effect)
}

export interface PaperWorld {
  readonly clock: VirtualClock
  readonly system: Pick<System, 'random' | 'hasher'> & { readonly clock: VirtualClock }
  readonly store: CompleteStore
  readonly publisher: Publisher<Document>
  readonly fleet: PaperFleet
}

/** A fleet that has run version 1 for a while, and nothing that moves a rollout on. */
export async function paperWorld({
  clients = 20,
  effect = 'works',
}: PaperWorldOptions = {}): Promise<PaperWorld> {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const store = memory({ system })
  const publisher = createPublisher({ namespace, schema, store, system })
  const { digest: first } = await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const fleet = startPaperFleet({
    store,
    clock,
    namespace,
    clients,
    lookMs: LOOK_MS,
    effect: (digest, clientId) =>
      digest === first ? 'works' : typeof effect === 'function' ? effect(clientId) : effect,
  })
  onTestFinished(async () => {
    await publisher.close()
    await fleet.close()
  })
  await store.reports({ namespace }, new AbortController().signal)
  await clock.advance(20 * MINUTE)
  return { clock, system, store, publisher, fleet }
}
