import { describe, expect, test } from 'vitest'
import { createController } from '../../../../src/controller/index.js'
import type { Release } from '../../../../src/core/release/release.js'
import { createPublisher, type Publisher } from '../../../../src/publisher/index.js'
import { staged, timed, type RolloutPolicy } from '../../../../src/rollouts/index.js'
import { releasesOf } from '../../../support/releases-of.js'
import {
  LOOK_MS,
  MINUTE,
  namespace,
  paperWorld,
  PERIODS,
  schema,
  type Document,
  type PaperWorld,
} from '../../../support/rollouts/paper-world.js'
import { rolloutBoard } from './rollout-board.js'

const reason = 'checked by hand'
const STAGES = [1, '10%', '50%', 'all'] as const

interface Desk extends PaperWorld {
  newest(): Promise<Release>
  releases(): Promise<readonly Release[]>
  audit(): Promise<unknown>
}

/** Version 2 in its first stage of four. */
async function desk(rollout: RolloutPolicy = staged({ ...PERIODS, stages: STAGES })): Promise<Desk> {
  const world = await paperWorld()
  const { store, publisher } = world
  await publisher.publish({ pool: 2 }, { rollout, drive: true, reason: 'more' })
  const releases = () => releasesOf(store, namespace)
  return {
    ...world,
    releases,
    newest: async () => (await releases()).at(-1) ?? expect.fail('the log is empty'),
    async audit() {
      for await (const { audit } of publisher.history({ limit: 1 })) return audit
      return undefined
    },
  }
}

