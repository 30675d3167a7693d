import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import type { CaseDefinition } from './case.js'
import { expectNewest } from './current.js'
import { eventually, expectBytes, expectRefusal, fail } from './expect.js'
import { sampleLog, type SampleRelease } from './fixture.js'
import type { OpenedMirror } from './opened.js'

/** `put` and `announce`, seen through the transport that reads the mirror. */
export const announceCases: readonly CaseDefinition<OpenedMirror>[] = [
  {
    name: 'what is put and announced can be read, byte for byte, however often it is said',
    capability: 'announce',
    async run({ opened, namespace, signal, step }) {
      const { mirror, transport } = opened
      if (typeof mirror.name !== 'string' || mirror.name === '') fail('`name` is empty')
      const log = sampleLog(namespace)
      for (const sample of [log.next(), log.next({ epoch: '2-0badcafe' }), log.next()]) {
        for (let round = 0; round < 2; round += 1) {
          await step('put and announce', announceTo(opened, sample, signal))
          await step('latest', expectNewest(transport, sample, { signal }))
          await step('snapshot', expectSnapshot(opened, sample, signal))
        }
      }
    },
  },
  {
    name: 'snapshots of several releases stay beside each other',
    capability: 'put',
    async run({ opened, namespace, signal, step }) {
      const log = sampleLog(namespace)
      const samples = [log.next(), log.next(), log.next()]
      for (const sample of samples) await step('put and announce', announceTo(opened, sample, signal))
      for (const sample of samples) await step('snapshot', expectSnapshot(opened, sample, signal))
    },
  },
  {
    name: 'an announcement that comes late does not take back a newer one',
    capability: 'announce',
    async run({ opened, namespace, signal, step }) {
      const { mirror, transport } = opened
      const log = sampleLog(namespace)
      const [first, second] = [log.next(), log.next()]
      for (const sample of [first, second]) await step('put and announce', announceTo(opened, sample, signal))
      // Two publishers race, and the slower one is late: refused or ignored, but the newer release
      // stays.
      await step(
        'announce',
        mirror.announce({ namespace, bytes: first.bytes }, signal).catch(() => {}),
      )
      await step(
        'latest',
        expectNewest(transport, second, { what: 'latest after a late announcement', signal }),
      )
      const third = log.next({ epoch: '12-00000000' })
      await step('put and announce', announceTo(opened, third, signal))
      await step(
        'announce',
        mirror.announce({ namespace, bytes: second.bytes }, signal).catch(() => {}),
      )
      await step(
        'latest',
        expectNewest(transport, third, {
          what: 'latest after a late announcement of an older epoch',
          signal,
        }),
      )
    },
  },
  {
    name: 'a damaged snapshot is repaired by putting it again',
    capability: 'put',
    needs: ['damage'],
    async run({ opened, namespace, signal, step, hook }) {
      const sample = sampleLog(namespace).next()
      await step('put and announce', announceTo(opened, sample, signal))
      await step('damage()', hook('damage').call(opened, { namespace, digest: sample.snapshot.digest }))
      await step('put and announce', announceTo(opened, sample, signal))
      await step('snapshot', expectSnapshot(opened, sample, signal))
    },
  },
  {
    name: 'without a connection put and announce are `unavailable`, and made anew afterwards they work',
    capability: 'announce',
    needs: ['cut'],
    async run({ opened, namespace, signal, step, cut, timeoutMs }) {
      const { mirror, transport } = opened
      const log = sampleLog(namespace)
      await step('put and announce', announceTo(opened, log.next(), signal))
      const sample = log.next()
      const heal = await cut()
      const put = mirror.put({ namespace, ...sample.snapshot }, signal)
      await step('put', expectRefusal('put without a connection', put, 'unavailable'))
      const announce = mirror.announce({ namespace, bytes: sample.bytes }, signal)
      await step('announce', expectRefusal('announce without a connection', announce, 'unavailable'))
      await heal()
      await eventually(
        'put and announce, with the connection back',
        () => announceTo(opened, sample, signal),
        2 * timeoutMs,
      )
      await eventually('latest', () => expectNewest(transport, sample, { signal }), timeoutMs)
    },
  },
  {
    name: 'a mirror takes nothing from somebody without permission',
    capability: 'announce',
    needs: ['stranger'],
    async run({ opened, namespace, signal, step, hook }) {
      const log = sampleLog(namespace)
      const first = log.next()
      await step('put and announce', announceTo(opened, first, signal))
      const stranger = await step('stranger()', hook('stranger').call(opened))
      const { snapshot, bytes } = log.next()
      const put = stranger.put({ namespace, ...snapshot }, signal)
      await step('put', expectRefusal('put by a stranger', put, 'unauthorized', 'forbidden'))
      const announce = stranger.announce({ namespace, bytes }, signal)
      await step('announce', expectRefusal('announce by a stranger', announce, 'unauthorized', 'forbidden'))
      await step('latest', expectNewest(opened.transport, first, { signal }))
    },
  },
]

/** First the snapshot, then the release. */
export async function announceTo(
  { mirror }: OpenedMirror,
  { namespace, snapshot, bytes }: SampleRelease,
  signal: AbortSignal,
): Promise<void> {
  await mirror.put({ namespace, ...snapshot }, signal)
  await mirror.announce({ namespace, bytes }, signal)
}

async function expectSnapshot(
  { transport }: OpenedMirror,
  { namespace, snapshot }: SampleRelease,
  signal: AbortSignal,
): Promise<void> {
  expectBytes(
    'the snapshot',
    await transport.snapshot(
      { namespace, digest: snapshot.digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES },
      signal,
    ),
    snapshot.bytes,
  )
}
