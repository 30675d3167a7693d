import { isNoticeboardError } from '../../contracts/errors.js'
import type { Digest } from '../../contracts/names.js'
import type { Delivery } from '../../contracts/transport.js'
import { errorMessage } from '../../core/built-ins.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { toHex } from '../../core/release/digest.js'
import { systemRandom } from '../../system/system.js'
import type { CaseDefinition, Trial } from './case.js'
import { expectStands, isSample } from './current.js'
import { expectBytes, expectRefusal, fail } from './expect.js'
import { SAMPLE_IDENTITY, sampleLog, sampleOfSize, sampleSnapshot, type SampleRelease } from './fixture.js'
import type { OpenedTransport } from './opened.js'
import { publishSeen } from './publish-seen.js'

/**
 * Snapshots that are worth an encoding: whatever they travel as, their own bytes arrive. A transport
 * that encodes nothing keeps these promises too.
 */
export const encodingCases: readonly CaseDefinition<OpenedTransport>[] = [
  {
    name: 'a snapshot that compresses well comes back byte for byte, with whatever bound and however often it is asked for',
    capability: 'read',
    async run(trial) {
      const log = sampleLog(trial.namespace)
      let have = sampleSnapshot('nobody published this').digest
      for (const lines of [25, 800]) {
        const sample = log.next({ document: compressible(lines) })
        await publishSeen(trial, sample)
        const { digest, bytes } = sample.snapshot
        for (const maxSnapshotBytes of [bytes.length, bytes.length + 1, MAX_SNAPSHOT_BYTES]) {
          await expectItself(trial, sample, { maxSnapshotBytes })
          await expectItself(trial, sample, { maxSnapshotBytes, have })
        }
        await Promise.all(Array.from({ length: 10 }, () => expectItself(trial, sample)))
        have = digest
      }
    },
  },
  {
    name: 'of snapshots that compress alike each comes as itself, in turn and at the same time',
    capability: 'read',
    async run(trial) {
      const {
        opened: { transport },
        signal,
        step,
      } = trial
      const log = sampleLog(trial.namespace)
      const before = log.next({ document: compressible(200) })
      await publishSeen(trial, before)
      await expectItself(trial, before)
      const newest = log.next({ document: compressible(200) })
      const tag = await publishSeen(trial, newest)
      const have = before.snapshot.digest
      const turns: (() => Promise<void>)[] = [
        () => expectItself(trial, newest, { have }),
        () => expectItselfOrGone(trial, before),
        () => expectItself(trial, newest),
      ]
      if (transport.unmanaged !== true) {
        const elsewhere = sampleLog(`${trial.namespace}b`).next({ document: compressible(200) })
        await publishSeen(trial, elsewhere)
        turns.push(() => expectItself(trial, elsewhere))
      }
      for (let round = 0; round < 2; round += 1) for (const turn of turns) await turn()
      await Promise.all([...turns, ...turns].map(turn => turn()))
      if (tag !== undefined)
        await step('latest with its tag', expectStands(transport, newest, { tag, signal }))
      await expectItself(trial, newest)
    },
  },
  {
    name: 'a bound below the size of a snapshot is `too-large`, however little its encoding has, before it came whole and after',
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
      const { digest, bytes } = sample.snapshot
      const refuses = async (when: string): Promise<void> => {
        // Its encodings have a few hundred bytes.
        for (const maxSnapshotBytes of [2_000, 100_000, bytes.length - 1]) {
          const asked = transport.snapshot({ namespace, digest, maxSnapshotBytes }, signal)
          const what = `a snapshot of ${bytes.length} bytes with a bound of ${maxSnapshotBytes}, ${when} it came whole`
          await step('snapshot', expectRefusal(what, asked, 'too-large'))
        }
      }
      await refuses('before')
      await expectItself(trial, sample, { maxSnapshotBytes: bytes.length })
      await refuses('after')
      await expectItself(trial, sample)
    },
  },
  {
    name: 'a snapshot that compresses well comes along as itself, and not again to a client that has it',
    capability: 'inline',
    needs: ['watch'],
    async run(trial) {
      const { namespace, openWatch, opened, step } = trial
      const log = sampleLog(namespace)
      let newest = log.next({ document: compressible(200) })
      await publishSeen(trial, newest)
      // One after the other: watches of one client may share what comes along.
      for (const holds of [false, true]) {
        const have = holds ? newest.snapshot.digest : undefined
        const reader = openWatch(opened.transport, {
          namespaces: [namespace],
          identity: SAMPLE_IDENTITY,
          inline: true,
          ...(have !== undefined && { have: { [namespace]: have } }),
        })
        expectAlong(await reader.release(), newest, have)
        newest = log.next({ document: compressible(200) })
        await step('publish', opened.publish(newest))
        let release = await reader.release()
        while (!isSample(opened.transport, release.bytes, newest)) release = await reader.release()
        expectAlong(release, newest, have)
        await reader.end()
      }
    },
  },
]

/** What else a snapshot is asked for with. */
interface Asked {
  readonly maxSnapshotBytes?: number
  readonly have?: Digest
}

/** Asks for the snapshot of a sample. */
function ask(
  { opened: { transport }, signal, step }: Trial<OpenedTransport>,
  { namespace, snapshot: { digest } }: SampleRelease,
  asked: Asked = {},
): Promise<Uint8Array> {
  const query = { namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES, ...asked }
  return step('snapshot', transport.snapshot(query, signal))
}

/** Fails unless the snapshot of a sample is what comes. */
async function expectItself(
  trial: Trial<OpenedTransport>,
  sample: SampleRelease,
  asked?: Asked,
): Promise<void> {
  let found: Uint8Array
  try {
    found = await ask(trial, sample, asked)
  } catch (cause) {
    fail(`the snapshot: ${errorMessage(cause)}`, { cause })
  }
  expectBytes('the snapshot', found, sample.snapshot.bytes)
}

/** The same for one that the newest release does not name: where only that is kept, it is gone. */
async function expectItselfOrGone(trial: Trial<OpenedTransport>, sample: SampleRelease): Promise<void> {
  const found = await ask(trial, sample).catch((cause: unknown) =>
    isNoticeboardError(cause, 'not-found')
      ? undefined
      : fail(`the snapshot of the release before: ${errorMessage(cause)}`, { cause }),
  )
  if (found !== undefined) expectBytes('the snapshot of the release before', found, sample.snapshot.bytes)
}

/** Fails unless what came along is the snapshot of a sample, and one that its reader lacks. */
function expectAlong(
  { snapshots = [] }: Extract<Delivery, { readonly type: 'release' }>,
  { snapshot }: SampleRelease,
  have: Digest | undefined,
): void {
  for (const { digest, bytes } of snapshots) {
    if (digest === have) fail('the snapshot that the client holds came along again')
    if (digest !== snapshot.digest)
      fail('a snapshot came along that the release does not give to this client')
    expectBytes('the snapshot that came along', bytes, snapshot.bytes)
  }
}

/**
 * A document of 58 bytes a line that compresses to little. Two of as many lines are as long and
 * begin alike: only their last bytes tell them apart.
 */
function compressible(lines: number): { readonly common: string; readonly own: string } {
  return {
    common: 'the same line once more, Grüße, 世界, 🛰 and so on\n'.repeat(lines),
    own: toHex(systemRandom.bytes(8)),
  }
}
