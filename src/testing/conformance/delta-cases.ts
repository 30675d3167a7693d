import { defaultDeltas } from '#default-deltas'
import type { DeltaCodec } from '../../contracts/deltas.js'
import { isNoticeboardError, type ErrorCode } from '../../contracts/errors.js'
import type { DeltaQuery, InlineSnapshot, Transport } from '../../contracts/transport.js'
import { errorMessage, isBytes } from '../../core/built-ins.js'
import { maxDeltaBytes } from '../../core/release/delta-size.js'
import { toHex } from '../../core/release/digest.js'
import { systemRandom } from '../../system/system.js'
import type { CaseDefinition, Trial } from './case.js'
import { isSample } from './current.js'
import { eventually, expectBytes, fail } from './expect.js'
import {
  SAMPLE_IDENTITY,
  sampleLog,
  sampleSnapshot,
  uniqueNamespace,
  type SampleLog,
  type SampleSnapshot,
} from './fixture.js'
import type { OpenedTransport } from './opened.js'
import { publishSeen } from './publish-seen.js'

/**
 * What makes one snapshot of another. A transport without `delta` keeps these promises: whole
 * snapshots need none.
 */
export const deltaCases: readonly CaseDefinition<OpenedTransport>[] = [
  {
    name: 'a delta makes the exact bytes of the newest snapshot of those of the one before',
    capability: 'delta',
    async run(trial) {
      const asking = await askingOf(trial)
      if (asking === undefined) return
      const log = sampleLog(trial.namespace)
      const before = await publishLarge(trial, log)
      await asking.newest(before, await publishLarge(trial, log))
    },
  },
  {
    name: 'whatever pair is asked for, the delta that comes is the delta of that pair',
    capability: 'delta',
    async run(trial) {
      const asking = await askingOf(trial)
      if (asking === undefined) return
      const log = sampleLog(trial.namespace)
      const first = await publishLarge(trial, log)
      const second = await publishLarge(trial, log)
      const third = await publishLarge(trial, log)
      await asking.newest(second, third)
      for (const base of [first, second, third])
        for (const snapshot of [first, second, third]) await asking.delta(base, snapshot)
    },
  },
  {
    name: 'a delta that is longer than was asked for does not come',
    capability: 'delta',
    async run(trial) {
      const asking = await askingOf(trial)
      if (asking === undefined) return
      const log = sampleLog(trial.namespace)
      const before = await publishLarge(trial, log)
      const newest = await publishLarge(trial, log)
      const { length } = await asking.newest(before, newest)
      await asking.delta(before, newest, length)
      await asking.none('that is longer than was asked for', [before, newest], {
        maxBytes: length - 1,
        // Whoever reads up to the bound says so.
        or: 'too-large',
      })
    },
  },
  {
    name: 'where there is no delta the answer is undefined: of nothing, and of snapshots that nobody published',
    capability: 'delta',
    async run(trial) {
      const asking = await askingOf(trial)
      if (asking === undefined) return
      const unknown = sampleSnapshot(largeDocument())
      const another = sampleSnapshot(largeDocument())
      await asking.none('where nothing was published', [unknown, another])
      const log = sampleLog(trial.namespace)
      const before = await publishLarge(trial, log)
      const newest = await publishLarge(trial, log)
      await asking.newest(before, newest)
      await asking.none('from a snapshot that nobody published', [unknown, newest])
      await asking.none('to a snapshot that nobody published', [before, unknown])
    },
  },
  {
    name: 'deltas of one namespace are none of another, though that has the same snapshot',
    capability: 'delta',
    async run(trial) {
      const asking = await askingOf(trial)
      const namespace = uniqueNamespace()
      const elsewhere = await askingOf({ ...trial, namespace })
      if (asking === undefined || elsewhere === undefined) return
      const log = sampleLog(trial.namespace)
      const document = largeDocument()
      const before = await publishLarge(trial, log)
      const newest = await publishLarge(trial, log, document)
      await asking.newest(before, newest)
      await elsewhere.none('where nothing was published', [before, newest])
      await publishLarge(trial, sampleLog(namespace), document)
      await elsewhere.none('of a pair that only another namespace has', [before, newest])
    },
  },
  {
    name: 'a delta comes along only to who asks for deltas, and makes the snapshot of one that it has',
    capability: 'delta',
    needs: ['watch', 'inline'],
    async run(trial) {
      const { namespace, openWatch, opened } = trial
      const log = sampleLog(namespace)
      const before = await publishLarge(trial, log)
      const ask = { namespaces: [namespace], identity: SAMPLE_IDENTITY, inline: true }
      const have = { [namespace]: before.digest }
      const watches = [
        { query: { ...ask, have, deltas: true }, bases: [before] },
        { query: { ...ask, deltas: true }, bases: [before] },
        { query: { ...ask, have }, bases: [] },
      ].map(({ query, bases }) => ({ reader: openWatch(opened.transport, query), bases }))
      for (const { reader } of watches) await reader.release()
      const sample = log.next({ document: largeDocument() })
      await trial.step('publish', opened.publish(sample))
      for (const { reader, bases } of watches) {
        let release = await reader.release()
        while (!isSample(opened.transport, release.bytes, sample)) release = await reader.release()
        for (const along of release.snapshots ?? []) await expectAlong(along, sample.snapshot, bases)
        await reader.end()
      }
    },
  },
]

