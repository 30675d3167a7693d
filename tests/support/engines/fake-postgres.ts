import { decodeBase64, encodeBase64 } from '../../../src/core/json/base64.js'
import type { Condition, StoreEngine } from '../../../src/transports/store/engine.js'
import { memoryEngine } from '../../../src/transports/store/memory-engine.js'
import type {
  PgClient,
  PgNotification,
  PgPool,
  PostgresSql,
} from '../../../src/transports/postgres/driver.js'
import type { Steps } from '../steps.js'

/** The statements that the engine sends, told by how they begin, over an engine in memory. */
export interface FakePostgres {
  /** As the package `pg` has it. */
  pool(steps?: Steps): PgPool
  client(steps?: Steps): PgClient
  /** As the package `postgres` has it. */
  sql(steps?: Steps): PostgresSql
  /**
   * How many connections were taken from the pool and not given back, and how many listeners there
   * are.
   */
  readonly subscriptions: number
}

type Rows = readonly Readonly<Record<string, string>>[]

interface WrittenBatch {
  readonly if: readonly Condition[]
  readonly put: readonly { readonly key: string; readonly value: string; readonly ms?: number }[]
  readonly remove: readonly string[]
}

const never = new AbortController().signal

/** Makes a PostgreSQL in this process that loses nothing. */
export function fakePostgres(nowMs: () => number): FakePostgres {
  const engine: StoreEngine = memoryEngine('postgres')
  const listeners = new Set<(message: PgNotification) => void>()
  let taken = 0

  const statements: readonly (readonly [string, (values: readonly string[]) => Promise<Rows>])[] = [
    [
      'select pg_is_in_recovery',
      async () => [
        { replica: 'false', fsync: 'on', full_page_writes: 'on', synchronous_commit: 'on', standbys: '' },
      ],
    ],
    [
      'select key, encode',
      async ([names = '[]']) => {
        const keys = JSON.parse(names) as string[]
        const entries = await engine.read(keys, never)
        return entries.flatMap((entry, at) =>
          entry === undefined
            ? []
            : [{ key: keys[at] ?? '', value: encodeBase64(entry.value), version: entry.version }],
        )
      },
    ],
    [
      'with',
      async ([text = '{}']) => {
        const { put, ...batch } = JSON.parse(text) as WrittenBatch
        const puts = put.map(({ key, value, ms }) => ({
          key,
          value: decodeBase64(value),
          ...(ms !== undefined && { expiresInMs: ms }),
        }))
        return [{ ok: String((await engine.write({ ...batch, put: puts }, never)) === 'written') }]
      },
    ],
    [
      'select key from',
      async ([prefix = '', before = '', limit]) =>
        (await engine.list({ prefix, before, limit: Number(limit) }, never)).map(key => ({ key })),
    ],
    [
      'select pg_notify',
      async ([channel = '', payload = '']) => {
        for (const tell of listeners) tell({ channel, payload })
        return []
      },
    ],
    ['select (extract', async () => [{ ms: String(nowMs()) }]],
    ['listen', async () => []],
    ['unlisten', async () => []],
  ]

  const query = async (steps: Steps | undefined, text: string, values: readonly string[]): Promise<Rows> => {
    const [begins, run] = statements.find(([start]) => text.startsWith(start)) ?? []
    if (run === undefined) throw new Error(`there is no such statement here: ${text.slice(0, 40)}`)
    await steps?.pass(`postgres ${begins}`)
    const rows = await run(values)
    await steps?.pass(`postgres ${begins}, answered`)
    return rows
  }
  const client = (steps?: Steps): PgClient => ({
    query: async (text, values = []) => ({ rows: await query(steps, text, values) }),
    on: (event, listener) => void (event === 'notification' && listeners.add(listener as never)),
    removeListener: (_event, listener) => void listeners.delete(listener as never),
  })

  return {
    client,
    get subscriptions() {
      return taken + listeners.size
    },
    pool: steps => ({
      ...client(steps),
      totalCount: 1,
      async connect() {
        await steps?.pass('postgres connect')
        taken += 1
        const before = new Set(listeners)
        return {
          ...client(steps),
          release() {
            taken -= 1
            // What listened on this connection goes with it.
            for (const listener of listeners) if (!before.has(listener)) listeners.delete(listener)
          },
        }
      },
    }),
    sql: steps => ({
      unsafe: (text, values = []) => query(steps, text, values),
      async listen(channel, onNotify, onListen) {
        await steps?.pass('postgres listen')
        const heard = (message: PgNotification): void => {
          if (message.channel === channel) onNotify(message.payload ?? '')
        }
        listeners.add(heard)
        onListen()
        return { unlisten: async () => void listeners.delete(heard) }
      },
    }),
  }
}
