import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { systemClock } from '../../system/system.js'
import type { CaseDefinition } from './case.js'
import { expectSample } from './current.js'
import { fail } from './expect.js'
import { sampleLog } from './fixture.js'
import type { OpenedTransport } from './opened.js'
import { expectNoListeners } from './tracked-signal.js'
import { expectEnd, type WatchReader } from './watch-reader.js'

/** `watch`: what it brings. */
export const watchCases: readonly CaseDefinition<OpenedTransport>[] = [
  {
    name: 'a watch starts with the current release',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, openWatch }) {
      const log = sampleLog(namespace)
      await step('publish', publish(log.next()))
      const newest = log.next()
      await step('publish', publish(newest))
      for (let round = 0; round < 3; round += 1) {
        const reader = openWatch(transport, { namespaces: [namespace] })
        const first = await reader.release()
        expectSample('the first release of the watch', transport, first.bytes, newest)
        await reader.end()
      }
    },
  },
  {
    name: 'a watch starts with the current release of each namespace, and of no other',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, openWatch }) {
      if (transport.unmanaged === true) return
      const logs = ['', 'b', '/inner', '/other'].map(tail => sampleLog(`${namespace}${tail}`))
      const samples = logs.map(log => log.next())
      for (const sample of samples) await step('publish', publish(sample))
      const wanted = samples.slice(0, 3)
      const reader = openWatch(transport, { namespaces: wanted.map(sample => sample.namespace) })
      const missing = new Set(wanted)
      while (missing.size > 0) {
        const { namespace: own, bytes } = await reader.release()
        const sample =
          wanted.find(({ namespace: other }) => other === own) ?? fail('a namespace that was not asked for')
        expectSample(`the release of ${own}`, transport, bytes, sample)
        missing.delete(sample)
      }
      // What is published elsewhere does not come, and what is published here comes after it.
      for (const log of [...logs].reverse()) {
        const next = log.next()
        await step('publish', publish(next))
        if (log !== logs[3]) await reader.until(next)
      }
      await reader.end()
    },
  },
  {
    name: 'a watch over a namespace without a release says `alive`, and brings the first release when it comes',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, openWatch }) {
      const reader = openWatch(transport, { namespaces: [namespace] })
      const first = await reader.next()
      if (first.type !== 'alive') fail(`the first thing that the watch brought is \`${first.type}\``)
      const sample = sampleLog(namespace).next()
      await step('publish', publish(sample))
      await reader.until(sample)
      await reader.end()
    },
  },
  {
    name: 'a watch brings each release that is waited for',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, openWatch }) {
      const log = sampleLog(namespace)
      const reader = openWatch(transport, { namespaces: [namespace] })
      for (let round = 0; round < 5; round += 1) {
        const sample = log.next()
        await step('publish', publish(sample))
        await reader.until(sample)
      }
      await reader.end()
    },
  },
  {
    name: 'a watch may skip releases that follow quickly, never goes back, and comes to the newest',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, timeoutMs, openWatch }) {
      const log = sampleLog(namespace)
      const samples = Array.from({ length: 30 }, () => log.next())
      const newest = samples.at(-1) ?? fail('no sample')
      const reader = openWatch(transport, { namespaces: [namespace] }, 4 * timeoutMs)
      const publishing = (async () => {
        for (const sample of samples) await step('publish', publish(sample))
      })()
      await Promise.all([publishing, reader.until(newest)])
      await reader.end()
    },
  },
  {
    name: 'a watch brings the first release of a new epoch, whose sequence is lower',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, openWatch }) {
      const log = sampleLog(namespace)
      const reader = openWatch(transport, { namespaces: [namespace] })
      for (const epoch of ['1-9f3a01bc', '1-9f3a01bc', '2-0badcafe', '12-00000000']) {
        const sample = log.next({ epoch })
        await step('publish', publish(sample))
        await reader.until(sample)
      }
      await reader.end()
    },
  },
  {
    name: 'a release that is published while a watch begins is not lost',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, signal, step, openWatch }) {
      const log = sampleLog(namespace)
      await step('publish', publish(log.next()))
      for (let round = 0; round < 16; round += 1) {
        const sample = log.next()
        const reader = openWatch(transport, { namespaces: [namespace] })
        const reading = reader.until(sample)
        // Early rounds meet the beginning turn by turn, later ones by milliseconds.
        if (round < 8) for (let turn = 0; turn < round; turn += 1) await systemClock.turn()
        else await systemClock.sleep(round - 7, signal)
        await beside(step('publish', publish(sample)), reading)
        await reader.end()
      }
    },
  },
  {
    name: 'a release that is published right after the first read of a watch is not lost',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, openWatch }) {
      const log = sampleLog(namespace)
      let sample = log.next()
      await step('publish', publish(sample))
      // Where the watch listens only once its reader comes back for more, all that is published
      // before is lost.
      const slow = openWatch(transport, { namespaces: [namespace] })
      await slow.until(sample)
      sample = log.next()
      await step('publish', publish(sample))
      await slow.until(sample)
      await slow.end()
      // Where it listens by itself after its first read, the moment between is short: many begin
      // around one publish.
      for (let round = 0; round < CROWDS; round += 1) {
        sample = log.next()
        const readers: WatchReader[] = []
        const readings: Promise<void>[] = []
        const begin = async (): Promise<void> => {
          for (let one = 0; one < CROWD; one += 1) {
            const reader = openWatch(transport, { namespaces: [namespace] })
            readers.push(reader)
            readings.push(reader.until(sample))
            await systemClock.turn()
          }
        }
        const publishing = async (): Promise<void> => {
          for (let turn = 0; turn < round; turn += 1) await systemClock.turn()
          await step('publish', publish(sample))
        }
        await Promise.all([begin(), publishing()])
        await Promise.all(readings)
        await Promise.all(readers.map(reader => reader.end()))
      }
    },
  },
  {
    name: 'when a watch brings a release, its snapshot can be read',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, signal, step, openWatch }) {
      const log = sampleLog(namespace)
      const reader = openWatch(transport, { namespaces: [namespace] })
      for (let round = 0; round < 5; round += 1) {
        const sample = log.next()
        const reading = async (): Promise<void> => {
          await reader.until(sample)
          const { digest } = sample.snapshot
          await step(
            'the snapshot of a release that came',
            transport.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal),
          )
        }
        await beside(step('publish', publish(sample)), reading())
      }
      await reader.end()
    },
  },
  {
    name: 'watches beside each other each come to the newest release, and one that ends does not end the others',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, openWatch }) {
      const log = sampleLog(namespace)
      const first = log.next()
      await step('publish', publish(first))
      const readers = Array.from({ length: 16 }, () => openWatch(transport, { namespaces: [namespace] }))
      await Promise.all(readers.map(reader => reader.until(first)))
      const second = log.next()
      await step('publish', publish(second))
      await Promise.all(readers.map(reader => reader.until(second)))
      await Promise.all(readers.filter((_, index) => index % 2 === 1).map(reader => reader.end()))
      const others = readers.filter((_, index) => index % 2 === 0)
      const third = log.next()
      await step('publish', publish(third))
      await Promise.all(others.map(reader => reader.until(third)))
      await Promise.all(others.map(reader => reader.end()))
    },
  },
  {
    name: 'a reader that stalls holds up nobody, and comes to the newest release when it reads on',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, openWatch }) {
      const log = sampleLog(namespace)
      const first = log.next()
      await step('publish', publish(first))
      const stalled = openWatch(transport, { namespaces: [namespace] })
      const lively = openWatch(transport, { namespaces: [namespace] })
      await Promise.all([stalled.until(first), lively.until(first)])
      let sample = first
      for (let round = 0; round < 25; round += 1) {
        sample = log.next()
        await step('publish beside a stalled reader', publish(sample))
        if (round % 8 === 0) await lively.until(sample)
      }
      await stalled.until(sample)
      await Promise.all([stalled.end(), lively.end()])
    },
  },
  {
    name: 'a watch ends when its signal aborts: before it began, while it waits, while its reader stalls',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, timeoutMs, openWatch }) {
      const before = openWatch(transport, { namespaces: [namespace] })
      await before.end()

      const beginning = openWatch(transport, { namespaces: [namespace] })
      const early = beginning.iterator.next()
      beginning.tracked.abort()
      await step(
        'the first step of an aborted watch',
        early.catch(() => fail('an aborted watch must end, and it threw')),
      )
      await beginning.end()

      const sample = sampleLog(namespace).next()
      await step('publish', publish(sample))
      const waiting = openWatch(transport, { namespaces: [namespace] })
      await waiting.until(sample)
      const pending = waiting.iterator.next()
      await systemClock.turn()
      waiting.tracked.abort()
      await step(
        'a waiting watch that is aborted',
        pending.catch(() => fail('an aborted watch must end, and it threw')),
      )
      await waiting.end()

      const stalled = openWatch(transport, { namespaces: [namespace] })
      await stalled.until(sample)
      stalled.tracked.abort()
      await expectEnd(stalled.iterator, timeoutMs)
      await stalled.end()
    },
  },
  {
    name: 'a watch whose reader leaves the loop ends, and leaves nothing on its signal',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, step, timeoutMs, openWatch }) {
      const sample = sampleLog(namespace).next()
      await step('publish', publish(sample))
      const reader = openWatch(transport, { namespaces: [namespace] })
      await reader.until(sample)
      await step('return() of the watch', Promise.resolve(reader.iterator.return?.()))
      await expectEnd(reader.iterator, timeoutMs)
      await expectNoListeners(reader.tracked)
    },
  },
  {
    name: 'watches that ended leave nothing open',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, signal, step, openWatch }) {
      const sample = sampleLog(namespace).next()
      await step('publish', publish(sample))
      const cycle = async (): Promise<void> => {
        const reader = openWatch(transport, { namespaces: [namespace] })
        await reader.until(sample)
        await reader.end()
      }
      await cycle()
      const before = openThings()
      for (let round = 0; round < ENDED; round += 1) await cycle()
      await expectClosed(`${ENDED} watches that ended`, before, signal)
    },
  },
  {
    name: 'a watch that is aborted while its reader stalls gives back what it holds, though nobody reads on',
    capability: 'watch',
    async run({ opened: { transport, publish }, namespace, signal, step, openWatch }) {
      const sample = sampleLog(namespace).next()
      await step('publish', publish(sample))
      const cycle = async (): Promise<void> => {
        const reader = openWatch(transport, { namespaces: [namespace] })
        await reader.until(sample)
        reader.tracked.abort()
      }
      await cycle()
      const before = openThings()
      for (let round = 0; round < ENDED; round += 1) await cycle()
      await expectClosed(
        `${ENDED} watches that were aborted while nobody read them (a \`finally\` is not reached then: close when the signal aborts)`,
        before,
        signal,
      )
    },
  },
]

/**
 * Waits for a publish and for what reads beside it. Where both fail, the publish is the reason: a
 * watch cannot bring what was not published.
 */
async function beside(publishing: Promise<unknown>, reading: Promise<unknown>): Promise<void> {
  const outcomes = await Promise.allSettled([publishing, reading])
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason
}

/** How many watches are ended to see what they leave. */
const ENDED = 25

/** How many watches begin around one publish, and how often, one turn of the event loop apart. */
const CROWD = 12
const CROWDS = 6

/** Fails when more stays open than before. Sockets take a moment to close. */
async function expectClosed(what: string, before: number, signal: AbortSignal): Promise<void> {
  for (let round = 0; openThings() > before + 10; round += 1) {
    if (round === 100)
      fail(`after ${what}, ${openThings() - before} more sockets, files or timers are open than after one`)
    await systemClock.sleep(20, signal)
  }
}

/** How many sockets, files and timers keep this process alive, where the runtime tells. */
function openThings(): number {
  const { process } = globalThis
  return process?.getActiveResourcesInfo?.().length ?? 0
}
