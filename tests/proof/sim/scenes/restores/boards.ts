import type { Store } from '../../../../../src/contracts/transport.js'
import { fileStore } from '../../../../../src/node/board/file-store.js'
import { simDisk } from '../../../../../src/sim/disk.js'
import type { SimProcess } from '../../../../../src/sim/process.js'
import { etcd, etcdGateway } from '../../../../../src/transports/etcd/index.js'
import { redis } from '../../../../../src/transports/redis/index.js'
import { storeFrom } from '../../../../../src/transports/store/store-from.js'
import { fakeEtcd } from '../../../../support/engines/fake-etcd.js'
import { fakeRedis } from '../../../../support/engines/fake-redis.js'
import { goingBack } from '../../../../support/going-back.js'
import { boardSystem } from '../../board-system.js'
import type { SceneStage } from '../scene.js'

/**
 * Something that keeps a board, of which a copy can be taken, and put back under whoever uses it.
 */
export interface Board {
  readonly kind: string
  /** A handle of a process, as each has one of its own. */
  open(own: SimProcess): { readonly store: Store; close(): Promise<void> }
  /** Takes a copy, and resolves with what puts it back. */
  copy(): Promise<() => Promise<void>>
  /** Nothing is left. */
  empty(): Promise<void>
}

/** How often a store without notifications is looked at, in milliseconds. */
const POLL_MS = 2_000

const noClose = async (): Promise<void> => {}

/** Draws what keeps the board of a scene. */
export function drawBoard(stage: SceneStage): Board {
  return stage.dice.pick([inFolder, inMemory, inRedis, inEtcd])(stage)
}

function inFolder({ clock, dice }: SceneStage): Board {
  const disk = simDisk(clock, dice)
  return {
    kind: 'a folder',
    open(own) {
      const store = fileStore('/board', {
        fs: disk.mount(own),
        owner: own.owner,
        system: boardSystem(own),
        pollIntervalMs: POLL_MS,
      })
      return { store, close: () => store.close() }
    },
    async copy() {
      const image = disk.copy()
      return async () => disk.restore(image)
    },
    empty: async () => disk.restore(new Map()),
  }
}

function inMemory({ dice }: SceneStage): Board {
  const engine = goingBack()
  const { listen: _listen, ...silent } = engine
  const isSilent = dice.chance(0.5)
  return {
    kind: isSilent ? 'a database that does not notify' : 'a database',
    open: own => ({ store: storeFrom(isSilent ? silent : engine, { system: own.system }), close: noClose }),
    async copy() {
      const copied = await engine.contents()
      return () => engine.putBack(copied)
    },
    empty: () => engine.putBack(new Map()),
  }
}

function inRedis({ clock }: SceneStage): Board {
  const server = fakeRedis(() => clock.now())
  return {
    kind: 'Redis',
    open: own => ({ store: redis(server.client(), { system: own.system }), close: noClose }),
    async copy() {
      const putBack = server.copy()
      return async () => putBack()
    },
    empty: async () => server.flush(),
  }
}

function inEtcd(): Board {
  const server = fakeEtcd()
  return {
    kind: 'etcd',
    open: own => ({
      store: etcd(etcdGateway({ url: 'http://etcd.test:2379', fetch: server.fetch, system: own.system }), {
        system: own.system,
      }),
      close: noClose,
    }),
    async copy() {
      const putBack = server.copy()
      return async () => putBack()
    },
    empty: async () => server.flush(),
  }
}
