import { createHash } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import {
  changedBy,
  engineNews,
  type Batch,
  type Condition,
  type Entry,
  type NewsSink,
  type StoreEngine,
} from '../../../../src/core.js'
import { engineCases, type OpenedEngine } from '../../../../src/testing/index.js'
import { runCases } from '../../../support/run-cases.js'

/** What several engines share: the values, and who listens. */
interface Database {
  readonly entries: Map<string, Entry>
  readonly listeners: Set<NewsSink>
  /** All keys that were ever written. */
  readonly seen: Set<string>
  writes: number
}

const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))

/** The parts of an engine over a map that a fault may replace. */
class MapEngine implements StoreEngine {
  readonly name = 'map'
  readonly durability = 'single'
  readonly atomic: 'batch' | 'key' = 'batch'
  readonly database: Database
  constructor(database: Database) {
    this.database = database
  }

  holds(condition: Condition): boolean {
    const entry = this.database.entries.get(condition.key)
    if (condition.type === 'unchanged') return entry?.version === condition.version
    return (entry === undefined) === (condition.type === 'absent')
  }
  version(_key: string, _value: Uint8Array): string {
    return String((this.database.writes += 1))
  }
  set(key: string, value: Uint8Array): void {
    this.database.entries.set(key, { value: Uint8Array.from(value), version: this.version(key, value) })
    this.database.seen.add(key)
  }
  apply({ put, remove }: Batch): void {
    for (const key of remove) this.database.entries.delete(key)
    for (const { key, value } of put) this.set(key, value)
  }
  tell(batch: Batch): void {
    const changed = changedBy(batch)
    if (changed !== undefined) for (const sink of this.database.listeners) sink.changed(changed)
  }
  async read(keys: readonly string[]): Promise<readonly (Entry | undefined)[]> {
    await turn()
    return keys.map(key => this.database.entries.get(key))
  }
  async write(batch: Batch): Promise<'written' | 'refused'> {
    await turn()
    if (!batch.if.every(condition => this.holds(condition))) return 'refused'
    this.apply(batch)
    this.tell(batch)
    return 'written'
  }
  async list(page: Parameters<StoreEngine['list']>[0]): Promise<readonly string[]> {
    const { prefix, before, limit } = page
    await turn()
    return [...this.database.entries.keys()]
      .filter(key => key.startsWith(prefix) && (before === undefined || key < before))
      .sort()
      .reverse()
      .slice(0, limit)
  }
  listen(signal: AbortSignal): ReturnType<NonNullable<StoreEngine['listen']>> {
    return engineNews(async sink => {
      this.database.listeners.add(sink)
      sink.listening()
      return () => void this.database.listeners.delete(sink)
    }, signal)
  }
}

const openWith =
  (make: (database: Database) => StoreEngine) =>
  (): OpenedEngine & Required<Pick<OpenedEngine, 'another' | 'reopen'>> => {
    const database: Database = { entries: new Map(), listeners: new Set(), seen: new Set(), writes: 0 }
    return {
      engine: make(database),
      another: async () => make(database),
      reopen: async () => make(database),
      close: async () => {},
    }
  }

runCases('an engine over a map', engineCases(openWith(database => new MapEngine(database))))
runCases(
  'an engine over a map that writes key by key',
  engineCases(openWith(database => Object.assign(new MapEngine(database), { atomic: 'key' as const }))),
)

type Faulty = (database: Database) => StoreEngine