describe('a promotion to a stage', () => {
  test.each([3, '3', '50 %', '50%'])(
    'named %j begins it, and keeps what was skipped, with the reason',
    async to => {
      const { publisher, newest, audit } = await desk()
      const before = await newest()
      const { state, stage, skipped, outcome } = await publisher.promote({ to, reason })
      expect({ state, stage, skipped, outcome }).toEqual({ state: 'running', stage: 2, skipped: [1], outcome: 'published' }) // prettier-ignore
      const { cause, stable, candidate, rollout, sequence } = await newest()
      expect({ cause, stable, candidate }).toEqual({ cause: 'promote', stable: before.stable, candidate: before.candidate }) // prettier-ignore
      expect(rollout).toMatchObject({
        id: before.rollout?.id,
        state: 'running',
        stage: 2,
        skipped: [1],
        controller: 'publisher',
        why: 'promoted by hand to stage 3 of 4, past stage 2',
        stageStart: { position: { sequence }, live: 20, exposed: 10, control: 10 },
      })
      expect(await audit()).toMatchObject({
        reason,
        evidence: { step: 'promote', stage: 0, why: 'promoted by hand to stage 3 of 4, past stage 2' },
      })
    },
  )

  test('is taken on by a controller that comes later, and told of in each step that follows', async () => {
    const { publisher, store, system, clock, releases, fleet } = await desk()
    const { digest } = await publisher.promote({ to: 3, reason })
    const controller = createController({ store, system, lookMs: LOOK_MS })
    await clock.advance(30 * MINUTE)
    await controller.close()
    expect((await releases()).slice(1).map(({ cause, rollout }) => [cause, rollout?.state, rollout?.stage, rollout?.skipped])).toEqual([
      ['publish', 'running', 0, undefined],
      ['promote', 'running', 2, [1]],
      ['advance', 'running', 3, [1]],
      ['promote', 'watching', 3, [1]],
      ['complete', 'completed', 3, [1]],
    ]) // prettier-ignore
    expect(fleet.runs(digest)).toHaveLength(20)
    const said: unknown[] = []
    for await (const { audit } of publisher.history()) said.unshift(audit?.evidence?.why)
    expect(said.slice(3)).toEqual(Array(3).fill(expect.stringContaining('stage 2 was skipped by hand')))
  })

  test('is explained while its stage goes on, and once the rollout has ended', async () => {
    const { publisher } = await desk()
    await publisher.promote({ to: 'all', reason })
    const skipped = 'stages 2 and 3 were skipped by hand'
    expect((await (await publisher.rollout())?.explain())?.why).toContain(skipped)
    await publisher.pause({ reason })
    expect((await (await publisher.rollout())?.explain())?.why).toContain(skipped)
    await publisher.abort({ reason })
    expect((await (await publisher.rollout())?.explain())?.why).toEqual([expect.stringContaining(reason), skipped]) // prettier-ignore
  })

  test('adds to what was skipped before', async () => {
    const { publisher, newest } = await desk(staged({ ...PERIODS, stages: [1, 2, 3, 4, 5, 'all'] }))
    await publisher.promote({ to: 3, reason })
    await publisher.promote({ to: 4, reason })
    await publisher.promote({ to: 6, reason })
    expect((await newest()).rollout).toMatchObject({ stage: 5, skipped: [1, 4], why: 'promoted by hand to stage 6 of 6, past stage 5' }) // prettier-ignore
  })

  test('goes on where the rollout was paused, and where it had retreated', async () => {
    for (const verb of ['pause', 'retreat'] as const) {
      const { publisher, newest } = await desk()
      const { candidate, audience } = await newest()
      await publisher[verb]({ reason })
      expect((await publisher.promote({ to: 2, reason })).state).toBe('running')
      const after = await newest()
      expect(after.candidate).toEqual(candidate)
      expect(after.audience?.clauses).toEqual(expect.arrayContaining([...(audience?.clauses ?? [])]))
      expect(after.rollout).toMatchObject({ stage: 1, stageStart: { exposed: 2 } })
      expect(after.rollout).not.toHaveProperty('skipped')
    }
  })

  test('leaves a rehearsal of the way back out, and says so', async () => {
    const { publisher, newest } = await desk(staged({ ...PERIODS, stages: STAGES, rehearse: true }))
    await publisher.promote({ to: 1, reason })
    const { rollout } = await newest()
    expect(rollout).toMatchObject({ stage: 0, why: 'promoted by hand to stage 1 of 4, past the rehearsal of the way back' }) // prettier-ignore
    expect(rollout?.stageStart).not.toHaveProperty('rehearsal')
    expect(rollout).not.toHaveProperty('skipped')
  })

  test('leaves gates out that were to be asked before anybody is exposed, and asks them in its stage', async () => {
    const gates = [{ name: 'latency' }]
    const { publisher, newest, store, system, clock } = await desk(
      staged({ ...PERIODS, stages: STAGES, gates }),
    )
    await publisher.promote({ to: 2, reason })
    expect((await newest()).rollout).toMatchObject({ stage: 1, skipped: [0], why: 'promoted by hand to stage 2 of 4, past the gates before the first stage and stage 1' }) // prettier-ignore
    const check = (): 'unknown' => 'unknown'
    const controller = createController({
      store,
      system,
      lookMs: LOOK_MS,
      gates: [{ name: 'latency', check }],
    })
    await clock.advance(10 * MINUTE)
    await controller.close()
    expect((await newest()).rollout?.stage).toBe(1)
  })

  test('by the clock goes to a later step', async () => {
    const { publisher, newest } = await desk(timed({ steps: 5, everyMs: MINUTE }))
    await publisher.promote({ to: 4, reason })
    expect(await newest()).toMatchObject({
      audience: { clauses: [{ below: Math.ceil(0.8 * 2 ** 32) }] },
      rollout: { stage: 3, skipped: [1, 2] },
    })
  })

  test('asked for again is the stage that goes on', async () => {
    const { publisher, releases } = await desk()
    await publisher.promote({ to: 3, reason })
    expect((await publisher.promote({ to: 3, reason })).outcome).toBe('unchanged')
    expect(await releases()).toHaveLength(3)
  })

  test('is decided anew on the release that won', async () => {
    const world = await paperWorld()
    const { system, store, publisher } = world
    await publisher.publish({ pool: 2 }, { rollout: staged({ ...PERIODS, stages: STAGES }), drive: true, reason }) // prettier-ignore
    let raced = false
    const late: Publisher<Document> = createPublisher({
      namespace,
      schema,
      system,
      store: {
        ...store,
        async append(query, signal) {
          if (raced) return store.append(query, signal)
          raced = true
          await publisher.promote({ to: 2, reason: 'somebody else' })
          return store.append(query, signal)
        },
      },
    })
    await Promise.all([late.promote({ to: 4, reason }), world.clock.advance(MINUTE)])
    await late.close()
    expect((await releasesOf(store, namespace)).at(-1)?.rollout).toMatchObject({ stage: 3, skipped: [2] })
  })
})