/** Asks for deltas of a namespace, and fails for each that is not what was asked for. */
interface Asking {
  /** What comes for a pair: the delta, checked, or undefined. */
  delta(base: SampleSnapshot, snapshot: SampleSnapshot, maxBytes?: number): Promise<Uint8Array | undefined>
  /** The delta from the release before to the newest, the one that clients ask for. */
  newest(base: SampleSnapshot, snapshot: SampleSnapshot): Promise<Uint8Array>
  /** Fails unless the answer to a pair is undefined, or the error that may stand for it. */
  none(
    what: string,
    pair: readonly [base: SampleSnapshot, snapshot: SampleSnapshot],
    options?: { readonly maxBytes?: number; readonly or?: ErrorCode },
  ): Promise<void>
}

/** Undefined for a transport that offers no deltas. */
async function askingOf(trial: Trial<OpenedTransport>): Promise<Asking | undefined> {
  const { namespace, signal, step, timeoutMs } = trial
  const { transport } = trial.opened
  if (transport.delta === undefined) return undefined
  const codec = await codecHere()
  const ask: NonNullable<Transport['delta']> = transport.delta.bind(transport)
  const queryOf = (base: SampleSnapshot, { digest, bytes }: SampleSnapshot): DeltaQuery => ({
    namespace,
    digest,
    base: base.digest,
    maxBytes: maxDeltaBytes(bytes.length),
  })

  const delta: Asking['delta'] = async (base, snapshot, maxBytes) => {
    const query = { ...queryOf(base, snapshot), ...(maxBytes !== undefined && { maxBytes }) }
    const found = await step('delta', ask(query, signal))
    if (found === undefined) return undefined
    if (!isBytes(found)) return fail('the delta: it is neither bytes nor undefined')
    if (found.length > query.maxBytes)
      fail(`the delta: it has ${found.length} bytes, and at most ${query.maxBytes} were asked for`)
    expectMakes('the delta', codec, { base, snapshot, delta: found })
    return found
  }

  return {
    delta,
    newest: (base, snapshot) =>
      eventually(
        'the delta from the release before to the newest',
        async () =>
          (await delta(base, snapshot)) ??
          fail("there is none; where no deltas are made, say so: without: { delta: '…' }"),
        timeoutMs,
      ),
    async none(what, [base, snapshot], { maxBytes, or } = {}) {
      const query = { ...queryOf(base, snapshot), ...(maxBytes !== undefined && { maxBytes }) }
      let found: Uint8Array | undefined
      try {
        found = await step('delta', ask(query, signal))
      } catch (cause) {
        if (isNoticeboardError(cause) && cause.code === or) return
        fail(`a delta ${what} is undefined, and no error: ${errorMessage(cause)}`, { cause })
      }
      if (found !== undefined) fail(`a delta ${what} came`)
    },
  }
}

/** What reads deltas here. */
async function codecHere(): Promise<DeltaCodec> {
  return (
    (await defaultDeltas.codec()) ??
    fail(
      'there is no Zstandard with dictionaries here to read deltas by: install @bokuweb/zstd-wasm, run the cases with Node 22.19, ' +
        "24.6 or later, or say so: without: { delta: '…' }",
    )
  )
}

/** Fails unless a delta makes one snapshot of another, byte for byte. */
function expectMakes(
  what: string,
  codec: DeltaCodec,
  pair: { readonly base: SampleSnapshot; readonly snapshot: SampleSnapshot; readonly delta: Uint8Array },
): void {
  const { base, snapshot, delta } = pair
  let made: Uint8Array
  try {
    made = codec.decode({ base, delta, length: snapshot.bytes.length })
  } catch (cause) {
    fail(`${what}: ${errorMessage(cause)}`, { cause })
  }
  expectBytes(`what ${what} makes`, made, snapshot.bytes)
}

/** Fails unless what came along is the snapshot, or makes it of one that its reader has. */
async function expectAlong(
  { digest, bytes, base }: InlineSnapshot,
  snapshot: SampleSnapshot,
  bases: readonly SampleSnapshot[],
): Promise<void> {
  if (digest !== snapshot.digest) fail('a snapshot came along that the release does not give to this client')
  if (base === undefined) return expectBytes('the snapshot that came along', bytes, snapshot.bytes)
  const from =
    bases.find(one => one.digest === base) ??
    fail(
      bases.length === 0
        ? 'a delta came along to a reader that did not ask for deltas'
        : 'a delta came along from a snapshot that its reader does not have',
    )
  if (bytes.length > maxDeltaBytes(snapshot.bytes.length))
    fail(
      `the delta that came along: it has ${bytes.length} of the ${snapshot.bytes.length} bytes of its snapshot`,
    )
  expectMakes('the delta that came along', await codecHere(), { base: from, snapshot, delta: bytes })
}

/** What does not compress to nothing, so that half of it is more than any delta needs. */
const COMMON: readonly string[] = Array.from({ length: 200 }, () => toHex(systemRandom.bytes(32)))

/** A document that is long enough to have deltas, of which one key is its own. */
function largeDocument(): { readonly common: readonly string[]; readonly own: string } {
  return { common: COMMON, own: toHex(systemRandom.bytes(8)) }
}

/** Publishes a release of such a document, and waits until it is seen. */
async function publishLarge(
  trial: Trial<OpenedTransport>,
  log: SampleLog,
  document: ReturnType<typeof largeDocument> = largeDocument(),
): Promise<SampleSnapshot> {
  const sample = log.next({ document })
  await publishSeen(trial, sample)
  return sample.snapshot
}
