import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { ClientReport } from '../../../../src/contracts/report.js'
import type { Delivery, LogEntry } from '../../../../src/contracts/transport.js'
import { storeCases, transportCases, type OpenedStore } from '../../../../src/testing/conformance/index.js'
import { faulty, type Fault } from '../../../../src/transports/faulty/index.js'
import { memory, type MemoryStore } from '../../../../src/transports/memory.js'

/** A case of the kit by a part of its name, run against a store that is not as it should be. */
async function outcomeOf(name: string, open: () => OpenedStore | Promise<OpenedStore>): Promise<string> {
  const found = storeCases(open, { timeoutMs: 300 }).filter(one => one.name.includes(name))
  expect(found, name).toHaveLength(1)
  return found[0]!.run().then(
    () => 'passed',
    (error: Error) => error.message,
  )
}

const opened = (store: MemoryStore, more: Partial<OpenedStore> = {}): OpenedStore => ({
  store,
  close: async () => {},
  ...more,
})
const injured =
  (...faults: Fault[]) =>
  () =>
    opened(faulty(memory(), { faults }))
/** A store of which some methods are others. */
const changed =
  (
    change: (store: MemoryStore) => Partial<MemoryStore>,
    more: (store: MemoryStore) => Partial<OpenedStore> = () => ({}),
  ) =>
  (): OpenedStore => {
    const store = memory()
    return opened({ ...store, ...change(store) }, more(store))
  }

describe('a broken store is told by the case that it breaks', () => {
  test.each<readonly [fault: string, name: string, open: () => OpenedStore, says: RegExp]>([
    [
      'one that accepts every append',
      'at one position at the same time exactly one wins',
      changed(store => ({ append: async (...call) => (await store.append(...call), 'appended') })),
      /6 of 6 releases at one position were appended/,
    ],
    [
      'one that knows no repetition',
      'the same bytes again',
      changed(store => {
        const seen = new Set<string>()
        return {
          append: async (query, signal) => {
            const place = `${query.namespace} ${query.at.epoch} ${query.at.sequence}`
            const outcome = seen.has(place) ? 'taken' : await store.append(query, signal)
            if (outcome === 'appended') seen.add(place)
            return outcome
          },
        }
      }),
      /append of .*, which comes next, is 'taken'/,
    ],
    [
      'one that acknowledges before anything is kept',
      'what was acknowledged is there',
      changed(
        () => ({}),
        () => ({ reopen: async () => memory() }),
      ),
      /latest is `none` although releases were acknowledged/,
    ],
    [
      'one that overwrites its newest release from behind',
      'the first of a higher epoch',
      changed(store => ({
        append: async (query, signal) =>
          query.at.epoch.startsWith('12-') && query.at.sequence > 1
            ? 'appended'
            : store.append(query, signal),
      })),
      /'appended', and 'taken' was expected/,
    ],
    [
      'one that says no where it should say nothing',
      '`unmanaged` and `remote`',
      changed(() => ({ remote: false as never })),
      /`remote` is neither true nor left out/,
    ],
    [
      'one that brings marks and does not say that they are made elsewhere',
      'marks arrive byte for byte',
      () => {
        const store = memory()
        let give: (mark: Delivery) => void = () => {}
        const given = new Promise<Delivery>(resolve => void (give = resolve))
        async function* watch(
          ...[query, signal]: Parameters<MemoryStore['watch']>
        ): AsyncGenerator<Delivery> {
          for await (const delivery of store.watch(query, signal)) {
            yield delivery
            if (delivery.type === 'release') yield await given
          }
        }
        return opened({ ...store, watch }, { mark: async query => give({ type: 'mark', ...query }) })
      },
      /set `remote: true`/,
    ],
    [
      'one that takes any bytes for a digest',
      'bytes that are not the ones their digest names',
      changed(store => ({ put: (query, signal) => store.put(query, signal).catch(() => {}) })),
      /digest-mismatch .* was expected, but it resolved/,
    ],
    [
      'one that reads its log from the beginning',
      'the log is read newest first',
      changed(store => ({
        async *history(query, signal) {
          const entries: LogEntry[] = []
          for await (const entry of store.history({ namespace: query.namespace }, signal)) entries.push(entry)
          yield* entries.reverse().slice(0, query.limit)
        },
      })),
      /entry 1: byte \d+ of \d+ differs/,
    ],
    [
      'one that removes what is running',
      'the snapshot of the newest release cannot be removed',
      changed(() => ({ remove: async () => {} })),
      /forbidden was expected, but it resolved/,
    ],
    [
      'one that believes the last report to arrive',
      'the last word of each instance is heard',
      changed(() => {
        const words = new Map<string, ClientReport>()
        return {
          report: async states =>
            states.forEach(state => words.set(state.namespace + state.instanceId, state)),
          reports: async ({ namespace }) => ({
            since: '2026-01-01T00:00:00.000Z',
            asOf: '2026-01-01T00:00:00.000Z',
            reports: [...words.values()].filter(state => state.namespace === namespace),
          }),
        }
      }),
      /report 2 counts, and 3 is its last/,
    ],
    [
      'one that takes each word for the first of its instance',
      'whoever hears reports says since when',
      changed(store => ({
        reports: async (query, signal) => {
          const heard = await store.reports(query, signal)
          const reports = heard.reports.map(word => ({
            ...word,
            firstHeardAt: new Date(Date.UTC(2000, 0, word.count)).toISOString(),
          }))
          return { ...heard, reports }
        },
      })),
      /`firstHeardAt` moved/,
    ],
    [
      'one that listens since it was asked',
      'whoever hears reports says since when',
      changed(store => {
        let asked = 0
        return {
          reports: async (query, signal) => {
            asked += 1
            const since = new Date(Date.UTC(2000, 0, 1, 0, 0, asked)).toISOString()
            return { ...(await store.reports(query, signal)), since }
          },
        }
      }),
      /`since` moved/,
    ],
    [
      'one that cuts long audit records',
      'of the largest size are taken',
      changed(store => ({
        async *history(query, signal) {
          for await (const { bytes, audit } of store.history(query, signal))
            yield { bytes, ...(audit && { audit: audit.slice(0, 4_096) }) }
        },
      })),
      /the largest audit record was changed/,
    ],
    [
      'one that keeps snapshots for everybody',
      'namespaces are kept apart',
      changed(store => {
        const kept = new Map<string, Uint8Array>()
        return {
          put: async (query, signal) => (kept.set(query.digest, query.bytes), store.put(query, signal)),
          snapshot: async ({ digest }) =>
            kept.get(digest) ?? Promise.reject(new NoticeboardError('not-found', 'not here')),
        }
      }),
      /not-found was expected, but it resolved/,
    ],
    [
      'one that writes what is too large and then refuses it',
      'a larger one is `too-large`',
      changed(store => ({
        maxSnapshotBytes: 1_000,
        put: async (query, signal) => {
          await store.put(query, signal)
          if (query.bytes.length > 1_000) throw new NoticeboardError('too-large', 'too large')
        },
      })),
      /the snapshot that was too large: not-found was expected/,
    ],
  ])('%s', async (_, name, open, says) => {
    expect(await outcomeOf(name, open)).toMatch(says)
  })
})

