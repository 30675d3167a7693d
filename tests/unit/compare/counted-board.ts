import { ANY_DOCUMENT, documentOf, NAMESPACE } from '../../../src/compare/board.js'
import { createPublisher, type Publisher } from '../../../src/publisher/index.js'
import { everyone } from '../../../src/rollouts/index.js'
import type { VirtualClock } from '../../../src/sim/index.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'

/** A board in virtual time that counts how often it is asked for the newest release. */
export interface CountedBoard {
  readonly publisher: Publisher
  readonly store: MemoryStore
  readonly asked: () => number
}

/** Publishes a first document, of this seed, to a {@link CountedBoard}. */
export async function countedBoard(clock: VirtualClock, seed: number): Promise<CountedBoard> {
  const store = memory({ system: { clock } })
  const publisher = createPublisher({
    namespace: NAMESPACE,
    schema: ANY_DOCUMENT,
    keepSchema: false,
    store,
    system: { clock },
  })
  await publisher.publish(documentOf(100, seed), { rollout: everyone(), reason: 'a test' })
  let asked = 0
  return {
    publisher,
    store: {
      ...store,
      latest: (query, signal) => {
        asked += 1
        return store.latest(query, signal)
      },
    },
    asked: () => asked,
  }
}