describe('a promotion to a stage is refused', () => {
  const THERE = 'the stages are 1 (1 client), 2 (10 %), 3 (50 %), 4 (all)'

  test.each([5, 0.5, '9', '0', '20 %', '', ' ', 'a\nb', Number.NaN, null, {}])(
    'for what is no stage of the plan: %j',
    async to => {
      const { publisher, releases } = await desk()
      await expect(publisher.promote({ to: to as number, reason })).rejects.toMatchObject({ code: 'invalid-option' }) // prettier-ignore
      expect(await releases()).toHaveLength(2)
    },
  )

  test('with the stages that there are', async () => {
    const { publisher } = await desk()
    await expect(publisher.promote({ to: '20 %', reason })).rejects.toThrow(THERE)
    await publisher.promote({ to: 3, reason })
    for (const to of [1, 2])
      await expect(publisher.promote({ to, reason })).rejects.toMatchObject({
        code: 'conflict',
        message: `the rollout of checkout/prod is running in stage 3 already, and is promoted forward only; ${THERE}`, // prettier-ignore
      })
    await publisher.pause({ reason })
    await expect(publisher.promote({ to: 3, reason })).rejects.toThrow(
      `is paused in stage 3 already, and is promoted forward only; resume goes on with that one; ${THERE}`,
    )
  })

  test('where two stages are called so', async () => {
    const labels = { ring: 'first' }
    const { publisher } = await desk(staged({ ...PERIODS, stages: [1, { labels }, 3, { labels }, 'all'] }))
    await expect(publisher.promote({ to: 'ring=first', reason })).rejects.toMatchObject({ code: 'invalid-option' }) // prettier-ignore
    expect((await publisher.promote({ to: 4, reason })).stage).toBe(3)
  })

  test('once everybody has it, and once it has ended', async () => {
    const { publisher } = await desk()
    await publisher.promote({ reason })
    await expect(publisher.promote({ to: 4, reason })).rejects.toThrow(
      /is watching, so there is no stage left/,
    )
    await publisher.abort({ reason })
    await expect(publisher.promote({ to: 4, reason })).rejects.toMatchObject({ code: 'conflict' })
  })

  test('while nobody is heard, since whom it exposes cannot be told', async () => {
    const { publisher, fleet, clock, newest } = await desk()
    await fleet.close()
    await clock.advance(2 * 60 * MINUTE)
    await expect(publisher.promote({ to: 3, reason })).rejects.toMatchObject({ code: 'fleet-unknown' })
    expect((await newest()).rollout?.stage).toBe(0)
  })

  test('where its policy is not known here, or cannot say', async () => {
    const board = await rolloutBoard({ state: 'running' })
    await expect(board.publisher.promote({ to: 2, reason })).rejects.toMatchObject({
      code: 'unsupported',
      message: expect.stringContaining('policy own@1 is not known here'),
    })
    const { jump: _, ...without } = staged({ ...PERIODS, stages: STAGES })
    const { store, system } = await desk()
    const publisher = createPublisher({ namespace, schema, store, system, rollout: without })
    await expect(publisher.promote({ to: 2, reason })).rejects.toThrow(
      /policy staged@1 cannot be asked for a stage/,
    )
    await publisher.close()
  })

  test.each<[string, RolloutPolicy['jump']]>([
    ['no stage', () => 7 as never],
    ['an audience that takes clients out', ({ release }) => ({ state: 'running', stage: 1, audience: { salt: 'another', clauses: [] }, start: release.rollout?.stageStart ?? expect.fail(), decideBy: '2026-01-01T00:00:00.000Z' })], // prettier-ignore
    ['a throw', () => expect.fail('a bug')],
  ])('where its policy answers with %s', async (_name, jump) => {
    const { store, system, newest } = await desk()
    const own = { ...staged({ ...PERIODS, stages: STAGES }), jump }
    const publisher = createPublisher({ namespace, schema, store, system, policies: [own as RolloutPolicy] })
    await expect(publisher.promote({ to: 2, reason })).rejects.toMatchObject({ code: 'internal' })
    await publisher.close()
    expect((await newest()).rollout?.stage).toBe(0)
  })

  test('with pause, resume, abort and retreat, which know no stage', async () => {
    const { publisher } = await desk()
    for (const verb of ['pause', 'resume', 'abort', 'retreat'] as const)
      await expect(publisher[verb]({ to: 2, reason } as never)).rejects.toMatchObject({ code: 'invalid-option' }) // prettier-ignore
  })
})

test('a promotion to everybody keeps which stages it went past', async () => {
  const { publisher, newest } = await desk()
  await publisher.promote({ reason })
  expect((await newest()).rollout).toMatchObject({ state: 'watching', stage: 3, skipped: [1, 2, 3], why: 'promoted by hand, past stages 2 to 4' }) // prettier-ignore
  expect((await (await publisher.rollout())?.explain())?.why).toContain('stages 2 to 4 were skipped by hand')
})

test('a stage that is jumped to comes to the end of its time where all are to switch together', async () => {
  const world = await paperWorld()
  const { publisher, store, clock } = world
  const activateAt = new Date(clock.now() + 600 * MINUTE)
  await publisher.publish({ pool: 2 }, { rollout: staged({ ...PERIODS, stages: STAGES }), activateAt, drive: true, reason }) // prettier-ignore
  const newest = async () => (await releasesOf(store, namespace)).at(-1)
  await publisher.promote({ to: 3, reason })
  expect(await newest()).not.toHaveProperty('activateAt')
  await publisher.promote({ to: 4, reason })
  expect((await newest())?.activateAt).toBe(activateAt.toISOString())
})
