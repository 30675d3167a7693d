import { describe, expect, test } from 'vitest'
import type { Refusal, SavedState, StateStorage } from '../../../src/contracts/state.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { encodeText } from '../../../src/core/json/text.js'
import { stateFolder } from '../../../src/node/state/state-folder.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { memoryDisk } from '../../proof/fuzz/memory-disk.js'
import { NAMESPACE, snapshotOf } from '../../support/board-kit.js'

const HOUR_MS = 3_600_000
const owner = { tag: '00000000-1-00000000', isGone: () => false }
const EMPTY: SavedState = { good: [], refused: [] }

type Disk = Map<string, Uint8Array | string>
const open = (disk: Disk, clock: VirtualClock): StateStorage => {
  const fs = memoryDisk(disk)
  // Files of this disk are as old as they are said to be: all were changed when the clock began.
  return stateFolder('/state', { fs, system: { clock }, owner })
}
const refusal = (document: unknown, build: string, clock: VirtualClock): Refusal => ({
  digest: snapshotOf(document).digest,
  build,
  code: 'invalid-document',
  at: new Date(clock.now()).toISOString(),
})

/** One life of a client: reads all, adds what it learns, and writes. */
async function live(
  storage: StateStorage,
  { namespace, instanceId, learns }: { namespace: string; instanceId: string; learns: readonly Refusal[] },
): Promise<SavedState> {
  const { state } = await storage.load({ namespace })
  const next = { ...state, refused: [...state.refused, ...learns] }
  await storage.save({ namespace, instanceId, state: next })
  return (await storage.load({ namespace })).state
}

/** Two of a thing, each of which has to end as it does alone. */
const pairs = {
  'two namespaces': [
    { namespace: 'checkout/prod', build: 'a' },
    { namespace: 'checkout/test', build: 'a' },
  ],
  'two builds': [
    { namespace: NAMESPACE, build: 'a' },
    { namespace: NAMESPACE, build: 'b' },
  ],
} as const

describe.each(Object.entries(pairs))('%s', (_, pair) => {
  test.each(['one object', 'two objects'])(
    'over %s in one folder remember what each remembers in a folder of its own',
    async objects => {
      const clock = virtualClock()
      const shared: Disk = new Map()
      const first = open(shared, clock)
      const storages = [first, objects === 'one object' ? first : open(shared, clock)]
      const alone = pair.map(() => open(new Map(), clock))
      for (let round = 0; round < 5; round += 1) {
        await clock.advance(2 * HOUR_MS)
        for (const [index, { namespace, build }] of pair.entries()) {
          const learns = [refusal({ of: round }, build, clock)]
          const life = { namespace, instanceId: `life-${index}-${round}`, learns }
          const together = await live(storages[index]!, life)
          const apart = await live(alone[index]!, life)
          const own = (state: SavedState): readonly Refusal[] =>
            state.refused.filter(refused => refused.build === build)
          expect(own(together)).toEqual(own(apart))
        }
      }
    },
  )
})

test('an older process leaves the state of a newer version alone, and the snapshots that it may name', async () => {
  const clock = virtualClock()
  const disk: Disk = new Map()
  const { digest, bytes } = snapshotOf({ size: 1 })
  const newer = `/state/${NAMESPACE}/instances/newer.json`
  disk.set(newer, encodeText(canonicalize({ v: 2, keeps: digest })))
  const snapshot = `/state/${NAMESPACE}/snapshots/${digest}.json`
  disk.set(snapshot, bytes)
  // Long ago by the times of files: what is saved now was changed years after it.
  const fs = { ...memoryDisk(disk) }
  const older = stateFolder('/state', {
    fs: {
      ...fs,
      stat: async path => {
        const facts = await fs.stat(path)
        return facts && { ...facts, changedMs: path.includes('/instances/') ? 10 * HOUR_MS : 0 }
      },
    },
    system: { clock },
    owner,
  })
  for (const instanceId of ['one', 'two']) {
    await clock.advance(2 * HOUR_MS)
    await live(older, { namespace: NAMESPACE, instanceId, learns: [] })
  }
  expect(disk.has(snapshot)).toBe(true)
  expect(disk.has(newer)).toBe(true)
})

test('two clients in one object keep what each has read: nothing is removed that its remover does not know', async () => {
  const clock = virtualClock()
  const disk: Disk = new Map()
  const storage = open(disk, clock)
  const one = await storage.load({ namespace: NAMESPACE })
  // A process of long ago whose file is found only by the second client of this one.
  const learned = refusal({ size: 0 }, 'a', clock)
  await open(disk, clock).save({
    namespace: NAMESPACE,
    instanceId: 'gone',
    state: { ...EMPTY, refused: [learned] },
  })
  await clock.advance(2 * HOUR_MS)
  await storage.load({ namespace: NAMESPACE })
  await storage.save({ namespace: NAMESPACE, instanceId: 'one', state: one.state })
  const { state } = await open(disk, clock).load({ namespace: NAMESPACE })
  expect(state.refused).toEqual([learned])
})