describe('a broken transport is told by the case that it breaks', () => {
  const lateWatch = (store: MemoryStore): Pick<MemoryStore, 'watch'> => ({
    // Reads first and listens afterwards: what is published between is lost.
    async *watch(query, signal): AsyncGenerator<Delivery> {
      let told = false
      for (const namespace of query.namespaces) {
        const latest = await store.latest({ namespace }, signal)
        if (latest.type === 'release') yield { type: 'release', namespace, bytes: latest.bytes }
      }
      for (let turn = 0; turn < 3; turn += 1) await new Promise(resolve => setImmediate(resolve))
      for await (const delivery of store.watch(query, signal)) {
        if (told && delivery.type === 'release') yield delivery
        told = true
      }
    },
  })

  test.each<readonly [fault: string, name: string, open: () => OpenedStore, says: RegExp]>([
    [
      'one that cuts snapshots',
      'a snapshot comes back byte for byte',
      injured({ on: 'snapshot', type: 'truncate', keep: 0.9 }),
      /bytes came instead of/,
    ],
    [
      'one that changes a byte',
      'a snapshot comes back byte for byte',
      injured({ on: 'snapshot', type: 'corrupt' }),
      /byte \d+ of \d+ differs/,
    ],
    [
      'one that answers what was right before',
      'the newest position plus one',
      injured({ on: 'latest', type: 'stale', from: 2 }),
      /latest: byte \d+ of \d+ differs/,
    ],
    [
      'a watch that loses deliveries',
      'a watch brings each release',
      injured({ on: 'watch', type: 'drop', from: 3 }),
      /waiting for .* did not end within/,
    ],
    [
      'a watch that swaps deliveries',
      'never goes back',
      injured({ on: 'watch', type: 'reorder', chance: 0.5 }),
      /it went back|waiting for .* did not end within/,
    ],
    [
      'a watch that ends by itself',
      'a watch brings each release',
      injured({ on: 'watch', type: 'end', from: 2 }),
      /ended although nobody aborted it/,
    ],
    [
      'a watch that goes silent',
      'a watch brings each release',
      injured({ on: 'watch', type: 'stall', from: 3 }),
      /did not end within/,
    ],
    [
      'a watch that trusts its notifications',
      'whose notifications are lost while its connection lives',
      deafened,
      /the watch looks well, and did not bring/,
    ],
    [
      'a watch that listens too late',
      'while a watch begins is not lost',
      changed(lateWatch),
      /waiting for .* did not end within/,
    ],
    [
      'a call that never ends',
      'latest is `none`',
      injured({ on: 'latest', type: 'stall' }),
      /latest did not end within 300 ms/,
    ],
    [
      'a watch that throws when it is aborted',
      'a watch ends when its signal aborts',
      changed(store => ({
        async *watch(query, signal): AsyncGenerator<Delivery> {
          yield* store.watch(query, signal)
          throw new NoticeboardError('closed', 'aborted')
        },
      })),
      /must end, and it threw/,
    ],
    [
      'a call that leaves its listener',
      'latest gives the exact bytes',
      changed(store => ({
        latest(query, signal) {
          signal.addEventListener('abort', () => {})
          return store.latest(query, signal)
        },
      })),
      /listeners are left on the signal/,
    ],
    [
      'a watch that brings what was not asked for',
      'of each namespace, and of no other',
      changed(store => ({
        watch: (query, signal) =>
          store.watch(
            { ...query, namespaces: [...query.namespaces, `${query.namespaces[0]}/other`] },
            signal,
          ),
      })),
      /which was not asked for/,
    ],
    [
      'a watch that starts with nothing',
      'a watch starts with the current release',
      changed(store => ({
        async *watch(query, signal): AsyncGenerator<Delivery> {
          let first = true
          for await (const delivery of store.watch(query, signal)) {
            if (!first) yield delivery
            first = false
          }
        },
      })),
      /did not end within/,
    ],
  ])('%s', async (_, name, open, says) => {
    const found = storeCases(open, { timeoutMs: 300 }).filter(one => one.name.includes(name))
    const messages = await Promise.all(
      found.map(({ run }) =>
        run().then(
          () => 'passed',
          (error: Error) => error.message,
        ),
      ),
    )
    expect(messages.join('\n')).toMatch(says)
  })
})

