import { describe, expect, test } from 'vitest'
import type { HeldSnapshot } from '../../../../src/contracts/deltas.js'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { DeltaQuery, Delivery, InlineSnapshot } from '../../../../src/contracts/transport.js'
import { wrapFrame } from '../../../../src/deltas/frame.js'
import { storeCases, type OpenedStore } from '../../../../src/testing/conformance/index.js'
import { memory, type MemoryStore } from '../../../../src/transports/memory.js'
import { libraryDeltas } from '../../../support/large-documents.js'

/** What is published in a store, in order, and its deltas. */
interface Kept {
  of(namespace: string): readonly HeldSnapshot[]
  /** The delta of any two snapshots. */
  make(base: HeldSnapshot, snapshot: HeldSnapshot): Promise<Uint8Array | undefined>
  /** The right answer. */
  right(query: DeltaQuery): Promise<Uint8Array | undefined>
}

type Answer = (kept: Kept, query: DeltaQuery) => Promise<Uint8Array | undefined>

const right: Answer = (kept, query) => kept.right(query)

/** A store that makes deltas when it is asked for them, by an answer that may be wrong. */
function answering(
  answer: Answer,
  change: (store: MemoryStore, kept: Kept) => Partial<MemoryStore> = () => ({}),
) {
  return (): OpenedStore => {
    const store = memory()
    const snapshots = new Map<string, HeldSnapshot[]>()
    const kept: Kept = {
      of: namespace => snapshots.get(namespace) ?? [],
      make: async (base, { bytes }) => (await libraryDeltas().codec())?.encode({ base, bytes }),
      async right({ namespace, digest, base, maxBytes }) {
        const held = kept.of(namespace)
        const [from, to] = [base, digest].map(name => held.find(one => one.digest === name))
        if (from === undefined || to === undefined || from === to) return undefined
        const delta = await kept.make(from, to)
        return delta !== undefined && delta.length <= maxBytes ? delta : undefined
      },
    }
    return {
      store: {
        ...store,
        async put(query, signal) {
          await store.put(query, signal)
          snapshots.set(query.namespace, [...kept.of(query.namespace), query])
        },
        delta: query => answer(kept, query),
        ...change(store, kept),
      },
      close: async () => {},
    }
  }
}

/** A watch that sends a delta of the two newest snapshots in the place of the newest. */
const along =
  (say: (inline: InlineSnapshot) => InlineSnapshot, always = false) =>
  (store: MemoryStore, kept: Kept): Partial<MemoryStore> => ({
    async *watch(query, signal): AsyncGenerator<Delivery> {
      for await (const delivery of store.watch(query, signal)) {
        const [before, newest] = delivery.type === 'release' ? kept.of(delivery.namespace).slice(-2) : []
        const wanted = always || (query.deltas === true && query.have !== undefined)
        const bytes = wanted && before && newest && (await kept.make(before, newest))
        if (!bytes || delivery.type !== 'release') yield delivery
        else yield { ...delivery, snapshots: [say({ digest: newest.digest, base: before.digest, bytes })] }
      }
    },
  })

const foreign = (say: (inline: InlineSnapshot) => InlineSnapshot, always?: boolean) =>
  answering(right, along(say, always))

/** The errors of the cases about deltas, by a part of their names. */
async function errorsOf(name: string, open: () => OpenedStore): Promise<readonly string[]> {
  const cases = storeCases(open, { timeoutMs: 400 }).filter(
    one => one.capability === 'delta' && one.name.includes(name),
  )
  expect(cases, name).not.toHaveLength(0)
  const messages = await Promise.all(
    cases.map(({ run }) =>
      run().then(
        () => undefined,
        (error: Error) => error.message,
      ),
    ),
  )
  return messages.filter(message => message !== undefined)
}

