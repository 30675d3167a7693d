import { describe, expect, onTestFinished, test } from 'vitest'
import type { CompleteStore } from '../../../src/contracts/transport.js'
import {
  createPublisher,
  everyone,
  type GateFinding,
  type Publisher,
  type PublisherOptions,
} from '../../../src/publisher/index.js'
import { staged, type RolloutPolicy } from '../../../src/rollouts/index.js'
import type { Effect } from '../../support/rollouts/paper-fleet.js'
import {
  MINUTE,
  namespace,
  paperWorld,
  PERIODS,
  schema,
  type Document,
  type PaperWorld,
} from '../../support/rollouts/paper-world.js'

interface World extends Omit<PaperWorld, 'publisher'> {
  publisher(options?: Partial<PublisherOptions<Document>>): Publisher<Document>
}

/** Twenty clients that have run version 1 for a while; nothing moves a rollout on. */
async function world(effect: Effect): Promise<World> {
  const paper = await paperWorld({ effect })
  const { store, system } = paper
  return {
    ...paper,
    publisher(options = {}) {
      const made = createPublisher({ namespace, schema, store, system, rollout: staged(PERIODS), ...options })
      onTestFinished(() => made.close())
      return made
    },
  }
}

const first = { drive: true, reason: 'more' }
const instead = { ...first, supersede: true, reason: 'better' }

async function newestReason(publisher: Publisher<Document>): Promise<string | undefined> {
  for await (const { audit } of publisher.history({ limit: 1 })) return audit?.reason
  return undefined
}

describe('a rollout that is replaced while the log has it running', () => {
  test('has its candidate withdrawn where a client refused it, and both history and notes say why', async () => {
    const { clock, publisher } = await world('rejected')
    const desk = publisher()
    const { digest } = await desk.publish({ pool: 2 }, first)
    await clock.advance(MINUTE)
    const next = await desk.publish({ pool: 3 }, instead)
    expect(next.withdrawn).toEqual([digest])
    const says = 'the candidate of the rollout that this one replaces is withdrawn: 1 rejected in stage 1'
    expect(next.notes).toContain(says)
    expect(await newestReason(desk)).toBe(`better; ${says}`)
    await expect(desk.publish({ pool: 2 }, instead)).rejects.toMatchObject({ code: 'withdrawn' })
  })

  test('has its candidate withdrawn where a gate is red that pauses, and keeps it while that is green', async () => {
    const { publisher } = await world('works')
    let finding: GateFinding = 'good'
    const gate = { name: 'latency', onBad: 'pause' as const, check: () => finding }
    const options = { gates: [gate], rollout: staged({ ...PERIODS, gates: [gate] }) }
    const desk = publisher(options)
    await desk.publish({ pool: 2 }, first)
    const green = await desk.publish(
      { pool: 3 },
      { ...instead, rollout: staged({ ...PERIODS, gates: [gate] }) },
    )
    expect(green.withdrawn).toEqual([])
    finding = { verdict: 'bad', why: 'p99 is 2 s' }
    const red = await desk.publish({ pool: 4 }, { ...instead, rollout: everyone() })
    expect(red.withdrawn).toEqual([green.digest])
    expect(red.notes.join()).toContain('is withdrawn: gate latency is red')
  })

  test('has its candidate withdrawn where it was not decided in time', async () => {
    const { clock, publisher } = await world('unread')
    const desk = publisher()
    const { digest } = await desk.publish({ pool: 2 }, first)
    await clock.advance(120 * MINUTE)
    const next = await desk.publish({ pool: 3 }, instead)
    expect(next.withdrawn).toEqual([digest])
    expect(next.notes.join()).toMatch(/is withdrawn: not decided by 20/)
  })

  test('has its candidate withdrawn where nobody here knows its policy, and its time has passed', async () => {
    const { clock, publisher } = await world('works')
    const own: RolloutPolicy = { ...staged(PERIODS), type: 'own' }
    const plan = (input: Parameters<RolloutPolicy['start']>[0]): ReturnType<RolloutPolicy['start']> => {
      const step = staged(PERIODS).start(input)
      return step.type === 'stage' ? { ...step, plan: { type: 'own', version: 1 } } : step
    }
    const { digest } = await publisher({ rollout: { ...own, start: plan } }).publish({ pool: 2 }, first)
    expect((await publisher().publish({ pool: 3 }, { ...instead, dryRun: true })).notes.join()).not.toContain(
      'withdrawn',
    )
    await clock.advance(120 * MINUTE)
    expect((await publisher().publish({ pool: 3 }, instead)).withdrawn).toEqual([digest])
  })

  test('keeps its candidate while it is merely under way, and the reports are read once', async () => {
    const { clock, store, publisher } = await world('works')
    let reads = 0
    const counted: CompleteStore = {
      ...store,
      reports: (query, signal) => {
        reads += 1
        return store.reports(query, signal)
      },
    }
    const desk = publisher({ store: counted })
    for (const minutes of [0, 1, 5]) {
      await desk.publish({ pool: 100 + minutes }, { ...instead })
      await clock.advance(minutes * MINUTE)
      reads = 0
      expect((await desk.publish({ pool: 200 + minutes }, instead)).withdrawn).toEqual([])
      expect(reads).toBe(1)
    }
  })

  test.each([
    ['cannot be read', {}],
    ['are not to be believed', { ignoreReports: true }],
  ])('keeps its candidate where reports %s', async (_, options) => {
    const { clock, store, publisher } = await world('rejected')
    await publisher().publish({ pool: 2 }, first)
    await clock.advance(MINUTE)
    const reports: CompleteStore['reports'] = (query, signal) =>
      'ignoreReports' in options
        ? store.reports(query, signal)
        : Promise.reject(new Error('nobody can read them'))
    const desk = publisher({ store: { ...store, reports } })
    const next = await desk.publish({ pool: 3 }, { ...instead, ...options, rollout: everyone() })
    expect(next.withdrawn).toEqual([])
  })

  test('keeps its candidate where its policy throws, which stops no publish', async () => {
    const { clock, publisher } = await world('rejected')
    const rollout: RolloutPolicy = {
      ...staged(PERIODS),
      decide() {
        throw new Error('not today')
      },
    }
    const desk = publisher({ rollout })
    await desk.publish({ pool: 2 }, first)
    await clock.advance(MINUTE)
    expect((await desk.publish({ pool: 3 }, instead)).withdrawn).toEqual([])
  })

  test('keeps its candidate where the same document goes to everyone', async () => {
    const { clock, publisher } = await world('rejected')
    const desk = publisher()
    await desk.publish({ pool: 2 }, first)
    await clock.advance(MINUTE)
    expect((await desk.publish({ pool: 2 }, { ...instead, rollout: everyone() })).withdrawn).toEqual([])
  })
})

test('a reason with no room for more stays as it is, and the candidate is withdrawn all the same', async () => {
  const { clock, publisher } = await world('rejected')
  const desk = publisher()
  const { digest } = await desk.publish({ pool: 2 }, first)
  await clock.advance(MINUTE)
  const reason = 'x'.repeat(4_050)
  expect((await desk.publish({ pool: 3 }, { ...instead, reason })).withdrawn).toEqual([digest])
  expect(await newestReason(desk)).toBe(reason)
})
