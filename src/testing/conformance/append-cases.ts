import type { Json } from '../../contracts/json.js'
import type { LogEntry } from '../../contracts/transport.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText, sameBytes } from '../../core/json/text.js'
import { MAX_AUDIT_BYTES, MAX_RELEASE_BYTES } from '../../core/limits.js'
import type { CaseDefinition } from './case.js'
import { expectNewest } from './current.js'
import { expectEqual, expectRefusal, fail } from './expect.js'
import { sampleAudit, sampleLog, sampleOfSize } from './fixture.js'
import type { OpenedStore } from './opened.js'
import { expectLog, expectTaken, publishTo } from './store-steps.js'

/** `append`: what is accepted, and what is not. */
export const appendCases: readonly CaseDefinition<OpenedStore>[] = [
  {
    name: 'it says what an acknowledged write survives',
    capability: 'append',
    async run({ opened: { store } }) {
      if (!['replicated', 'single', 'may-lose'].includes(store.durability))
        fail('`durability` is replicated, single or may-lose')
    },
  },
  {
    name: 'the newest position plus one is appended, and is the newest then',
    capability: 'append',
    async run({ opened: { store }, namespace, signal, step }) {
      const log = sampleLog(namespace)
      const samples = [log.next(), log.next(), log.next()]
      for (const sample of samples) {
        await step('append', publishTo(store, sample, signal))
        await step('latest', expectNewest(store, sample, { signal }))
      }
      await step('the log', expectLog(store, samples, signal))
    },
  },
  {
    name: 'the same bytes again at the same position are `appended`, also when the log has moved on',
    capability: 'append',
    async run({ opened: { store }, namespace, signal, step }) {
      const log = sampleLog(namespace)
      const samples = [log.next(), log.next()]
      for (const sample of samples) {
        for (let round = 0; round < 2; round += 1) await step('append', publishTo(store, sample, signal))
      }
      for (const sample of samples) await step('append', publishTo(store, sample, signal))
      await step('the log', expectLog(store, samples, signal))
    },
  },
  {
    name: 'any other place of the epoch is `taken`, and the log stays as it is',
    capability: 'append',
    async run({ opened: { store }, namespace, signal, step }) {
      const log = sampleLog(namespace)
      await step(
        'append',
        expectTaken('sequence 2 of an empty log', store, log.rival({ sequence: 2 }), signal),
      )
      const first = log.next()
      await step('append', publishTo(store, first, signal))
      const rival = log.rival({ sequence: 2 })
      const second = log.next()
      await step('append', publishTo(store, second, signal))
      await step('append', expectTaken('another release at the newest position', store, rival, signal))
      await step(
        'append',
        expectTaken('another release at an older position', store, sampleLog(namespace).next(), signal),
      )
      await step('append', expectTaken('newest + 2', store, log.rival({ sequence: 4 }), signal))
      await step('append', expectTaken('newest + 1000', store, log.rival({ sequence: 1_002 }), signal))
      await step('the log', expectLog(store, [first, second], signal))
    },
  },
  {
    name: 'the first of a higher epoch is appended; then the older epochs are closed',
    capability: 'append',
    async run({ opened: { store }, namespace, signal, step }) {
      const log = sampleLog(namespace, '2-9f3a01bc')
      const first = log.next()
      const second = log.next()
      for (const sample of [first, second]) await step('append', publishTo(store, sample, signal))
      const late = log.rival()
      await step(
        'append',
        expectTaken(
          'sequence 2 of a higher epoch',
          store,
          log.rival({ epoch: '12-00000000', sequence: 2 }),
          signal,
        ),
      )
      // As numbers 12 is more than 2; as texts it is less.
      const third = log.next({ epoch: '12-00000000' })
      await step('append', publishTo(store, third, signal))
      await step('append', expectTaken('the next one of the epoch before', store, late, signal))
      await step(
        'append',
        expectTaken(
          'the first of a lower epoch',
          store,
          log.rival({ epoch: '3-00000000', sequence: 1 }),
          signal,
        ),
      )
      await step(
        'append',
        expectTaken(
          'the first of an epoch of the same number',
          store,
          log.rival({ epoch: '12-ffffffff', sequence: 1 }),
          signal,
        ),
      )
      const fourth = log.next()
      await step('append', publishTo(store, fourth, signal))
      await step('the log', expectLog(store, [first, second, third, fourth], signal))
    },
  },
  {
    name: 'sequences and epochs are ordered as numbers, past 9 and past 99',
    capability: 'append',
    async run({ opened: { store }, namespace, signal, step }) {
      const log = sampleLog(namespace)
      const samples = Array.from({ length: 12 }, () => log.next())
      samples.push(
        log.next({ epoch: '9-00000000' }),
        log.next({ epoch: '10-00000000' }),
        log.next({ epoch: '100-00000000' }),
        log.next(),
      )
      for (const sample of samples) await step('append', publishTo(store, sample, signal))
      await step('the log', expectLog(store, samples, signal))
    },
  },
  {
    name: 'a release whose snapshot is not here is refused, and appended once it is',
    capability: 'append',
    async run({ opened: { store }, namespace, signal, step }) {
      const sample = sampleLog(namespace).next()
      const { at, bytes } = sample
      const append = store.append({ namespace, at, bytes }, signal)
      await step('append', expectRefusal('a release without its snapshot', append, 'invalid-data'))
      const latest = await step('latest', store.latest({ namespace }, signal))
      if (latest.type !== 'none') fail('the refused release is there')
      await step('append', publishTo(store, sample, signal))
    },
  },
  {
    name: 'a release that is none, or is of another place than its own, is refused, and nothing is appended',
    capability: 'append',
    async run({ opened: { store }, namespace, signal, step }) {
      const log = sampleLog(namespace)
      const sample = log.next()
      const { at, bytes, snapshot } = sample
      await step('put', store.put({ namespace, ...snapshot }, signal))
      const wrong: readonly (readonly [string, Parameters<typeof store.append>[0]])[] = [
        ['no JSON', { namespace, at, bytes: encodeText('hello') }],
        ['no bytes', { namespace, at, bytes: new Uint8Array() }],
        ['a cut release', { namespace, at, bytes: bytes.subarray(0, bytes.length - 1) }],
        [
          'white space after it',
          { namespace, at, bytes: encodeText(`${new TextDecoder().decode(bytes)}\n`) },
        ],
        ['keys in another order', { namespace, at, bytes: reordered(bytes) }],
        ['another namespace', { namespace: `${namespace}b`, at, bytes }],
        ['another epoch', { namespace, at: { ...at, epoch: '1-00000000' }, bytes }],
        ['another sequence', { namespace, at: { ...at, sequence: 2 }, bytes }],
        ['more than 64 KB', { namespace, at, bytes: sampleOfSize(65_537).snapshot.bytes }],
      ]
      for (const [what, query] of wrong) {
        await step(
          'append',
          expectRefusal(what, store.append(query, signal), 'invalid-data', 'too-large', 'invalid-option'),
        )
        for (const name of [namespace, `${namespace}b`]) {
          const latest = await step('latest', store.latest({ namespace: name }, signal))
          if (latest.type !== 'none') fail(`${what}: it is there although it was refused`)
        }
      }
      await step('append', publishTo(store, sample, signal))
    },
  },
  {
    name: 'an urgent release is appended like any other',
    capability: 'append',
    async run({ opened: { store }, namespace, signal, step }) {
      const log = sampleLog(namespace)
      const first = log.next()
      await step('append', publishTo(store, first, signal))
      const { at, bytes, snapshot, ...second } = log.next()
      await step('put', store.put({ namespace, ...snapshot }, signal))
      const outcome = await step('append', store.append({ namespace, at, bytes, urgent: true }, signal))
      if (outcome !== 'appended') fail(`the urgent release is '${outcome}'`)
      await step('the log', expectLog(store, [first, { at, bytes, snapshot, ...second }], signal))
    },
  },
  {
    name: 'the audit record comes back with the log byte for byte, and not with the release',
    capability: 'audit',
    needs: ['history'],
    async run({ opened: { store }, namespace, signal, step }) {
      const log = sampleLog(namespace)
      const samples = [log.next({ audit: sampleAudit() }), log.next(), log.next({ audit: sampleAudit() })]
      for (const sample of samples) await step('append', publishTo(store, sample, signal))
      const entries: LogEntry[] = []
      const read = async (): Promise<void> => {
        for await (const entry of store.history({ namespace }, signal)) entries.push(entry)
      }
      await step('history', read())
      for (const [index, { audit }] of [...samples].reverse().entries()) {
        const kept = entries[index]?.audit
        if ((audit === undefined) !== (kept === undefined))
          fail(`entry ${index + 1} has ${kept === undefined ? 'no' : 'an'} audit record`)
        if (audit !== undefined && kept !== undefined && !sameBytes(audit, kept))
          fail(`the audit record of entry ${index + 1} was changed`)
      }
    },
  },
  {
    name: 'a release and an audit record of the largest size are taken and come back byte for byte',
    capability: 'audit',
    needs: ['history'],
    async run({ opened: { store }, namespace, signal, step }) {
      const audit = sampleAudit(MAX_AUDIT_BYTES)
      const sample = sampleLog(namespace).next({ audit, bytes: MAX_RELEASE_BYTES })
      expectEqual('the size of the release', sample.bytes.length, MAX_RELEASE_BYTES)
      expectEqual('the size of the audit record', audit.length, MAX_AUDIT_BYTES)
      await step('append', publishTo(store, sample, signal))
      const kept: LogEntry[] = []
      const read = async (): Promise<void> => {
        for await (const entry of store.history({ namespace }, signal)) kept.push(entry)
      }
      await step('history', read())
      const [entry] = kept
      if (entry?.audit === undefined) return fail('the largest audit record did not come back')
      if (!sameBytes(entry.bytes, sample.bytes)) fail('the largest release was changed')
      if (!sameBytes(entry.audit, audit)) fail('the largest audit record was changed')
    },
  },
  {
    name: 'an audit record that is not the one which its release names is refused',
    capability: 'audit',
    async run({ opened: { store }, namespace, signal, step }) {
      const { at, bytes, snapshot } = sampleLog(namespace).next({ audit: sampleAudit() })
      await step('put', store.put({ namespace, ...snapshot }, signal))
      const append = store.append({ namespace, at, bytes, audit: sampleAudit() }, signal)
      await step('append', expectRefusal('another audit record', append, 'digest-mismatch', 'invalid-data'))
    },
  },
  {
    name: 'writing without permission is `unauthorized` or `forbidden`, and changes nothing',
    capability: 'append',
    needs: ['stranger'],
    async run({ opened, namespace, signal, step, hook }) {
      const { store } = opened
      const log = sampleLog(namespace)
      const first = log.next()
      await step('append', publishTo(store, first, signal))
      const stranger = await step('stranger()', hook('stranger').call(opened))
      const { at, bytes, snapshot } = log.next()
      const put = stranger.put({ namespace, ...snapshot }, signal)
      await step('put', expectRefusal('put by a stranger', put, 'unauthorized', 'forbidden'))
      await step('put', store.put({ namespace, ...snapshot }, signal))
      const append = stranger.append({ namespace, at, bytes }, signal)
      await step('append', expectRefusal('append by a stranger', append, 'unauthorized', 'forbidden'))
      await step('the log', expectLog(store, [first], signal))
    },
  },
]

/** The same release, with its two members the other way round: JSON that is not canonical. */
function reordered(bytes: Uint8Array): Uint8Array {
  const { release, signatures } = JSON.parse(decodeText(bytes, 'the sample')) as Readonly<
    Record<string, Json>
  >
  return encodeText(JSON.stringify({ signatures, release }))
}
