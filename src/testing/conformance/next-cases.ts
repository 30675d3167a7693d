import type { Transport } from '../../contracts/transport.js'
import type { CaseDefinition } from './case.js'
import { expectSample, releaseOf } from './current.js'
import { fail } from './expect.js'
import { sampleLog } from './fixture.js'
import type { OpenedTransport } from './opened.js'
import { publishSeen } from './publish-seen.js'

/** `next`: walking the log. */
export const nextCases: readonly CaseDefinition<OpenedTransport>[] = [
  {
    name: 'next gives each release of the log in turn, byte for byte and without a gap, and `none` at the end',
    capability: 'next',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const next = nextOf(transport)
      const log = sampleLog(namespace)
      const samples = [log.next(), log.next(), log.next(), log.next()]
      for (const sample of samples) await publishSeen(trial, sample)
      for (const [index, { at }] of samples.entries()) {
        const answer = await step('next', next({ namespace, after: at }, signal))
        const expected = samples[index + 1]
        if (expected !== undefined)
          expectSample(
            `next after release ${index + 1}`,
            transport,
            releaseOf('next', answer).bytes,
            expected,
          )
        else if (answer.type !== 'none') fail(`after the newest release the answer is \`${answer.type}\``)
      }
    },
  },
  {
    name: 'next is `none` where nothing was published, and beyond the newest release',
    capability: 'next',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const next = nextOf(transport)
      const sample = sampleLog(namespace).next()
      for (const sequence of [1, 500]) {
        const after = { epoch: sample.at.epoch, sequence }
        const empty = await step('next', next({ namespace, after }, signal))
        if (empty.type !== 'none') fail(`in an empty namespace the answer is \`${empty.type}\``)
      }
      await publishSeen(trial, sample)
      const beyond = await step(
        'next',
        next({ namespace, after: { epoch: sample.at.epoch, sequence: 500 } }, signal),
      )
      if (beyond.type !== 'none') fail(`beyond the newest release the answer is \`${beyond.type}\``)
    },
  },
  {
    name: 'after the last release of an epoch, next is `none` or the first of a later epoch',
    capability: 'next',
    async run(trial) {
      const {
        opened: { transport },
        namespace,
        signal,
        step,
      } = trial
      const next = nextOf(transport)
      const log = sampleLog(namespace)
      const last = log.next()
      const first = log.next({ epoch: '2-0badcafe' })
      for (const sample of [last, first]) await publishSeen(trial, sample)
      const answer = await step('next', next({ namespace, after: last.at }, signal))
      if (answer.type === 'release')
        expectSample('next over the end of an epoch', transport, answer.bytes, first)
      const end = await step('next', next({ namespace, after: first.at }, signal))
      if (end.type !== 'none') fail(`after the newest release the answer is \`${end.type}\``)
    },
  },
]

function nextOf(transport: Transport): NonNullable<Transport['next']> {
  return (
    transport.next?.bind(transport) ?? fail("the transport has no `next`; say so: without: { next: '…' }")
  )
}
