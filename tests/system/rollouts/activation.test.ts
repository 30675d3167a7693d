import { expect, test } from 'vitest'
import { everyone, staged } from '../../../src/rollouts/index.js'
import { overMemory } from '../../support/rollouts/media.js'
import { CLIENTS, PERIODS, startFleet, whenHeard } from '../../support/rollouts/same-rollout.js'

const STAGED = staged({ ...PERIODS, stages: [1, 3, 'all'] })
const PATIENCE_MS = 300_000

test(
  'the stages run a document on arrival, and all who are left switch together at the time that was named',
  async () => {
    await using medium = await overMemory()
    const { clock } = medium
    await using fleet = await startFleet(medium)
    const { publisher, clients, done, releases } = fleet
    await whenHeard(fleet)
    const since = clock.now()
    const activateAt = new Date(since + 120_000)
    const switched: number[] = []
    for (const client of clients)
      client.subscribe(({ pool }) => void (pool === 2 && switched.push(clock.now() - since)))

    const rollout = await done(
      publisher.publish({ pool: 2 }, { rollout: STAGED, activateAt, reason: 'a sale' }),
    )
    expect(rollout.activateAt).toBe(activateAt.toISOString())
    expect(await done(rollout.settled)).toBe('completed')

    const [first = 0, second = 0, third = 0, ...rest] = switched.toSorted((a, b) => a - b)
    expect([first, second, third].every(ms => ms < 60_000)).toBe(true)
    expect(rest).toHaveLength(CLIENTS - 3)
    expect(new Set(rest).size).toBe(1)
    expect(Math.round(since + (rest[0] ?? 0) - activateAt.getTime())).toBeOneOf([0, 1])
    const steps = (await done(releases())).filter(({ rollout: state }) => state !== undefined)
    expect(steps.map(step => [step.rollout?.stage, step.rollout?.state, step.activateAt])).toEqual([
      [0, 'running', undefined],
      [1, 'running', undefined],
      [2, 'running', activateAt.toISOString()],
      [2, 'watching', undefined],
      [2, 'completed', undefined],
    ])
  },
  PATIENCE_MS,
)

test(
  'a time that the stages cannot be done by is refused, with the earliest one; everyone() takes it',
  async () => {
    await using medium = await overMemory()
    const { clock } = medium
    await using fleet = await startFleet(medium)
    const { publisher, done } = fleet
    await whenHeard(fleet)
    const activateAt = new Date(clock.now() + 2 * PERIODS.bakeMs - 1_000)
    await expect(
      done(publisher.publish({ pool: 2 }, { rollout: STAGED, activateAt, reason: 'a sale' })),
    ).rejects.toMatchObject({ code: 'invalid-option', message: expect.stringContaining('too early') })
    const rollout = await done(
      publisher.publish({ pool: 2 }, { rollout: everyone(), activateAt, reason: 'a sale' }),
    )
    expect(rollout.outcome).toBe('published')
  },
  PATIENCE_MS,
)
