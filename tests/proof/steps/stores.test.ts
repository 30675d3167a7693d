import { expect } from 'vitest'
import type { Namespace } from '../../../src/contracts/names.js'
import type { Store } from '../../../src/contracts/transport.js'
import { sameBytes } from '../../../src/core/json/text.js'
import { decodeRelease, positionOf } from '../../../src/core/release/release.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { nodeFs } from '../../../src/node/disk/node-fs.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { memoryEngine } from '../../../src/transports/store/memory-engine.js'
import { storeFrom } from '../../../src/transports/store/store-from.js'
import type { StoreEngine } from '../../../src/transports/store/engine.js'
import { atEachStep, meanwhile, type Stage } from '../../support/at-each-step.js'
import {
  closeLater,
  digestOfRelease,
  EPOCH,
  NAMESPACE,
  never,
  publish,
  releaseOf,
  snapshotOf,
  temporaryFolder,
} from '../../support/board-kit.js'
import type { Steps } from '../../support/steps.js'

const TENANT = 'billing/prod'

interface Opened {
  /** The store whose awaits are counted. */
  readonly store: Store
  /** The same board through another store. */
  readonly beside: Store
  readonly clock?: VirtualClock
}

/** Every kind of store that runs in this process; a new one is tried like the others. */
const STORES: Readonly<Record<string, { readonly every: number; open(steps: Steps): Promise<Opened> }>> = {
  'a store over an engine': {
    every: 1,
    async open(steps) {
      const clock = virtualClock()
      const engine = memoryEngine('an engine')
      return {
        clock,
        store: storeFrom(steps.around<StoreEngine>('engine', engine), { system: { clock } }),
        beside: storeFrom(engine, { system: { clock } }),
      }
    },
  },
  'a store over an engine that writes key by key': {
    every: 1,
    async open(steps) {
      const clock = virtualClock()
      const engine: StoreEngine = { ...memoryEngine('an engine'), atomic: 'key' }
      return {
        clock,
        store: storeFrom(steps.around<StoreEngine>('engine', engine), { system: { clock } }),
        beside: storeFrom(engine, { system: { clock } }),
      }
    },
  },
  fileStore: {
    every: 8,
    async open(steps) {
      const folder = await temporaryFolder()
      return {
        store: closeLater(fileStore(folder, { fs: steps.around('disk', nodeFs()) })),
        beside: closeLater(fileStore(folder)),
      }
    },
  },
}

interface Scene extends Stage<unknown> {
  readonly beside: Store
  readonly store: Store
  readonly caller: AbortController
}

const WRITES: Readonly<
  Record<string, (store: Store, signal: AbortSignal, write: Written) => Promise<unknown>>
> = {
  'put()': (store, signal, { snapshot }) => store.put({ namespace: NAMESPACE, ...snapshot }, signal),
  async 'append()'(store, signal, { snapshot, at, bytes }) {
    await store.put({ namespace: NAMESPACE, ...snapshot }, signal)
    return store.append({ namespace: NAMESPACE, at, bytes }, signal)
  },
}

interface Written {
  readonly snapshot: ReturnType<typeof snapshotOf>
  readonly at: { readonly epoch: string; readonly sequence: number }
  readonly bytes: Uint8Array
}

for (const [kind, { every, open }] of Object.entries(STORES))
  for (const [operation, run] of Object.entries(WRITES))
    atEachStep<unknown, Scene>({
      name: `${kind}: ${operation}`,
      leastSteps: 3,
      every,
      async open(steps) {
        const { store, beside, clock } = await open(steps)
        const before = await publish(store, { size: 1 })
        const snapshot = snapshotOf({ size: 2 })
        const at = { epoch: EPOCH, sequence: 2 }
        const written = {
          snapshot,
          at,
          bytes: releaseOf(snapshot, { at, prev: digestOfRelease(before.bytes) }),
        }
        const caller = new AbortController()
        return {
          ...(clock !== undefined && { clock }),
          beside,
          store,
          caller,
          run: () => run(store, caller.signal, written),
          async judge(end, happened) {
            const log = await logOf(beside, NAMESPACE)
            const own = log.some(entry => sameBytes(entry, written.bytes))
            const acknowledged = operation === 'append()' && end.ok && end.result === 'appended'
            if (acknowledged) expect(own).toBe(true)
            if (operation === 'append()' && end.ok && end.result === 'taken') expect(own).toBe(false)
            if (!end.ok) {
              const allowed = happened === "the caller's abort" ? ['closed'] : ['unavailable', 'timeout']
              expect(allowed).toContain((end.error as { code?: string }).code)
            }
            if (end.ok && operation === 'put()') await readable(beside, written)
            // What failed can be done again, which changes nothing twice.
            const again = run(store, never, written)
            if (happened.startsWith('another release') && operation === 'append()')
              expect(await again).toBe(own ? 'appended' : 'taken')
            else await again
            await readable(beside, written)
            const sequences = (await logOf(beside, NAMESPACE)).map(
              bytes => decodeRelease(bytes).release.sequence,
            )
            expect(sequences).toEqual(sequences.map((_, index) => sequences.length - index))
            // Nobody's tenant was touched, and the store takes the next release.
            expect((await publish(store, { size: 9 })).outcome).toBe('appended')
            expect((await publish(beside, { size: 3 }, { namespace: TENANT })).outcome).toBe('appended')
          },
          end() {},
        }
      },
      happenings: {
        'a failure': async (_scene: Scene, place: string) => {
          throw Object.assign(new Error(`told to fail at ${place}`), { code: 'EIO' })
        },
        "the caller's abort": meanwhile(({ caller }: Scene) => caller.abort()),
        'another release of the same board': async ({ beside }: Scene) => publish(beside, { size: 5 }),
        'another release through the same store': meanwhile(({ store }: Scene) =>
          publish(store, { size: 6 }),
        ),
        "another tenant's release": async ({ beside }: Scene) => {
          await publish(beside, { size: 7 }, { namespace: TENANT })
        },
        "another tenant's release through the same store": meanwhile(({ store }: Scene) =>
          publish(store, { size: 7 }, { namespace: TENANT }),
        ),
      },
    })

async function readable(store: Store, { snapshot }: Written): Promise<void> {
  const query = { namespace: NAMESPACE, digest: snapshot.digest, maxSnapshotBytes: 1_000 }
  expect(sameBytes(await store.snapshot(query, never), snapshot.bytes)).toBe(true)
}

async function logOf(store: Store, namespace: Namespace): Promise<readonly Uint8Array[]> {
  const log: Uint8Array[] = []
  for await (const { bytes } of store.history({ namespace }, never)) log.push(bytes)
  for (const bytes of log) positionOf(decodeRelease(bytes).release)
  return log
}
