import { describe, expect, onTestFinished, test } from 'vitest'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { ClientReport } from '../../../../src/contracts/report.js'
import type { Platform } from '../../../../src/contracts/system.js'
import type { CompleteStore } from '../../../../src/contracts/transport.js'
import { decodeRelease } from '../../../../src/core/release/release.js'
import { createPublisher, type Publisher } from '../../../../src/publisher/index.js'
import { staged } from '../../../../src/rollouts/index.js'
import { systemPlatform } from '../../../../src/system/system.js'
import { seededRandom } from '../../../../src/sim/seeded-random.js'
import {
  MINUTE,
  namespace,
  paperWorld,
  PERIODS,
  schema,
  type Document,
  type PaperWorld,
  type PaperWorldOptions,
} from '../../../support/rollouts/paper-world.js'

const never = new AbortController().signal
const driven = { rollout: staged(PERIODS), drive: true, reason: 'more' }

interface World extends PaperWorld {
  another(options?: { readonly store?: CompleteStore; readonly platform?: Platform }): Publisher<Document>
  /** The alarms about the rollout, as one who only looks is told them. */
  alarms(): Promise<readonly string[]>
  /** Those who say that they move rollouts on, each with the phase that it said last. */
  movers(): Promise<readonly string[]>
}

async function world(options: PaperWorldOptions = {}): Promise<World> {
  const paper = await paperWorld(options)
  const { store, system, clock } = paper
  let seed = 20
  const another: World['another'] = ({ store: over = store, platform = systemPlatform } = {}) => {
    const made = createPublisher({
      namespace,
      schema,
      store: over,
      system: { ...system, random: seededRandom((seed += 1)), platform },
      retries: 0,
    })
    onTestFinished(async () => {
      const closed = made.close()
      await clock.advance(MINUTE)
      await closed
    })
    return made
  }
  const looking = another()
  return {
    ...paper,
    another,
    alarms: async () => (await looking.alarms()).map(({ name }) => name),
    movers: async () =>
      (await store.reports({ namespace }, never)).reports.flatMap(({ role, clientId, phase }) =>
        role?.type === 'controller' ? [`${clientId} ${phase}`] : [],
      ),
  }
}

/** Looks at each step until a text of its state and stage comes. */
async function followUntil(rollout: AsyncIterable<{ state: string; stage: number }>, until: string) {
  for await (const { state, stage } of rollout) if (`${state} ${stage}` === until) return
}

