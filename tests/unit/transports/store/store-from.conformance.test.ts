import { storeCases, type OpenedStore } from '../../../../src/testing/conformance/index.js'
import { memoryEngine } from '../../../../src/transports/store/memory-engine.js'
import type { Batch, EngineNews, StoreEngine } from '../../../../src/transports/store/engine.js'
import { namespaceOf } from '../../../../src/transports/store/keys.js'
import { storeFrom } from '../../../../src/transports/store/store-from.js'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import { runCases } from '../../../support/run-cases.js'

/** An engine like one that stands somewhere else, and what may happen to its connection. */
interface Remote {
  readonly engine: StoreEngine
  cut(): void
  heal(): void
  freeze(): void
  thaw(): void
  silence(): void
}

function remote(atomic: StoreEngine['atomic'], inner: StoreEngine): Remote {
  const links = new Set<() => void>()
  let [lost, silenced] = [false, 0]
  let thawed = Promise.resolve()
  let thaw = (): void => {}
  const reached = async <T>(answer: () => Promise<T>): Promise<T> => {
    // As a driver that takes no signal: only whoever called it can stop waiting.
    await thawed
    if (lost) throw new Error('connect ECONNREFUSED')
    return answer()
  }
  return {
    cut() {
      lost = true
      for (const cut of links) cut()
    },
    heal() {
      lost = false
    },
    freeze() {
      thawed = new Promise(resolve => (thaw = resolve))
    },
    thaw: () => thaw(),
    silence() {
      silenced += 1
    },
    engine: {
      ...inner,
      atomic,
      read: (keys, signal) => reached(() => inner.read(keys, signal)),
      list: (page, signal) => reached(() => inner.list(page, signal)),
      async write(batch, signal) {
        assertBatch(batch, atomic)
        return reached(() => inner.write(batch, signal))
      },
      async *listen(signal): AsyncGenerator<EngineNews> {
        await reached(async () => {})
        const own = new AbortController()
        const cut = (): void => own.abort()
        const before = silenced
        signal.addEventListener('abort', cut)
        links.add(cut)
        try {
          for await (const news of inner.listen?.(own.signal) ?? []) if (silenced === before) yield news
          if (!signal.aborted) throw new Error('read ECONNRESET')
        } finally {
          links.delete(cut)
          signal.removeEventListener('abort', cut)
        }
      },
    },
  }
}

/** What an engine may rely on. */
function assertBatch({ if: conditions, put, remove }: Batch, atomic: StoreEngine['atomic']): void {
  const written = [...put.map(({ key }) => key), ...remove]
  const named = [...conditions.map(({ key }) => key), ...written]
  const refuse = (problem: string): never => {
    throw new NoticeboardError('internal', problem)
  }
  for (const key of named) {
    if (!/^[A-Za-z0-9._/=-]{1,350}$/.test(key)) refuse(`a key of other characters: ${key}`)
  }
  if (new Set(written).size !== written.length) refuse('a key is written twice')
  const asked = conditions.map(({ key }) => key)
  if (new Set(asked).size !== asked.length) refuse('a key has two conditions')
  if (new Set(named.map(namespaceOf)).size > 1) refuse('a batch of several namespaces')
  if (conditions.length > 100 || written.length > 100) refuse('a batch of more than 100')
  if (atomic === 'key' && new Set(named).size > 1) refuse('a batch of several keys')
}

for (const atomic of ['batch', 'key'] as const) {
  const open = async (): Promise<OpenedStore> => {
    const inner = memoryEngine('remote')
    const far = remote(atomic, inner)
    const settings = { checkIntervalMs: 40, timeoutMs: 2_000 }
    return {
      store: storeFrom(far.engine, settings),
      another: async () => storeFrom(far.engine, settings),
      reopen: async () => storeFrom(far.engine, settings),
      silence: async () => far.silence(),
      async cut() {
        far.cut()
        return { heal: async () => far.heal() }
      },
      async freeze() {
        far.freeze()
        return { thaw: async () => far.thaw() }
      },
      async damage({ namespace, digest }) {
        const key = `board/snapshots/${namespace}=/${digest}`
        await inner.write(
          { if: [], put: [{ key, value: new Uint8Array([123]) }], remove: [] },
          new AbortController().signal,
        )
      },
      close: async () => {},
    }
  }
  runCases(
    `storeFrom() over an engine of atomic: '${atomic}'`,
    storeCases(open, {
      without: {
        stranger: 'who may write is for the engine to say',
        marks: 'it sends none; strategies ask by themselves',
        ...(atomic === 'key' && { remove: 'it cannot look at the newest release in the same step' }),
      },
    }),
  )
}

runCases(
  'storeFrom() over an engine that does not notify',
  storeCases(
    () => {
      const { listen: _, ...engine } = memoryEngine('mute')
      return { store: storeFrom(engine, { checkIntervalMs: 20 }), close: async () => {} }
    },
    {
      without: {
        cut: 'there is no connection to lose',
        freeze: 'nothing goes silent within a process',
        silence: 'it never notifies',
        another: 'there is one memory',
        reopen: 'what it holds ends with the process',
        damage: 'nobody else reaches its memory',
        stranger: 'who holds the object may write',
        marks: 'it sends none; strategies ask by themselves',
      },
    },
  ),
)