/** A store whose open watches bring nothing more once notifications are lost, and look well. */
function deafened(): OpenedStore {
  const store = memory({ heartbeatMs: 50 })
  let silenced = false
  return opened(
    {
      ...store,
      async *watch(query, signal) {
        for await (const delivery of store.watch(query, signal))
          if (!silenced || delivery.type === 'alive') yield delivery
      },
    },
    {
      silence: async () => {
        silenced = true
      },
    },
  )
}

describe('what a transport has not', () => {
  const bare = () => {
    const { name, latest, snapshot } = memory()
    return { transport: { name, latest, snapshot }, publish: async () => {}, close: async () => {} }
  }

  test('is skipped with the reason that its author gives', () => {
    const cases = transportCases(bare, {
      without: { watch: 'a bucket does not notify', cut: 'tried elsewhere' },
    })
    const reasons = new Set(cases.filter(({ capability }) => capability === 'watch').map(({ skip }) => skip))
    expect([...reasons]).toEqual(['watch: a bucket does not notify'])
    expect(cases.find(({ name }) => name.startsWith('a lost connection'))?.skip).toBe('cut: tried elsewhere')
    expect(cases.find(({ name }) => name.startsWith('latest is `none`'))).not.toHaveProperty('skip')
  })

  test.each([
    ['a watch starts with the current release', /no `watch`; say so: without: \{ watch/],
    ['next gives each release', /no `next`; say so/],
    ['a lost connection is', /open\(\) offers no `cut`/],
  ])('fails "%s…" when nobody says so', async (name, says) => {
    const found = transportCases(bare).find(one => one.name.startsWith(name))
    await expect(found?.run()).rejects.toThrow(says)
  })

  test('each case has a name of its own', () => {
    const names = storeCases(() => opened(memory())).map(({ name }) => name)
    expect(new Set(names).size).toBe(names.length)
  })
})

test('what was opened is closed, also after a case that fails', async () => {
  let closed = 0
  for (const { run } of storeCases(() => ({
    store: faulty(memory(), { faults: [{ on: 'latest', type: 'fail' }] }),
    close: async () => void (closed += 1),
  }))
    .filter(({ capability }) => capability === 'read')
    .slice(0, 3))
    await run().catch(() => {})
  expect(closed).toBe(3)
})
