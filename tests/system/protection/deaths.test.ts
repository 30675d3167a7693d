import { beforeAll, describe, expect, test, type TestContext } from 'vitest'
import { permanentFolder } from '../../support/board-kit.js'
import type { BrittleCommand, Deadly } from '../../support/processes/brittle.js'
import { bundleChild } from '../../support/processes/bundle.js'
import { drawn } from '../../support/scale.js'
import { PERIODS, supervised, type Supervised } from './supervised.js'

let script = ''
beforeAll(async () => {
  script = await bundleChild('brittle-child', await permanentFolder())
})

const wait = (ms: number): Promise<void> => new Promise(resolve => void setTimeout(resolve, ms))

/**
 * A way to die, and the soak of the program that dies, in milliseconds, where it is another one.
 */
interface Way extends Deadly {
  readonly soakMs?: number
}

/**
 * Ways to die, of which some are drawn: each starts a program again and again. A trial is twice the
 * soak, so those that kill after seconds have a soak of seconds; they take longest, and begin first.
 */
const DEADLY: readonly (readonly [string, Way])[] = [
  ['after 5 s of a soak of 6 s, by SIGKILL', { at: 5_000, by: 'kill', soakMs: 6_000 }],
  ['2 s after a soak of 4 s, by an uncaught error', { at: 6_000, by: 'throw', soakMs: 4_000 }],
  ['while it is parsed', { at: 'parse', by: 'kill' }],
  ['in a validator', { at: 'validator', by: 'exit' }],
  ['in prepare()', { at: 'prepare', by: 'kill' }],
  ['at once, by exit code 1', { at: 'commit', by: 'exit' }],
  ['after 300 ms, by an uncaught error', { at: 300, by: 'throw' }],
  ['within the soak, by a rejection that nobody handles', { at: 700, by: 'reject' }],
  ['after the soak, by SIGKILL', { at: PERIODS.soakMs + 400, by: 'kill' }],
  ['in an endless loop that a supervisor ends', { at: 'commit', by: 'loop' }],
  ['of memory that runs out', { at: 'commit', by: 'memory' }],
]

/** A program that is started again each time it ends, and has a version 1 to go back to. */
async function keptAlive(context: TestContext, soakMs: number = PERIODS.soakMs): Promise<Supervised> {
  const program = await supervised(script, context)
  await program.publish({ n: 1 })
  program.keepAlive({ soakMs })
  await program.until(() => program.lives.some(({ ran }) => ran.includes(1)), 'the first version runs')
  // It has to be earned, to be what is gone back to.
  await wait(1.3 * soakMs)
  return program
}

describe.concurrent('a document that kills its program', () => {
  test.for(drawn(DEADLY, { share: 5 }))(
    '%s costs it two deaths',
    { timeout: 120_000 },
    async ([, { soakMs = PERIODS.soakMs, ...deadly }], context) => {
      const program = await keptAlive(context, soakMs)
      const { publish, until, lives } = program
      await publish({ n: 2, deadly })
      await until(() => program.deaths >= 2, 'it kills twice')
      const last = (): readonly number[] => lives.at(-1)?.ran ?? []
      await until(() => last().includes(1), 'the first version runs again')
      // Longer than it took to kill, were it tried again once this has outlived its trial.
      const killsAfterMs = typeof deadly.at === 'number' ? deadly.at : 0
      await wait(Math.max(2.5 * PERIODS.soakMs, soakMs + killsAfterMs + 500))
      expect(program.deaths).toBe(2)
      expect(last()).toEqual([1])
      // Nothing is wrong with the next version.
      await publish({ n: 3 })
      await until(() => last().includes(3), 'the third version runs')
      expect(program.deaths).toBe(2)
    },
  )
})

