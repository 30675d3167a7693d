import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import type { Digest } from '../../contracts/names.js'
import { formatPosition } from '../../contracts/position.js'
import { systemClock } from '../../system/system.js'
import type { CaseDefinition, Trial } from './case.js'
import { expectNewest } from './current.js'
import { eventually, fail, settled } from './expect.js'
import { sampleLog } from './fixture.js'
import type { OpenedMirror, OpenedStore, OpenedTransport } from './opened.js'
import { publishSeen } from './publish-seen.js'
import { expectNoListeners, trackedSignal } from './tracked-signal.js'

/**
 * How long a call waits for what is silent before it is aborted, in milliseconds: not connected
 * yet, and long since.
 */
const WAITS_MS = [0, 20, 100]

/** Of a snapshot that nobody has. */
const OTHER_DIGEST: Digest = 'ab'.repeat(32)

interface AbortableCall {
  readonly what: string
  readonly run: (own: AbortSignal) => Promise<unknown>
}

/**
 * What is read and watched while the server is silent: an abort is heard after the connection was
 * made, too.
 */
export const freezeCases: readonly CaseDefinition<OpenedTransport>[] = [
  {
    name: 'calls to a server that has gone silent end when they are aborted',
    capability: 'read',
    needs: ['freeze'],
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        freeze,
        timeoutMs,
      } = trial
      const sample = sampleLog(namespace).next()
      await publishSeen(trial, sample)
      const { digest } = sample.snapshot
      const { delta, next } = transport
      const thaw = await freeze()
      await abortInSilence(trial, [
        { what: 'latest', run: own => transport.latest({ namespace }, own) },
        {
          what: 'snapshot',
          run: own => transport.snapshot({ namespace, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, own),
        },
        ...(next === undefined
          ? []
          : [
              {
                what: 'next',
                run: (own: AbortSignal) => next.call(transport, { namespace, after: sample.at }, own),
              },
            ]),
        ...(delta === undefined
          ? []
          : [
              {
                what: 'delta',
                run: (own: AbortSignal) =>
                  delta.call(transport, { namespace, digest, base: OTHER_DIGEST, maxBytes: 4_096 }, own),
              },
            ]),
      ])
      await thaw()
      await eventually(
        'latest, with a server that answers again',
        () => expectNewest(transport, sample, { signal }),
        2 * timeoutMs,
      )
    },
  },
  {
    name: 'a watch whose server has gone silent ends when it is aborted, as does one that begins then',
    capability: 'watch',
    needs: ['freeze'],
    async run({ opened: { transport, publish }, namespace, signal, step, freeze, openWatch }) {
      const sample = sampleLog(namespace).next()
      await step('publish', publish(sample))
      const running = openWatch(transport, { namespaces: [namespace] })
      await running.until(sample)
      await freeze()
      const beginning = openWatch(transport, { namespaces: [namespace] })
      for (const [what, reader] of [
        ['a watch whose server has gone silent, aborted', running],
        ['a watch that begins while its server is silent, aborted', beginning],
      ] as const) {
        const waiting = settled(reader.iterator.next())
        await systemClock.sleep(WAITS_MS.at(-1) ?? 0, signal)
        reader.tracked.abort()
        await step(what, waiting)
        await step(what, reader.leave())
        await expectNoListeners(reader.tracked)
      }
    },
  },
]

/** What is written to a store that is silent. */
export const frozenWriteCases: readonly CaseDefinition<OpenedStore>[] = [
  {
    name: 'writes to a server that has gone silent end when they are aborted, and can be made anew',
    capability: 'append',
    needs: ['freeze'],
    async run(trial) {
      const {
        opened: { store },
        namespace,
        signal,
        freeze,
        timeoutMs,
      } = trial
      const { snapshot, at, bytes } = sampleLog(namespace).next()
      await trial.step('put', store.put({ namespace, ...snapshot }, signal))
      const thaw = await freeze()
      await abortInSilence(trial, [
        { what: 'put', run: own => store.put({ namespace, ...snapshot }, own) },
        { what: 'append', run: own => store.append({ namespace, at, bytes }, own) },
      ])
      await thaw()
      await eventually(
        'append, with a server that answers again',
        async () => {
          // Whether it was written before it was given up cannot be known.
          if ((await store.append({ namespace, at, bytes }, signal)) === 'taken')
            fail(`append of ${formatPosition(at)}, made anew after an abort, is 'taken' by its own bytes`)
        },
        2 * timeoutMs,
      )
    },
  },
]

/** What a mirror is given while it is silent. */
export const frozenAnnounceCases: readonly CaseDefinition<OpenedMirror>[] = [
  {
    name: 'put and announce to a server that has gone silent end when they are aborted',
    capability: 'announce',
    needs: ['freeze'],
    async run(trial) {
      const {
        opened: { mirror },
        namespace,
        freeze,
      } = trial
      const { snapshot, bytes } = sampleLog(namespace).next()
      await freeze()
      await abortInSilence(trial, [
        { what: 'put', run: own => mirror.put({ namespace, ...snapshot }, own) },
        { what: 'announce', run: own => mirror.announce({ namespace, bytes }, own) },
      ])
    },
  },
]

/**
 * Aborts each call after several waits. Fails when one does not end by that, and when none was
 * waiting at all.
 */
async function abortInSilence(
  { step, signal }: Pick<Trial<unknown>, 'step' | 'signal'>,
  calls: readonly AbortableCall[],
): Promise<void> {
  let waited = 0
  for (const { what, run } of calls) {
    for (const waitMs of WAITS_MS) {
      const own = trackedSignal()
      let ended = false
      const running = settled(run(own.signal)).then(() => void (ended = true))
      await systemClock.sleep(waitMs, signal)
      if (!ended) waited += 1
      own.abort()
      await step(`${what} to a server that has gone silent, aborted after ${waitMs} ms,`, running)
      await expectNoListeners(own)
    }
  }
  if (waited === 0) fail(`freeze() kept ${calls.map(({ what }) => what).join(' and ')} from nothing`)
}
