import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { systemClock } from '../../system/system.js'
import type { CaseDefinition } from './case.js'
import { expectNewest } from './current.js'
import { eventually, expectBytes, expectRefusal, fail, settled } from './expect.js'
import { sampleLog, sampleOfSize } from './fixture.js'
import type { OpenedTransport } from './opened.js'
import { publishSeen } from './publish-seen.js'
import { expectNoListeners, trackedSignal } from './tracked-signal.js'

/** The bytes; undefined where the connection was lost. Fails where it is lost in another way. */
async function bytesOrLoss(read: Promise<Uint8Array>): Promise<Uint8Array | undefined> {
  try {
    return await read
  } catch (error) {
    await expectRefusal('snapshot without a connection', Promise.reject(error as Error), 'unavailable')
    return undefined
  }
}

/** `latest` and `snapshot`: many at the same time, aborted ones, and without a connection. */
export const readTroubleCases: readonly CaseDefinition<OpenedTransport>[] = [
  {
    name: 'many readers at the same time each get the exact bytes',
    capability: 'read',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const samples = [namespace, `${namespace}b`].map(name =>
        sampleLog(name).next({ document: { name, text: sampleOfSize(20_000).document } }),
      )
      for (const sample of transport.unmanaged === true ? samples.slice(0, 1) : samples)
        await publishSeen(trial, sample)
      const readers = Array.from({ length: 40 }, async (_, reader) => {
        const sample = samples[transport.unmanaged === true ? 0 : reader % 2] ?? fail('no sample')
        await expectNewest(transport, sample, { signal })
        const { digest, bytes } = sample.snapshot
        expectBytes(
          'the snapshot',
          await transport.snapshot(
            { namespace: sample.namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES },
            signal,
          ),
          bytes,
        )
      })
      await step('40 readers', Promise.all(readers))
    },
  },
  {
    name: 'calls that are aborted, before or in the middle, end at once and leave nothing on the signal',
    capability: 'read',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const sample = sampleLog(namespace).next({ document: sampleOfSize(200_000).document })
      await publishSeen(trial, sample)
      const { digest } = sample.snapshot
      const calls: readonly ((own: AbortSignal) => Promise<unknown>)[] = [
        own => transport.latest({ namespace }, own),
        own => transport.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, own),
      ]
      for (const call of calls) {
        const before = trackedSignal()
        before.abort()
        await step('a call with an aborted signal', settled(call(before.signal)))
        for (let turns = 0; turns <= 8; turns += 1) {
          const during = trackedSignal()
          const running = settled(call(during.signal))
          for (let turn = 0; turn < turns; turn += 1) await systemClock.turn()
          during.abort()
          await step('an aborted call', running)
          await expectNoListeners(during)
        }
      }
      await step('latest', expectNewest(transport, sample, { what: 'latest after aborted calls', signal }))
    },
  },
  {
    name: 'a lost connection is `unavailable`, and what was there is there again when it is back',
    capability: 'read',
    needs: ['cut'],
    async run(trial) {
      const { opened, namespace, signal, step, cut, timeoutMs } = trial
      const { transport } = opened
      const sample = sampleLog(namespace).next()
      await publishSeen(trial, sample)
      const { digest, bytes } = sample.snapshot
      const heal = await cut()
      const asked = transport.latest({ namespace }, signal)
      await step(
        'latest without a connection',
        expectRefusal('latest without a connection', asked, 'unavailable'),
      )
      // A copy at hand may answer: the bytes of a digest are the right ones, however old they are.
      const read = transport.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal)
      const kept = await step('snapshot without a connection', bytesOrLoss(read))
      if (kept !== undefined) expectBytes('the snapshot that was kept here', kept, bytes)
      await heal()
      // Drivers take their time to connect anew.
      await eventually(
        'latest, with the connection back',
        () => expectNewest(transport, sample, { signal }),
        2 * timeoutMs,
      )
      expectBytes(
        'the snapshot',
        await step(
          'snapshot',
          transport.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal),
        ),
        bytes,
      )
    },
  },
]
