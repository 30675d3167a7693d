import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { isNoticeboardError } from '../../contracts/errors.js'
import { encodeText } from '../../core/json/text.js'
import type { CaseDefinition } from './case.js'
import { expectNewest } from './current.js'
import { expectBytes, expectRefusal, fail } from './expect.js'
import { sampleLog, sampleReport, sampleSnapshot } from './fixture.js'
import type { OpenedStore } from './opened.js'
import { heardInTime, ofClients, reporterOf, reportsOf } from './report-cases.js'
import { publishTo } from './store-steps.js'

/** What a store keeps beside its newest release. */
export const keepCases: readonly CaseDefinition<OpenedStore>[] = [
  {
    name: 'the log is read newest first, byte for byte, over epochs, and as far as it is asked for',
    capability: 'history',
    async run({ opened: { store }, namespace, signal, step }) {
      const read = async (limit?: number): Promise<Uint8Array[]> => {
        const entries: Uint8Array[] = []
        for await (const { bytes } of store.history(
          { namespace, ...(limit !== undefined && { limit }) },
          signal,
        ))
          entries.push(bytes)
        return entries
      }
      if ((await step('history', read())).length > 0) fail('the log of an empty namespace holds something')
      const log = sampleLog(namespace)
      const samples = [log.next(), log.next(), log.next({ epoch: '2-0badcafe' }), log.next()]
      for (const sample of samples) await step('append', publishTo(store, sample, signal))
      const newestFirst = [...samples].reverse()
      for (const limit of [undefined, 1, 3, 4, 100]) {
        const entries = await step('history', read(limit))
        const expected = newestFirst.slice(0, limit ?? 100)
        if (entries.length !== expected.length)
          fail(
            `with the limit ${limit ?? 'left out'} ${entries.length} entries came instead of ${expected.length}`,
          )
        for (const [index, { bytes }] of expected.entries())
          expectBytes(`entry ${index + 1}`, entries[index], bytes)
      }
    },
  },
  {
    name: 'a log that is left in the middle, or grows while it is read, is no trouble',
    capability: 'history',
    async run({ opened: { store }, namespace, signal, step }) {
      const log = sampleLog(namespace)
      const samples = Array.from({ length: 6 }, () => log.next())
      for (const sample of samples) await step('append', publishTo(store, sample, signal))
      const leave = async (): Promise<void> => {
        for await (const { bytes } of store.history({ namespace }, signal)) {
          expectBytes('the first entry', bytes, samples.at(-1)?.bytes ?? bytes)
          break
        }
      }
      await step('a log that is left', leave())
      const grow = async (): Promise<number> => {
        let entries = 0
        for await (const { bytes } of store.history({ namespace }, signal)) {
          if (entries === 0) await publishTo(store, log.next(), signal)
          // One that comes meanwhile may be part of the answer or not; none is missing and none
          // comes twice.
          entries += samples.some(
            sample =>
              sample.bytes.length === bytes.length && sample.bytes.every((byte, at) => byte === bytes[at]),
          )
            ? 1
            : 0
        }
        return entries
      }
      const entries = await step('a log that grows', grow())
      if (entries !== samples.length)
        fail(`${entries} of ${samples.length} releases came from a log that grew while it was read`)
    },
  },
  {
    name: 'the last word of each instance is kept, whatever order words come in, each in its namespace',
    capability: 'reports',
    needs: ['report'],
    async run({ opened: { store }, namespace, signal, step, timeoutMs }) {
      const reports = reportsOf(store)
      const report = reporterOf(store)
      const inner = `${namespace}/inner`
      for (const name of [namespace, inner])
        await step('append', publishTo(store, sampleLog(name).next(), signal))
      if (ofClients(await step('reports', reports({ namespace }, signal))).reports.length > 0)
        fail('a namespace that nobody reported of has reports')
      const [first, second] = [
        sampleReport(namespace),
        sampleReport(namespace, { count: 2, phase: 'stopped' }),
      ]
      const other = sampleReport(namespace, { instanceId: 'instance-0002', clientId: 'host-b' })
      const elsewhere = sampleReport(inner, { count: 9 })
      for (const states of [[second, elsewhere], [second], [first, other]])
        await step('report', report(states, signal))
      await heardInTime(() => reports({ namespace }, signal), [second, other], timeoutMs)
      await heardInTime(() => reports({ namespace: inner }, signal), [elsewhere], timeoutMs)
    },
  },
  {
    name: 'the namespaces are those that hold a release, and no others',
    capability: 'namespaces',
    async run({ opened: { store }, namespace, signal, step }) {
      const namespaces =
        store.namespaces?.bind(store) ??
        fail("the store has no `namespaces`; say so: without: { namespaces: '…' }")
      const inner = `${namespace}/a/b`
      for (const name of [inner, namespace])
        await step('append', publishTo(store, sampleLog(name).next(), signal))
      const bare = `${namespace}/bare`
      await step('put', store.put({ namespace: bare, ...sampleSnapshot('only a snapshot') }, signal))
      const all = await step('namespaces', namespaces(signal))
      const own = all.filter(name => name.startsWith(namespace))
      if (new Set(all).size !== all.length) fail('a namespace is listed twice')
      if (own.length !== 2 || !own.includes(inner) || !own.includes(namespace)) {
        fail(
          `${own.length} namespaces are listed where 2 hold a release: ${own.map(name => name.slice(namespace.length) || '(itself)').join(', ')}`,
        )
      }
    },
  },
  {
    name: 'a schema comes back byte for byte, is replaced by the next, and stays in its namespace',
    capability: 'schema',
    async run({ opened: { store }, namespace, signal, step }) {
      const schema =
        store.schema?.bind(store) ?? fail("the store has no `schema`; say so: without: { schema: '…' }")
      const putSchema = store.putSchema?.bind(store) ?? fail('a store with `schema` has `putSchema` as well')
      if ((await step('schema', schema({ namespace }, signal))) !== undefined)
        fail('an empty namespace has a schema')
      for (const text of ['{"description":"Grüße 🛰","type":"object"}', '{}']) {
        const bytes = encodeText(text)
        await step('putSchema', putSchema({ namespace, bytes }, signal))
        expectBytes('the schema', await step('schema', schema({ namespace }, signal)), bytes)
      }
      if ((await step('schema', schema({ namespace: `${namespace}/inner` }, signal))) !== undefined)
        fail('a schema is seen in another namespace')
    },
  },
  {
    name: 'a snapshot that was removed is `not-found`; removing it again is harmless, and it can be put anew',
    capability: 'remove',
    async run({ opened, namespace, signal, step }) {
      const { store } = opened
      const remove =
        store.remove?.bind(store) ?? fail("the store has no `remove`; say so: without: { remove: '…' }")
      const log = sampleLog(namespace)
      const old = log.next()
      for (const sample of [old, log.next()]) await step('append', publishTo(store, sample, signal))
      const { digest, bytes } = old.snapshot
      if (opened.age === undefined) {
        // A store may keep what was written just now, since a release that names it may be on its
        // way.
        const young = await step(
          'remove',
          remove({ namespace, digest }, signal).catch((error: unknown) => error),
        )
        if (isNoticeboardError(young, 'forbidden'))
          fail('young snapshots are not removed here; let `open` offer `age`, which makes one old')
      } else await step('age()', opened.age({ namespace, digest }))
      for (let round = 0; round < 2; round += 1) {
        await step('remove', remove({ namespace, digest }, signal))
        const read = store.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal)
        await step('snapshot', expectRefusal('the removed snapshot', read, 'not-found'))
      }
      await step('put', store.put({ namespace, digest, bytes }, signal))
      expectBytes(
        'the snapshot',
        await step(
          'snapshot',
          store.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal),
        ),
        bytes,
      )
    },
  },
  {
    name: 'the snapshot of the newest release cannot be removed',
    capability: 'remove',
    async run({ opened: { store }, namespace, signal, step }) {
      const remove =
        store.remove?.bind(store) ?? fail("the store has no `remove`; say so: without: { remove: '…' }")
      const sample = sampleLog(namespace).next()
      await step('append', publishTo(store, sample, signal))
      const { digest, bytes } = sample.snapshot
      await step('remove', expectRefusal('remove', remove({ namespace, digest }, signal), 'forbidden'))
      expectBytes(
        'the snapshot',
        await step(
          'snapshot',
          store.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal),
        ),
        bytes,
      )
      await step('latest', expectNewest(store, sample, { signal }))
    },
  },
]
