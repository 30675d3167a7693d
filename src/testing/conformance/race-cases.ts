import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { formatPosition } from '../../contracts/position.js'
import type { Store } from '../../contracts/transport.js'
import { decodeRelease, positionOf } from '../../core/release/release.js'
import { systemClock } from '../../system/system.js'
import type { CaseDefinition } from './case.js'
import { eventually, expectBytes, expectRefusal, fail } from './expect.js'
import { sampleAfter, sampleLog, type SampleRelease } from './fixture.js'
import type { OpenedStore } from './opened.js'
import { expectLog, publishTo, write } from './store-steps.js'

/** How many write at the same time. */
const RIVALS = 6
/** How many releases two publishers append between them. */
const CONTESTED = 30

/** `append` when several write at the same time, and when what is behind the store fails. */
export const raceCases: readonly CaseDefinition<OpenedStore>[] = [
  {
    name: 'of several releases appended at one position at the same time exactly one wins',
    capability: 'append',
    async run({ opened: { store }, namespace, signal, step, timeoutMs }) {
      await contest({ namespace, rounds: 5, stores: [store], timeoutMs }, signal, step)
    },
  },
  {
    name: 'of several releases appended through two handles at the same time exactly one wins',
    capability: 'append',
    needs: ['another'],
    async run({ opened, namespace, signal, step, hook, timeoutMs }) {
      const another = await step('another()', hook('another').call(opened))
      await contest({ namespace, rounds: 5, stores: [opened.store, another], timeoutMs }, signal, step)
    },
  },
  {
    name: 'of several epochs of one number opened at the same time exactly one wins',
    capability: 'append',
    async run({ opened, namespace, signal, step, timeoutMs }) {
      const stores = [
        opened.store,
        ...(opened.another === undefined ? [] : [await step('another()', opened.another())]),
      ]
      for (let round = 0; round < 3; round += 1) {
        const name = `${namespace}r${round}`
        const samples = Array.from({ length: RIVALS }, (_, rival) =>
          sampleLog(name, `1-0000000${rival}`).next(),
        )
        const winner = await onlyWinner(stores, samples, signal, step)
        await eventually('the log', () => expectLog(opened.store, [winner], signal), timeoutMs)
        await step('append', publishTo(opened.store, sampleAfter(name, winner), signal))
      }
    },
  },
  {
    name: 'two publishers who read and append again and again lose no release, and write none twice',
    capability: 'append',
    async run({ opened, namespace, signal, step, timeoutMs }) {
      const stores = [
        opened.store,
        opened.another === undefined ? opened.store : await step('another()', opened.another()),
      ]
      const acknowledged: SampleRelease[] = []
      let lastMs = systemClock.monotonic()
      const publisher = async (store: Store): Promise<void> => {
        while (acknowledged.length < CONTESTED) {
          const newest = await step('latest', store.latest({ namespace }, signal))
          const before =
            newest.type === 'release'
              ? { at: positionOf(decodeRelease(newest.bytes).release), bytes: newest.bytes }
              : undefined
          const sample = sampleAfter(namespace, before)
          if ((await step('append', write(store, sample, signal))) === 'appended') {
            acknowledged.push(sample)
            lastMs = systemClock.monotonic()
          } else if (systemClock.monotonic() - lastMs > timeoutMs)
            fail(
              `${formatPosition(sample.at)} comes right after what \`latest\` gives, and is 'taken': ` +
                'what is newest must be found by numbers, in which 10 comes after 9',
            )
        }
      }
      await Promise.all(stores.map(publisher))
      const inOrder = [...acknowledged].sort((a, b) => a.at.sequence - b.at.sequence)
      for (const [index, { at }] of inOrder.entries()) {
        if (at.sequence !== index + 1)
          fail(`position ${at.sequence} was acknowledged twice, or one before it never`)
      }
      await eventually('the log', () => expectLog(opened.store, inOrder, signal), timeoutMs)
    },
  },
  {
    name: 'without a connection writes are `unavailable`, and made anew afterwards they are `appended`',
    capability: 'append',
    needs: ['cut'],
    async run({ opened, namespace, signal, step, cut, timeoutMs }) {
      const { store } = opened
      const log = sampleLog(namespace)
      const first = log.next()
      await step('append', publishTo(store, first, signal))
      const second = log.next()
      await step('put', store.put({ namespace, ...second.snapshot }, signal))
      const third = log.rival()
      const heal = await cut()
      const { at, bytes } = second
      await step(
        'append without a connection',
        expectRefusal(
          'append without a connection',
          store.append({ namespace, at, bytes }, signal),
          'unavailable',
        ),
      )
      const put = store.put({ namespace, ...third.snapshot }, signal)
      await step('put without a connection', expectRefusal('put without a connection', put, 'unavailable'))
      await heal()
      const again = async (): Promise<void> => {
        const outcome = await write(store, second, signal)
        if (outcome === 'taken')
          fail("the release that was tried without a connection is 'taken' by its own bytes")
      }
      await eventually('the same append, with the connection back', again, 2 * timeoutMs)
      await step('the log', expectLog(store, [first, second], signal))
    },
  },
  {
    name: 'what was acknowledged is there after the store ended without warning',
    capability: 'append',
    needs: ['reopen'],
    async run({ opened, namespace, signal, step, hook, timeoutMs }) {
      const log = sampleLog(namespace)
      const samples: SampleRelease[] = []
      let { store } = opened as { store: Store }
      for (let round = 0; round < 3; round += 1) {
        for (let left = 2; left > 0; left -= 1) {
          const sample = log.next()
          await step('append', publishTo(store, sample, signal))
          samples.push(sample)
        }
        store = await step('reopen()', hook('reopen').call(opened))
        const again = store
        await eventually('the log', () => expectLog(again, samples, signal), timeoutMs)
        for (const { snapshot } of samples) {
          const { digest, bytes } = snapshot
          expectBytes(
            'a snapshot',
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
]

type Step = <T>(what: string, promise: Promise<T>) => Promise<T>

/** Rounds of several releases at one position, spread over the handles. */
async function contest(
  {
    namespace,
    rounds,
    stores,
    timeoutMs,
  }: {
    readonly namespace: string
    readonly rounds: number
    readonly stores: readonly Store[]
    readonly timeoutMs: number
  },
  signal: AbortSignal,
  step: Step,
): Promise<void> {
  const [store] = stores
  if (store === undefined) return fail('no store')
  const winners: SampleRelease[] = []
  for (let round = 0; round < rounds; round += 1) {
    const samples = Array.from({ length: RIVALS }, () => sampleAfter(namespace, winners.at(-1)))
    winners.push(await onlyWinner(stores, samples, signal, step))
    // Another handle may hear of it a moment later.
    await eventually('the log', () => expectLog(store, winners, signal), timeoutMs)
  }
}

/** Appends all samples at the same time, and fails unless exactly one is accepted. */
async function onlyWinner(
  stores: readonly Store[],
  samples: readonly SampleRelease[],
  signal: AbortSignal,
  step: Step,
): Promise<SampleRelease> {
  const storeOf = (index: number): Store => stores[index % stores.length] ?? fail('no store')
  await step(
    'put',
    Promise.all(
      samples.map(({ namespace, snapshot }, index) => storeOf(index).put({ namespace, ...snapshot }, signal)),
    ),
  )
  const appends = samples.map(({ namespace, at, bytes }, index) =>
    storeOf(index).append({ namespace, at, bytes }, signal),
  )
  const outcomes = await step(`${samples.length} appends`, Promise.all(appends))
  const winners = samples.filter((_, index) => outcomes[index] === 'appended')
  const [winner] = winners
  if (winner === undefined || winners.length !== 1)
    return fail(`${winners.length} of ${samples.length} releases at one position were appended`)
  return winner
}