describe('deltas under the cases of the kit', () => {
  test.each([
    ['a store that has none', () => ({ store: memory(), close: async () => {} })],
    ['a store that makes them', answering(right)],
    ['one that sends them along', foreign(inline => inline)],
    [
      'one that says how long they are',
      answering(async (kept, query) => {
        const delta = await kept.right({ ...query, maxBytes: Number.POSITIVE_INFINITY })
        if (delta === undefined || delta.length <= query.maxBytes) return delta
        throw new NoticeboardError('too-large', 'the delta has more bytes than were asked for')
      }),
    ],
  ])('%s passes', async (_, open) => {
    expect(await errorsOf('', open)).toEqual([])
  })

  test.each<readonly [fault: string, name: string, open: () => OpenedStore, says: RegExp]>([
    [
      'one that never has any',
      'makes the exact bytes',
      answering(async () => undefined),
      /there is none; where no deltas are made, say so: without: \{ delta/,
    ],
    [
      'one that cuts them',
      'makes the exact bytes',
      answering(async (kept, query) => (await kept.right(query))?.slice(0, -3)),
      /the delta: a delta cannot be used: its (?:frame is damaged|content was cut)/,
    ],
    [
      'one that makes them of the wrong base and names the right one',
      'makes the exact bytes',
      answering(async (kept, query) => {
        const [before, newest] = kept.of(query.namespace).slice(-2)
        if (before === undefined || newest === undefined) return undefined
        const other = { ...before, bytes: before.bytes.slice(0, -50) }
        const delta = await kept.make(other, newest)
        return delta && wrapFrame(delta.subarray(40), query.base)
      }),
      /what the delta makes: byte \d+ of \d+ differs/,
    ],
    [
      'one that has a delta for each snapshot, whatever the base',
      'whatever pair is asked for',
      answering(async (kept, query) => {
        const held = kept.of(query.namespace)
        const at = held.findIndex(({ digest }) => digest === query.digest)
        return at < 1 ? undefined : kept.make(held[at - 1]!, held[at]!)
      }),
      /it was made from another snapshot/,
    ],
    [
      'one that has a delta for each base, whatever the snapshot',
      'whatever pair is asked for',
      answering(async (kept, query) => {
        const held = kept.of(query.namespace)
        const from = held.find(({ digest }) => digest === query.base)
        const to = held.at(-1)
        return from === undefined || to === undefined || from === to ? undefined : kept.make(from, to)
      }),
      /what the delta makes: byte \d+ of \d+ differs/,
    ],
    [
      'one that looks at no bound',
      'longer than was asked for',
      answering((kept, query) => kept.right({ ...query, maxBytes: Number.POSITIVE_INFINITY })),
      /^a delta that is longer than was asked for came$/,
    ],
    [
      'one that cuts at the bound',
      'longer than was asked for',
      answering(async (kept, query) =>
        (await kept.right({ ...query, maxBytes: Number.POSITIVE_INFINITY }))?.slice(0, query.maxBytes),
      ),
      /^a delta that is longer than was asked for came$/,
    ],
    [
      'one that throws where it has none',
      'where there is no delta',
      answering(async (kept, query) => {
        const delta = await kept.right(query)
        if (delta !== undefined) return delta
        throw new NoticeboardError('not-found', 'there is no such delta')
      }),
      /^a delta where nothing was published is undefined, and no error: there is no such delta$/,
    ],
    [
      'one that gives what it has from another base',
      'where there is no delta',
      answering(async (kept, query) => {
        const [before, newest] = kept.of(query.namespace)
        const found = await kept.right(query)
        return (
          found ??
          (before && newest && query.digest === newest.digest ? kept.make(before, newest) : undefined)
        )
      }),
      /^a delta from a snapshot that nobody published came$/,
    ],
    [
      'one that keeps them for everybody',
      'deltas of one namespace are none of another',
      (() => {
        const open = (): OpenedStore => {
          const made = new Map<string, Uint8Array>()
          return answering(async (kept, query) => {
            const key = `${query.base} ${query.digest}`
            const delta = made.get(key) ?? (await kept.right(query))
            if (delta !== undefined) made.set(key, delta)
            return delta
          })()
        }
        return open
      })(),
      /^a delta where nothing was published came$/,
    ],
    [
      'one that sends them to whoever watches',
      'comes along only to who asks',
      foreign(inline => inline, true),
      /a delta came along to a reader that did not ask for deltas/,
    ],
    [
      'one that names a base that its reader does not have',
      'comes along only to who asks',
      foreign(inline => ({ ...inline, base: 'ab'.repeat(32) })),
      /a delta came along from a snapshot that its reader does not have/,
    ],
    [
      'one that sends them as if they were snapshots',
      'comes along only to who asks',
      foreign(({ digest, bytes }) => ({ digest, bytes })),
      /the snapshot that came along: byte 0 of \d+ differs/,
    ],
    [
      'one that sends the delta of another snapshot',
      'comes along only to who asks',
      foreign(({ base, bytes }) => ({ digest: 'ab'.repeat(32), base: base!, bytes })),
      /a snapshot came along that the release does not give to this client/,
    ],
  ])('%s is told', async (_, name, open, says) => {
    expect((await errorsOf(name, open)).join('\n')).toMatch(says)
  })
})
