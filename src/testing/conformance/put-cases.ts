import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { formatPosition } from '../../contracts/position.js'
import { systemClock } from '../../system/system.js'
import type { CaseDefinition } from './case.js'
import { expectBytes, expectRefusal, fail, settled } from './expect.js'
import { sampleLog, sampleOfSize, sampleSnapshot } from './fixture.js'
import type { OpenedStore } from './opened.js'
import { expectNoListeners, trackedSignal } from './tracked-signal.js'

/** `put`: keeping snapshots. */
export const putCases: readonly CaseDefinition<OpenedStore>[] = [
  {
    name: 'a snapshot that was put can be read at once, also when it is put again',
    capability: 'put',
    async run({ opened: { store }, namespace, signal, step }) {
      for (const { digest, bytes } of [sampleSnapshot({ a: 'Grüße 🛰' }), sampleSnapshot(null)]) {
        for (let round = 0; round < 2; round += 1) {
          await step('put', store.put({ namespace, digest, bytes }, signal))
          expectBytes(
            'the snapshot',
            await step(
              'snapshot',
              store.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal),
            ),
            bytes,
          )
        }
      }
    },
  },
  {
    name: 'the same snapshot put by many at the same time is kept once and whole',
    capability: 'put',
    async run({ opened: { store }, namespace, signal, step }) {
      const { digest, bytes } = sampleOfSize(100_000).snapshot
      const puts = Array.from({ length: 8 }, () => store.put({ namespace, digest, bytes }, signal))
      await step('8 puts', Promise.all(puts))
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
    name: 'bytes that are not the ones their digest names are refused, and nothing is kept',
    capability: 'put',
    async run({ opened: { store }, namespace, signal, step }) {
      const { digest } = sampleSnapshot('these')
      const { bytes } = sampleSnapshot('those')
      const put = store.put({ namespace, digest, bytes }, signal)
      await step('put', expectRefusal('put of other bytes', put, 'digest-mismatch', 'invalid-data'))
      const read = store.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal)
      await step('snapshot', expectRefusal('the snapshot that was refused', read, 'not-found'))
    },
  },
  {
    name: 'a snapshot of `maxSnapshotBytes` is kept, and a larger one is `too-large` before anything is written',
    capability: 'put',
    async run({ opened: { store }, namespace, signal, step }) {
      const { maxSnapshotBytes } = store
      if (!Number.isSafeInteger(maxSnapshotBytes) || maxSnapshotBytes < 1)
        fail('`maxSnapshotBytes` must be a whole number above 0')
      if (maxSnapshotBytes > 16 * MAX_SNAPSHOT_BYTES) return
      const largest = sampleOfSize(maxSnapshotBytes).snapshot
      await step('put of the largest', store.put({ namespace, ...largest }, signal))
      const back = await step(
        'snapshot',
        store.snapshot({ namespace, digest: largest.digest, maxSnapshotBytes }, signal),
      )
      expectBytes('the largest snapshot', back, largest.bytes)
      const larger = sampleOfSize(maxSnapshotBytes + 1).snapshot
      await step(
        'put',
        expectRefusal('a byte more', store.put({ namespace, ...larger }, signal), 'too-large'),
      )
      const read = store.snapshot(
        { namespace, digest: larger.digest, maxSnapshotBytes: maxSnapshotBytes + 1 },
        signal,
      )
      await step('snapshot', expectRefusal('the snapshot that was too large', read, 'not-found'))
    },
  },
  {
    name: 'bytes that the caller changes after a write was acknowledged change nothing',
    capability: 'put',
    async run({ opened: { store }, namespace, signal, step }) {
      const { digest, bytes } = sampleSnapshot('kept')
      // As many callers have them: a copy by `slice()` would share the memory of a Buffer.
      const own = typeof Buffer === 'undefined' ? bytes.slice() : Buffer.from(bytes)
      await step('put', store.put({ namespace, digest, bytes: own }, signal))
      own.fill(0)
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
    name: 'bytes that are part of a larger buffer are written as they are',
    capability: 'put',
    async run({ opened: { store }, namespace, signal, step }) {
      const { digest, bytes } = sampleSnapshot('a part')
      const larger = new Uint8Array(bytes.length + 64).fill(0x20)
      larger.set(bytes, 32)
      const put = store.put({ namespace, digest, bytes: larger.subarray(32, 32 + bytes.length) }, signal)
      await step('put', put)
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
    name: 'a damaged snapshot is repaired by putting it again',
    capability: 'put',
    needs: ['damage'],
    async run({ opened, namespace, signal, step, hook }) {
      const { store } = opened
      const { digest, bytes } = sampleSnapshot({ a: 'whole' })
      await step('put', store.put({ namespace, digest, bytes }, signal))
      await step('damage()', hook('damage').call(opened, { namespace, digest }))
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
    name: 'writes that are aborted, before or in the middle, end at once, and can be made anew',
    capability: 'put',
    async run({ opened: { store }, namespace, signal, step }) {
      const log = sampleLog(namespace)
      for (let turns = -1; turns <= 8; turns += 1) {
        const sample = log.next()
        const { snapshot, at, bytes } = sample
        const calls: readonly ((own: AbortSignal) => Promise<unknown>)[] = [
          own => store.put({ namespace, ...snapshot }, own),
          own => store.append({ namespace, at, bytes }, own),
        ]
        for (const call of calls) {
          const during = trackedSignal()
          if (turns < 0) during.abort()
          const running = settled(call(during.signal))
          for (let turn = 0; turn < turns; turn += 1) await systemClock.turn()
          during.abort()
          await step('an aborted write', running)
          await expectNoListeners(during)
          // Whether it was written before it was given up cannot be known: making it anew is right
          // in both cases.
          const outcome = await step('the same write again', call(signal))
          if (outcome === 'taken')
            fail(`append of ${formatPosition(at)}, made anew after an abort, is 'taken' by its own bytes`)
        }
      }
    },
  },
]