test(
  'a document that kills after the soak costs two deaths also where a deployment came in between',
  { timeout: 60_000 },
  async context => {
    const program = await keptAlive(context)
    const { publish, until, lives } = program
    await publish({ n: 2, deadly: { at: PERIODS.soakMs + 700, by: 'kill' } })
    await until(() => program.earned(2), 'the second version is earned')
    const deployed = lives.length
    lives.at(-1)?.child.end()
    await until(() => lives.length > deployed, 'the next life starts')
    const last = (): readonly number[] => lives.at(-1)?.ran ?? []
    // The deployment ends a life by SIGTERM.
    const deaths = (): number => lives.filter(({ ended }) => ended?.signal === 'SIGKILL').length
    await until(() => deaths() >= 2 && last().includes(1), 'the first version runs again')
    await wait(2.5 * PERIODS.soakMs)
    expect(deaths()).toBe(2)
    expect(last()).toEqual([1])
  },
)

describe.concurrent('who did not die of a document', () => {
  /** A program that runs version 2 on trial, and has a version 1 to go back to. */
  const onTrial = async (
    context: TestContext,
    command: Partial<BrittleCommand> = {},
  ): Promise<Supervised> => {
    const program = await supervised(script, context)
    await program.publish({ n: 1 })
    const first = program.start()
    await program.until(() => first.ran.includes(1), 'the first version runs')
    await wait(1.3 * PERIODS.soakMs)
    first.child.end()
    await program.until(() => first.ended !== undefined, 'it ends')
    await program.publish({ n: 2 })
    program.keepAlive(command)
    return program
  }

  test(
    'is told to end by SIGTERM, as a deployment does, again and again',
    { timeout: 60_000 },
    async context => {
      const { lives, until, saved } = await onTrial(context)
      for (let round = 1; round <= 4; round += 1) {
        await until(
          async () =>
            lives.length === round + 1 && lives.at(-1)?.ran.includes(2) === true && (await saved(2)),
          `life ${round}`,
        )
        lives.at(-1)?.child.end()
      }
      await until(() => lives.length === 6 && lives.at(-1)?.ran.includes(2) === true, 'it runs')
      expect(lives.slice(1).map(({ ran }) => ran[0])).toEqual([1, 2, 2, 2, 2])
    },
  )

  test.for(['exit', 'close'] as const)(
    'is a job that ends by %s before anything is earned',
    { timeout: 60_000 },
    async (ends, context) => {
      const { lives, until } = await onTrial(context, { endsAfter: { n: 2, ms: 300 }, ends })
      await until(() => lives.length > 5, 'it runs five times')
      expect(lives.slice(2, 5).map(({ ran, ended }) => [ran, ended?.code ?? 0])).toEqual(
        Array.from({ length: 3 }, () => [[2], 0]),
      )
    },
  )

  test(
    'is evicted once: it tries again, after what ran before has outlived it',
    { timeout: 60_000 },
    async context => {
      const { lives, until } = await onTrial(context)
      await until(() => lives.at(-1)?.ran.includes(2) === true, 'it runs')
      lives.at(-1)?.child.kill()
      await until(() => lives.length === 3 && lives.at(-1)?.ran.includes(2) === true, 'it runs again')
      await wait(2.5 * PERIODS.soakMs)
      expect(lives.at(-1)).toMatchObject({ ran: [1, 2], ended: undefined })
      // What has outlived its trial is tried no more.
      lives.at(-1)?.child.kill()
      await until(() => lives.length === 4 && lives.at(-1)?.ran.length === 1, 'it runs')
      expect(lives.at(-1)?.ran).toEqual([2])
    },
  )

  test(
    'is evicted twice by SIGKILL within one trial: the document is under quarantine there, and what ran before runs',
    { timeout: 60_000 },
    async context => {
      const { lives, until } = await onTrial(context)
      for (const life of [2, 3]) {
        await until(() => lives.length === life && lives.at(-1)?.ran.includes(2) === true, `life ${life}`)
        lives.at(-1)?.child.kill()
      }
      await until(() => lives.length === 4 && lives.at(-1)?.ran.includes(1) === true, 'it runs again')
      await wait(2.5 * PERIODS.soakMs)
      expect(lives.at(-1)).toMatchObject({ ran: [1], ended: undefined })
    },
  )
})