describe('a rollout that a publisher drives', () => {
  test('has somebody who moves it on for as long as that lasts, and nobody from then on', async () => {
    const { publisher, clock, alarms, movers } = await world()
    const rollout = await publisher.publish({ pool: 2 }, driven)
    expect(await alarms()).toEqual(['rollout-orphaned'])
    const followed = followUntil(rollout, 'running 2')
    await clock.advance(MINUTE)
    expect(await alarms()).toEqual([])
    await clock.advance(10 * MINUTE)
    await followed
    expect(await alarms()).toEqual(['rollout-orphaned'])
    expect(await movers()).toEqual([expect.stringMatching(/^publisher.* stopped$/)])
  })

  test('has nobody who moves it on once it has ended, however often it is looked at', async () => {
    const { publisher, another, clock, store, movers } = await world()
    const { settled } = await publisher.publish({ pool: 2 }, driven)
    await clock.advance(60 * MINUTE)
    expect(await settled).toBe('completed')
    const words = async () => [await movers(), (await store.reports({ namespace }, never)).reports.length]
    const before = await words()
    const late = another()
    for (let look = 0; look < 3; look += 1) {
      const followed = (await late.rollout({ drive: true }))?.settled
      await clock.advance(MINUTE)
      expect(await followed).toBe('completed')
    }
    expect(await words()).toEqual(before)
  })

  test('is left alone as well by a publisher that is closed, also where nobody ends the loop', async () => {
    const { another, clock, alarms } = await world()
    const publisher = another()
    const steps = (await publisher.publish({ pool: 2 }, driven))[Symbol.asyncIterator]()
    await steps.next()
    expect(await alarms()).toEqual([])
    await publisher.close()
    expect(await alarms()).toEqual(['rollout-orphaned'])
    await clock.advance(MINUTE)
  })

  test('is not moved on by a loop that does not come back, nor by a process that died', async () => {
    const { publisher, clock, alarms } = await world()
    const steps = (await publisher.publish({ pool: 2 }, driven))[Symbol.asyncIterator]()
    await steps.next()
    await clock.advance(1.5 * MINUTE)
    expect(await alarms()).toEqual([])
    await clock.advance(1_000)
    expect(await alarms()).toEqual(['rollout-orphaned'])
  })

  test('is moved on by each publisher that drives it, none of which names itself', async () => {
    const { publisher, another, clock, alarms } = await world()
    const first = await publisher.publish({ pool: 2 }, driven)
    const second = await another().rollout({ drive: true })
    const named: (readonly string[])[] = []
    const watch = async () => {
      for await (const { controllers, stage } of first) {
        named.push(controllers)
        if (stage === 3) return
      }
    }
    const watched = watch()
    await clock.advance(MINUTE)
    const followed = followUntil(second ?? expect.fail('there is none'), 'running 1')
    await clock.advance(10 * MINUTE)
    await Promise.all([watched, followed])
    expect(named[0]).toEqual([])
    expect(named).toContainEqual([expect.stringMatching(/^publisher/)])
    expect(named.at(-1)).toEqual([])
    expect(await alarms()).toEqual(['rollout-orphaned'])
  })

  test('gives no controller to the one that takes its place', async () => {
    const { publisher, another, clock } = await world()
    const rollout = await publisher.publish({ pool: 2 }, driven)
    const { settled } = rollout
    await clock.advance(MINUTE)
    const again = await another().publish({ pool: 2 }, { ...driven, drive: false })
    expect(again).toMatchObject({ outcome: 'unchanged', controllers: [expect.stringMatching(/^publisher/)] })
    const next = another().publish({ pool: 3 }, { ...driven, drive: false, supersede: true })
    await expect(next).rejects.toMatchObject({ code: 'no-controller' })
    await another().publish({ pool: 3 }, { ...driven, supersede: true })
    await clock.advance(MINUTE)
    expect(await settled).toBe('superseded')
  })

  test('has in each step who drove it, by the name of the machine', async () => {
    const { another, clock } = await world({ clients: 6 })
    const publisher = another({ platform: { ...systemPlatform, hostName: () => 'ci-7' } })
    const rollout = await publisher.publish({ pool: 2 }, { ...driven, author: 'carol' })
    const followed = followUntil(rollout, 'running 1')
    await clock.advance(10 * MINUTE)
    await followed
    const by: unknown[] = []
    for await (const { release, audit } of publisher.history({ limit: 2 }))
      by.push([release.rollout?.controller, audit?.author])
    expect(by).toEqual([
      ['publisher of ci-7', 'publisher of ci-7'],
      ['publisher', 'carol'],
    ])
  })

  test('goes on as fast where its words are refused, or hang', async () => {
    const took: number[] = []
    const refused = async (): Promise<void> => {
      throw new NoticeboardError('unauthorized', 'this token may not report')
    }
    for (const report of [undefined, refused, () => new Promise<void>(() => {})]) {
      const { another, store, clock } = await world({ clients: 6 })
      const isOwn = ([first]: readonly ClientReport[]): boolean => first?.role !== undefined
      const publisher = another({
        store: {
          ...store,
          report: (reports, signal) =>
            report !== undefined && isOwn(reports) ? report() : store.report(reports, signal),
        },
      })
      const rollout = await publisher.publish({ pool: 2 }, driven)
      const startMs = clock.now()
      const { settled } = rollout
      await clock.advance(25 * MINUTE)
      expect(await settled).toBe('completed')
      const releases = publisher.history({ limit: 1 })
      for await (const { issuedAt } of releases) took.push(Date.parse(issuedAt) - startMs)
    }
    expect(new Set(took).size).toBe(1)
  })

  test('is not said to be driven by a token that may begin rollouts and not move them on', async () => {
    const { another, store, clock, alarms, movers } = await world()
    const publisher = another({
      store: {
        ...store,
        append: async (query, signal) => {
          if (decodeRelease(query.bytes).release.cause === 'publish') return store.append(query, signal)
          throw new NoticeboardError('forbidden', 'this token may not move rollouts on')
        },
      },
    })
    const followed = followUntil(await publisher.publish({ pool: 2 }, driven), 'never')
    await clock.advance(4 * MINUTE)
    expect(await alarms()).toEqual(['rollout-orphaned'])
    expect(await movers()).toEqual([expect.stringMatching(/ stopped$/)])
    await clock.advance(MINUTE)
    await publisher.close()
    await clock.advance(MINUTE)
    await followed
  })
})
