import { settlesWithin } from '../../async/deadline.js'
import { sameBytes } from '../../core/json/text.js'
import { systemClock } from '../../system/system.js'
import type { CaseDefinition, Trial } from './case.js'
import { expectRefusal, fail, settled } from './expect.js'
import { sampleLog, type SampleLog, type SampleRelease } from './fixture.js'
import type { OpenedNotices } from './opened.js'
import { expectName } from './read-cases.js'
import { expectNoListeners } from './tracked-signal.js'
import { expectEnd, type WatchReader } from './watch-reader.js'

/**
 * How long one notice may be on its way before the next is sent, in milliseconds: it may be lost.
 */
const NEXT_MS = 20

/**
 * What only notifies: it may lose what it is told, and knows nothing of what was published before.
 */
export const noticeCases: readonly CaseDefinition<OpenedNotices>[] = [
  {
    name: 'it has a name for people that holds no credentials',
    capability: 'notices',
    run: async ({ opened: { notify } }) => expectName(notify),
  },
  {
    name: 'a watch says that it listens, before anything is published',
    capability: 'notices',
    async run({ opened: { notify }, namespace, openWatch }) {
      const reader = openWatch(notify, { namespaces: [namespace] })
      const first = await reader.next()
      if (first.type !== 'alive') fail(`the first thing that the watch brought is \`${first.type}\``)
      await reader.end()
    },
  },
  {
    name: 'notices bring the bytes of what is published, in order, however many of them are lost',
    capability: 'notices',
    async run(trial) {
      const { opened, namespace, openWatch } = trial
      const log = sampleLog(namespace)
      const reader = openWatch(opened.notify, { namespaces: [namespace] })
      await reader.next()
      const sent: SampleRelease[] = []
      for (let round = 0; round < 5; round += 1) await untilHeard(trial, { reader, log, sent })
      await reader.end()
    },
  },
  {
    name: 'notices come from each namespace that is asked for, and from no other',
    capability: 'notices',
    async run(trial) {
      const { opened, namespace, openWatch } = trial
      const logs = ['', 'b', '/inner', '/other'].map(tail => sampleLog(`${namespace}${tail}`))
      const reader = openWatch(opened.notify, {
        namespaces: ['', 'b', '/inner'].map(tail => `${namespace}${tail}`),
      })
      await reader.next()
      const sent: SampleRelease[] = []
      for (const [index, log] of [...logs.entries()].reverse()) {
        if (index === 3)
          for (let left = 5; left > 0; left -= 1) await trial.step('publish', opened.publish(log.next()))
        else await untilHeard(trial, { reader, log, sent })
      }
      await reader.end()
    },
  },
  {
    name: 'a reader that stalls holds up nobody, and hears of what is published when it reads on',
    capability: 'notices',
    async run(trial) {
      const { opened, namespace, step, openWatch } = trial
      const log = sampleLog(namespace)
      const stalled = openWatch(opened.notify, { namespaces: [namespace] })
      const lively = openWatch(opened.notify, { namespaces: [namespace] })
      await Promise.all([stalled.next(), lively.next()])
      const sent: SampleRelease[] = []
      for (let round = 0; round < 25; round += 1) {
        const sample = log.next()
        sent.push(sample)
        await step('publish beside a stalled reader', opened.publish(sample))
      }
      await untilHeard(trial, { reader: lively, log, sent })
      await untilHeard(trial, { reader: stalled, log, sent })
      await Promise.all([stalled.end(), lively.end()])
    },
  },
  {
    name: 'a watch ends when its signal aborts: before it began, while it waits, while its reader stalls',
    capability: 'notices',
    async run(trial) {
      const { opened, namespace, step, timeoutMs, openWatch } = trial
      await openWatch(opened.notify, { namespaces: [namespace] }).end()
      for (const stalls of [false, true]) {
        const reader = openWatch(opened.notify, { namespaces: [namespace] })
        await reader.next()
        const waiting = stalls ? undefined : settled(reader.iterator.next())
        await systemClock.turn()
        reader.tracked.abort()
        if (waiting !== undefined) await step('a waiting watch that is aborted', waiting)
        await expectEnd(reader.iterator, timeoutMs)
        await expectNoListeners(reader.tracked)
      }
      // The same address, group or topic can be listened to again at once.
      const again = openWatch(opened.notify, { namespaces: [namespace] })
      await again.next()
      await untilHeard(trial, { reader: again, log: sampleLog(namespace), sent: [] })
      await again.end()
    },
  },
  {
    name: 'a watch whose reader leaves the loop ends, and leaves nothing on its signal',
    capability: 'notices',
    async run({ opened: { notify }, namespace, step, timeoutMs, openWatch }) {
      const reader = openWatch(notify, { namespaces: [namespace] })
      await reader.next()
      await step('return() of the watch', Promise.resolve(reader.iterator.return?.()))
      await expectEnd(reader.iterator, timeoutMs)
      await expectNoListeners(reader.tracked)
    },
  },
  {
    name: 'a watch that can no longer listen throws `unavailable`',
    capability: 'notices',
    needs: ['cut'],
    async run({ opened: { notify }, namespace, step, cut, openWatch }) {
      const reader = openWatch(notify, { namespaces: [namespace] })
      await reader.next()
      const lost = reader.iterator.next()
      lost.catch(() => {})
      await cut()
      await step('the end of a lost watch', expectRefusal('a watch that is lost', lost, 'unavailable'))
      await expectNoListeners(reader.tracked)
    },
  },
]

/**
 * Publishes one release after the other until the watch brings one of them. Fails when it brings
 * another, or goes back, and when none comes in time.
 */
async function untilHeard(
  { opened, step, timeoutMs }: Trial<OpenedNotices>,
  {
    reader,
    log,
    sent,
  }: { readonly reader: WatchReader; readonly log: SampleLog; readonly sent: SampleRelease[] },
): Promise<void> {
  const hearing = reader.release()
  hearing.catch(() => {})
  do {
    const sample = log.next()
    sent.push(sample)
    await step('publish', opened.publish(sample))
  } while (!(await settlesWithin(hearing, { clock: systemClock, timeoutMs: Math.min(NEXT_MS, timeoutMs) })))
  const { bytes } = await hearing
  if (!sent.some(sample => sameBytes(sample.bytes, bytes)))
    fail('the watch brought bytes that nobody published')
}