/** Each breaks one promise of `StoreEngine`, and nothing else. */
const FAULTS: readonly (readonly [fault: string, make: Faulty, says: RegExp])[] = [
  [
    'versions that are all the same',
    database =>
      new (class extends MapEngine {
        override version = (): string => '1'
      })(database),
    /a write of another value gave it a version that it had before: .* Count the writes over all keys/,
  ],
  [
    'versions that are a hash of the value',
    database =>
      new (class extends MapEngine {
        override version = (_: string, value: Uint8Array): string =>
          createHash('sha1').update(value).digest('hex')
      })(database),
    /a write of a value that the key had before gave it a version that it had before: .* a hash of the value/,
  ],
  [
    'versions that are a counter of each key, which begins anew',
    database =>
      new (class extends MapEngine {
        override version = (key: string): string =>
          String(Number(this.database.entries.get(key)?.version ?? 0) + 1)
      })(database),
    /a write after the key was removed gave it a version that it had before/,
  ],
  [
    'versions that are a counter of each process',
    database =>
      new (class extends MapEngine {
        private own = 0
        override version = (): string => String((this.own += 1))
      })(database),
    /a write through a second engine gave it a version that it had before[^]*a write after reopen\(\) gave/,
  ],
  [
    'one version for all keys',
    database =>
      new (class extends MapEngine {
        override read = async (keys: readonly string[]): Promise<readonly (Entry | undefined)[]> =>
          keys.map(key => {
            const entry = this.database.entries.get(key)
            return entry && { ...entry, version: String(this.database.writes) }
          })
        override holds(condition: Condition): boolean {
          return condition.type === 'unchanged'
            ? this.database.entries.has(condition.key) && condition.version === String(this.database.writes)
            : super.holds(condition)
        }
      })(database),
    /the version of a key changed while another key was written/,
  ],
  ...(['absent', 'present', 'unchanged'] as const).map(
    type =>
      [
        `\`${type}\` that is not looked at`,
        (database: Database) =>
          new (class extends MapEngine {
            override holds = (condition: Condition): boolean =>
              condition.type === type || super.holds(condition)
          })(database),
        new RegExp(`\`${type}\`.*: write\\(\\) is 'written', and 'refused' was expected`),
      ] as const,
  ),
  [
    '`unchanged` that only asks whether the key is there',
    database =>
      new (class extends MapEngine {
        override holds = (condition: Condition): boolean =>
          condition.type === 'unchanged' ? this.database.entries.has(condition.key) : super.holds(condition)
      })(database),
    /`unchanged` with an earlier version.*: write\(\) is 'written'/,
  ],
  [
    'the first condition, and no other',
    database =>
      new (class extends MapEngine {
        override write = (batch: Batch): Promise<'written' | 'refused'> =>
          super.write({ ...batch, if: batch.if.slice(0, 1) })
      })(database),
    /among \d conditions: write\(\) is 'written', and 'refused' was expected/,
  ],
  [
    'a refused batch that was written all the same',
    database =>
      new (class extends MapEngine {
        override async write(batch: Batch): Promise<'written' | 'refused'> {
          const outcome = await super.write(batch)
          if (outcome === 'refused') this.apply(batch)
          return outcome
        }
      })(database),
    /a key of the refused batch/,
  ],
  [
    'a refusal that is thrown',
    database =>
      new (class extends MapEngine {
        override async write(batch: Batch): Promise<'written'> {
          if ((await super.write(batch)) === 'refused') throw new Error('precondition failed')
          return 'written'
        }
      })(database),
    /write\(\) threw: precondition failed/,
  ],
  [
    'a batch of conditions alone that is not looked at',
    database =>
      new (class extends MapEngine {
        override write = async (batch: Batch): Promise<'written' | 'refused'> =>
          batch.put.length + batch.remove.length === 0 ? 'written' : super.write(batch)
      })(database),
    /a batch of conditions alone is 'written', and 'refused' was expected/,
  ],
  ...(['first to last', 'last to first', 'removals last'] as const).map(
    order =>
      [
        `a batch that is written in several steps, ${order}`,
        (database: Database) =>
          new (class extends MapEngine {
            override async write(batch: Batch): Promise<'written' | 'refused'> {
              await turn()
              if (!batch.if.every(condition => this.holds(condition))) return 'refused'
              const none: Batch = { if: [], put: [], remove: [] }
              const steps: Batch[] =
                order === 'removals last'
                  ? [{ ...none, put: batch.put }, ...batch.remove.map(key => ({ ...none, remove: [key] }))]
                  : batch.put.map((put, at) => ({
                      ...none,
                      put: [put],
                      remove: at === 0 ? batch.remove : [],
                    }))
              if (order === 'last to first') steps.reverse()
              for (const [at, step] of steps.entries()) {
                if (at > 0) for (let left = 6; left > 0; left -= 1) await turn()
                this.apply(step)
              }
              if (batch.put.length === 0) this.apply(batch)
              this.tell(batch)
              return 'written'
            }
          })(database),
        /a reader saw half of a batch: write all of it in one atomic step/,
      ] as const,
  ),
  [
    'conditions that are looked at before the write, in a step of their own',
    database =>
      new (class extends MapEngine {
        override async write(batch: Batch): Promise<'written' | 'refused'> {
          if (!batch.if.every(condition => this.holds(condition))) return 'refused'
          await turn()
          return super.write({ ...batch, if: [] })
        }
      })(database),
    /of 6 writes at the same time under one `absent` \d are 'written'[^]*30 additions were 'written'/,
  ],
  [
    'a race that was lost and is called refused',
    database =>
      new (class extends MapEngine {
        override async write(batch: Batch): Promise<'written' | 'refused'> {
          const before = this.database.writes
          await turn()
          if (before !== this.database.writes || !batch.if.every(condition => this.holds(condition)))
            return 'refused'
          this.apply(batch)
          this.tell(batch)
          return 'written'
        }
      })(database),
    /writes of different keys at the same time are 'refused' although their conditions hold/,
  ],
  [
    'nothing that is said of the outcome',
    database =>
      new (class extends MapEngine {
        override write = (batch: Batch): Promise<never> => super.write(batch).then(() => undefined as never)
      })(database),
    /write\(\) resolved to undefined; return 'written', or 'refused'/,
  ],
  [
    'a read that leaves out missing keys',
    database =>
      new (class extends MapEngine {
        override read = async (keys: readonly string[]): Promise<readonly (Entry | undefined)[]> =>
          (await super.read(keys)).filter(entry => entry !== undefined)
      })(database),
    /read\(\) gave 0 entries for 100 keys; give one for each, `undefined` where there is no value/,
  ],
  [
    'a read that gives null',
    database =>
      new (class extends MapEngine {
        override read = async (keys: readonly string[]): Promise<readonly (Entry | undefined)[]> =>
          (await super.read(keys)).map(entry => entry ?? (null as never))
      })(database),
    /read\(\) gave null in place of an entry; give `undefined` where there is no value/,
  ],
  [
    'a read that gives values of another order',
    database =>
      new (class extends MapEngine {
        override read = (keys: readonly string[]): Promise<readonly (Entry | undefined)[]> =>
          super.read([...keys].sort())
      })(database),
    /read\(\) of \d+ keys, the \d\. of them/,
  ],
  [
    'a read that gives texts',
    database =>
      new (class extends MapEngine {
        override read = async (keys: readonly string[]): Promise<readonly (Entry | undefined)[]> =>
          (await super.read(keys)).map(
            entry => entry && { ...entry, value: Buffer.from(entry.value).toString() as never },
          )
      })(database),
    /an entry whose `value` is a string; give a Uint8Array/,
  ],
  [
    'versions that are numbers',
    database =>
      new (class extends MapEngine {
        override version = (): never => (this.database.writes += 1) as never
      })(database),
    /an entry whose `version` is a number; give a string/,
  ],
  [
    'a copy by slice(), which a Buffer does not make',
    database =>
      new (class extends MapEngine {
        override set(key: string, value: Uint8Array): void {
          this.database.entries.set(key, { value: value.slice(), version: this.version(key, value) })
        }
      })(database),
    /whose bytes the caller changed after write\(\) \(a Buffer: its slice\(\) does not copy/,
  ],
  [
    'the whole buffer of a value that is a part of it',
    database =>
      new (class extends MapEngine {
        override set = (key: string, value: Uint8Array): void =>
          super.set(key, Buffer.isBuffer(value) ? value : new Uint8Array(value.buffer))
      })(database),
    /a value that was part of a larger buffer/,
  ],
  [
    'keys whose case makes no difference',
    database =>
      new (class extends MapEngine {
        override set = (key: string, value: Uint8Array): void => super.set(key.toLowerCase(), value)
        override read = (keys: readonly string[]): Promise<readonly (Entry | undefined)[]> =>
          super.read(keys.map(key => key.toLowerCase()))
      })(database),
    /read\(\) of reports\/….*\/abc/,
  ],
  [
    'a value that is forgotten with the process',
    database => {
      return new MapEngine({ ...database, entries: new Map(), writes: 0 })
    },
    /read\(\) after reopen\(\): \d+ bytes were expected, and none came/,
  ],
  [
    'a list that ignores its limit',
    database =>
      new (class extends MapEngine {
        override list = (page: Parameters<StoreEngine['list']>[0]): Promise<readonly string[]> =>
          super.list({ ...page, limit: 1_000 })
      })(database),
    /list\(\) gave 15 keys; give `limit` of them at most, 4/,
  ],
  [
    'a list that ignores `before`',
    database =>
      new (class extends MapEngine {
        override list = ({ prefix, limit }: Parameters<StoreEngine['list']>[0]): Promise<readonly string[]> =>
          super.list({ prefix, limit })
      })(database),
    /a key that does not come before `before`/,
  ],
  [
    'a list with `before`',
    database =>
      new (class extends MapEngine {
        override list = (page: Parameters<StoreEngine['list']>[0]): Promise<readonly string[]> =>
          super.list({ ...page, ...(page.before !== undefined && { before: `${page.before}!` }) })
      })(database),
    /a key that does not come before `before`; .* `before` is left out/,
  ],
  [
    'a list that ignores its prefix',
    database =>
      new (class extends MapEngine {
        override list = (page: Parameters<StoreEngine['list']>[0]): Promise<readonly string[]> =>
          super.list({ ...page, prefix: page.prefix.split('=')[0] ?? '' })
      })(database),
    /list\(\) gave a key that does not begin with `prefix`/,
  ],
  [
    'a list of what comes after the prefix, without the prefix itself',
    database =>
      new (class extends MapEngine {
        override list = async (page: Parameters<StoreEngine['list']>[0]): Promise<readonly string[]> =>
          (await super.list(page)).filter(key => key !== page.prefix)
      })(database),
    /list\(\) with a prefix: 1 of 1 keys are missing/,
  ],
  [
    'a list that ascends',
    database =>
      new (class extends MapEngine {
        override list = async (page: Parameters<StoreEngine['list']>[0]): Promise<readonly string[]> =>
          [...(await super.list(page))].reverse()
      })(database),
    /keys that do not descend; give the last one first, ordered by their bytes/,
  ],
  [
    'a list in the order of a language',
    database =>
      new (class extends MapEngine {
        override list = async (page: Parameters<StoreEngine['list']>[0]): Promise<readonly string[]> =>
          [...(await super.list(page))].sort((a, b) => b.localeCompare(a, 'en'))
      })(database),
    /keys that do not descend; give the last one first, ordered by their bytes/,
  ],
  [
    'a list of the first keys instead of the last',
    database =>
      new (class extends MapEngine {
        override list = async (page: Parameters<StoreEngine['list']>[0]): Promise<readonly string[]> => {
          const all = await super.list({ ...page, limit: 1_000 })
          return all.slice(Math.max(0, all.length - page.limit))
        }
      })(database),
    /list\(\) with the limit 4: 4 of 4 keys are missing/,
  ],
  [
    'a list of keys that were removed',
    database =>
      new (class extends MapEngine {
        override list = async (page: Parameters<StoreEngine['list']>[0]): Promise<readonly string[]> =>
          [...this.database.seen]
            .filter(key => key.startsWith(page.prefix) && (page.before === undefined || key < page.before))
            .sort()
            .reverse()
            .slice(0, page.limit)
      })(database),
    /list\(\) after a key was removed: 1 keys came that are not there/,
  ],
  [
    'notifications that never begin',
    database =>
      new (class extends MapEngine {
        override listen = (signal: AbortSignal): ReturnType<NonNullable<StoreEngine['listen']>> =>
          engineNews(async () => () => {}, signal)
      })(database),
    /listen\(\) told nothing within 300 ms; say `listening` once notifications arrive/,
  ],
  [
    'notifications that never come',
    database =>
      new (class extends MapEngine {
        override tell = (): void => {}
      })(database),
    /nothing was told within 300 ms of a namespace whose newest release moved: tell `changedBy\(batch\)`/,
  ],
  [
    'notifications that reach the process of the writer alone',
    database =>
      new MapEngine({
        entries: database.entries,
        seen: database.seen,
        listeners: new Set(),
        get writes() {
          return database.writes
        },
        set writes(writes) {
          database.writes = writes
        },
      }),
    /nothing was told within 300 ms/,
  ],
  [
    'notifications of what is not written yet',
    database =>
      new (class extends MapEngine {
        override async write(batch: Batch): Promise<'written' | 'refused'> {
          this.tell(batch)
          for (let left = 20; left > 0; left -= 1) await turn()
          if (!batch.if.every(condition => this.holds(condition))) return 'refused'
          this.apply(batch)
          return 'written'
        }
      })(database),
    /the only notifications came before what they tell could be read: tell a namespace after its batch was written/,
  ],
  [
    'a clock in seconds',
    database =>
      Object.assign(new MapEngine(database), { now: async () => Math.floor(Date.UTC(2026, 0, 1) / 1_000) }),
    /now\(\) must resolve to milliseconds since 1970; seconds are too few/,
  ],
  [
    'a read that never ends',
    database =>
      new (class extends MapEngine {
        override read = (): Promise<never> => new Promise(() => {})
      })(database),
    /read\(\) did not end within 300 ms: answer sooner, throw where the database does not answer/,
  ],
]

describe('the kit notices', () => {
  test.each(FAULTS)('%s', async (_, make, says) => {
    const outcomes = await Promise.all(
      engineCases(openWith(make), { timeoutMs: 300 }).map(({ run }) =>
        run().then(
          () => '',
          (error: Error) => error.message,
        ),
      ),
    )
    expect(outcomes.filter(Boolean).join('\n')).toMatch(says)
  })
})
