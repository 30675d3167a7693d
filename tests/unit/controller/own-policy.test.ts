import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { LogDetails } from '../../../src/contracts/system.js'
import { createController, type Controller, type ControllerOptions } from '../../../src/controller/index.js'
import { silentLogger } from '../../../src/core/silent-logger.js'
import {
  createPublisher,
  everyone,
  type Alarm,
  type Gate,
  type GateFinding,
  type Publisher,
  type RolloutPolicy,
} from '../../../src/publisher/index.js'
import { staged } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { startPaperFleet } from '../../support/rollouts/paper-fleet.js'

const namespace = 'checkout/prod'
const MINUTE = 60_000
const PERIODS = { bakeMs: 2 * MINUTE, reportMs: 30_000, watchMs: 10 * MINUTE }

/** A policy of another name that plans as `staged()` does, and decides as it is told. */
function hours(decide: RolloutPolicy['decide'] = throwing): RolloutPolicy {
  const plan = { type: 'hours', version: 3, stages: [] }
  return {
    type: 'hours',
    version: 3,
    start(input) {
      const first = staged(PERIODS).start(input)
      return first.type === 'stage' ? { ...first, plan } : first
    },
    decide,
  }
}

function throwing(): never {
  throw new TypeError('opensAt is not a function')
}

interface Line {
  readonly level: 'warn' | 'error'
  readonly message: string
  readonly details: LogDetails | undefined
}

interface World {
  readonly clock: VirtualClock
  readonly publisher: Publisher<{ pool: number }>
  readonly lines: readonly Line[]
  controller(options?: Partial<ControllerOptions>): Controller
  alarm(name: Alarm['name']): Promise<string | undefined>
}

/** A fleet of four that has run version 1 for a while. */
async function world(): Promise<World> {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const store = memory({ system })
  const publisher = createPublisher({ namespace, schema: z.object({ pool: z.number() }), store, system })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const fleet = startPaperFleet({ store, clock, namespace, clients: 4, lookMs: 10_000 })
  onTestFinished(async () => {
    await fleet.close()
    await publisher.close()
  })
  await store.reports({ namespace }, new AbortController().signal)
  await clock.advance(20 * MINUTE)
  const lines: Line[] = []
  const logger = {
    ...silentLogger,
    warn: (message: string, details?: LogDetails) => void lines.push({ level: 'warn', message, details }),
    error: (message: string, details?: LogDetails) => void lines.push({ level: 'error', message, details }),
  }
  return {
    clock,
    publisher,
    lines,
    controller(options = {}) {
      const controller = createController({ store, system, logger, lookMs: 10_000, ...options })
      onTestFinished(() => controller.close())
      return controller
    },
    async alarm(name) {
      return (await publisher.alarms()).find(alarm => alarm.name === name)?.says
    },
  }
}

const publishing = { reason: 'more', drive: false } as const

test('what a policy throws is told with its name, its code and where it was thrown, in the log and as an alarm', async () => {
  const { clock, publisher, controller, lines, alarm } = await world()
  controller({ policies: [hours()] })
  await clock.advance(MINUTE)
  await publisher.publish({ pool: 2 }, { ...publishing, rollout: hours() })
  await clock.advance(MINUTE)
  const says = 'policy hours@3 threw in decide(): TypeError: opensAt is not a function'
  expect(lines).toContainEqual({
    level: 'error',
    message: 'a controller cannot move a rollout on; it tries again',
    details: {
      namespace,
      code: 'internal',
      message: says,
      cause: expect.stringMatching(/^TypeError at .*own-policy\.test\.ts:\d+:\d+/),
    },
  })
  expect(await alarm('rollout-orphaned')).toContain(`cannot be moved on by controller: ${says} (internal)`)
})

test('what a policy throws is told once, and what it throws next once more', async () => {
  const { clock, publisher, controller, lines } = await world()
  let word = 'first'
  const throwsWord = (): never => {
    throw new TypeError(word)
  }
  controller({ policies: [hours(throwsWord)] })
  await clock.advance(MINUTE)
  await publisher.publish({ pool: 2 }, { ...publishing, rollout: hours() })
  await clock.advance(10 * MINUTE)
  word = 'second'
  await clock.advance(10 * MINUTE)
  expect(lines.flatMap(({ level, details }) => (level === 'error' ? [details?.['message']] : []))).toEqual([
    'policy hours@3 threw in decide(): TypeError: first',
    'policy hours@3 threw in decide(): TypeError: second',
  ])
})

test.each<[string, unknown, string]>([
  [
    'a type that is none',
    { type: 'rollback', explanation: {} },
    'policy hours@3 answered with the type "rollback"; it must be one of advance, widen, hold, pause, roll-back, retreat',
  ],
  [
    'nothing',
    undefined,
    'policy hours@3 answered with something that has no type; it must be one of advance',
  ],
  ['a promise', Promise.resolve(), 'policy hours@3 answered with a promise; start() and decide() must'],
  [
    'a decision without a reason',
    { type: 'hold' },
    'policy hours@3 answered with "hold" and a wrong or missing explanation; it must be an object',
  ],
  [
    'a reason that is no list',
    { type: 'hold', explanation: { why: 'closed' } },
    'policy hours@3 answered with "hold" and a wrong or missing why; it must be a list of texts',
  ],
  [
    'that others run the candidate than before',
    {
      type: 'advance',
      explanation: {
        verdict: 'good',
        why: ['it is open'],
        unknowns: [],
        counts: {},
        exceptions: [],
        wouldChange: [],
        asOf: '2026-01-01T00:00:00.000Z',
      },
      next: {
        state: 'running',
        stage: 1,
        audience: { salt: 'another', clauses: [{ below: 2 ** 31 }] },
        start: { at: '2026-01-01T00:00:00.000Z', live: 4, exposed: 2, control: 2 },
        decideBy: '2026-01-02T00:00:00.000Z',
      },
    },
    'policy hours@3 answered with "advance" and an audience that takes clients out of the one before; keep its salt',
  ],
])('a policy that decides %s is told what it must answer', async (_, answer, says) => {
  const { clock, publisher, controller, alarm } = await world()
  const running = controller({ policies: [hours(() => answer as never)] })
  await clock.advance(MINUTE)
  await publisher.publish({ pool: 2 }, { ...publishing, rollout: hours() })
  await clock.advance(MINUTE)
  expect(running.standings.get(namespace)).toMatchObject({
    type: 'failed',
    error: { code: 'internal', message: expect.stringContaining(says) },
  })
  expect(await alarm('rollout-orphaned')).toContain(says.slice(0, 80))
})

test('a rollout that one controller cannot look at is no alarm while another one can', async () => {
  const { clock, publisher, controller, alarm } = await world()
  controller({ policies: [hours()], name: 'broken' })
  await clock.advance(MINUTE)
  await publisher.publish({ pool: 2 }, { ...publishing, rollout: hours() })
  await clock.advance(MINUTE)
  expect(await alarm('rollout-orphaned')).toContain('cannot be moved on by broken')
  const closed: RolloutPolicy['decide'] = ({ release }, _evidence, nowMs) => {
    return {
      type: 'hold',
      explanation: {
        rollout: release.rollout?.id ?? '',
        stage: 0,
        where: 'hours',
        verdict: 'unknown',
        why: ['the office is closed'],
        unknowns: [],
        counts: {},
        canSee: '',
        exceptions: [],
        omitted: 0,
        wouldChange: [],
        asOf: new Date(nowMs).toISOString(),
      },
    }
  }
  controller({ policies: [hours(closed)], name: 'whole' })
  await clock.advance(MINUTE)
  expect(await alarm('rollout-orphaned')).toBeUndefined()
})

test('a start that throws, or answers with what is no first step, is told with the name of its policy', async () => {
  const { publisher } = await world()
  const beginning = (start: () => unknown) =>
    publisher.publish({ pool: 2 }, { ...publishing, rollout: { ...hours(), start: start as never } })
  await expect(beginning(throwing)).rejects.toMatchObject({
    code: 'internal',
    message: 'policy hours@3 threw in start(): TypeError: opensAt is not a function',
    cause: expect.any(TypeError),
  })
  await expect(beginning(() => ({ type: 'wait' }))).rejects.toMatchObject({
    message: 'policy hours@3 answered with the type "wait"; it must be one of stage, everyone, refused',
  })
})

test('a red gate that holds a rollout is an alarm with its reason, until it is green', async () => {
  const { clock, publisher, controller, lines, alarm } = await world()
  let says: GateFinding = 'good'
  const gate: Gate = { name: 'shop-health', onBad: 'pause', check: () => says }
  controller({ gates: [gate] })
  await clock.advance(MINUTE)
  const rollout = await publisher.publish(
    { pool: 2 },
    { ...publishing, rollout: staged({ ...PERIODS, gates: [gate] }) },
  )
  await clock.advance(MINUTE)
  says = { verdict: 'bad', why: '503 of orders' }
  await clock.advance(MINUTE)
  expect(await alarm('rollout-paused')).toBe(
    `rollout ${rollout.id}, stage 1, stands still: gate shop-health is red: 503 of orders`,
  )
  expect(lines.map(({ message }) => message)).toEqual([
    'a rollout stands still; it goes on by itself once the reason is gone',
  ])
  says = 'good'
  await clock.advance(MINUTE)
  expect(await alarm('rollout-paused')).toBeUndefined()
})

test('a red gate that holds a stage beyond its time needs an operator', async () => {
  const { clock, publisher, controller, lines } = await world()
  let says: GateFinding = 'good'
  const gate: Gate = { name: 'shop-health', onBad: 'pause', check: () => says }
  controller({ gates: [gate], lookMs: MINUTE })
  await clock.advance(MINUTE)
  await publisher.publish({ pool: 2 }, { ...publishing, rollout: staged({ ...PERIODS, gates: [gate] }) })
  says = { verdict: 'bad', why: '503 of orders' }
  await clock.advance(90 * MINUTE)
  expect(lines.map(({ message }) => message)).toContain('a rollout stands still and needs an operator')
})

test('a policy refuses a start for a reason of its own, which is said', async () => {
  const { publisher } = await world()
  const closed = () => ({ type: 'refused', why: 'policy', says: ['the office opens at 9'] }) as const
  await expect(
    publisher.publish({ pool: 2 }, { ...publishing, rollout: { ...hours(), start: closed } }),
  ).rejects.toMatchObject({
    code: 'forbidden',
    message: 'checkout/prod: the rollout does not start: the office opens at 9',
  })
})

test('a publish is refused while the controllers that are heard lack its policy, and names one of them', async () => {
  const { clock, publisher, controller } = await world()
  controller({ name: 'the night shift' })
  await clock.advance(MINUTE)
  await expect(publisher.publish({ pool: 2 }, { ...publishing, rollout: hours() })).rejects.toMatchObject({
    code: 'no-controller',
    message: expect.stringContaining('give the policy to one that is heard (the night shift)'),
  })
})

test('a policy that wraps staged() takes its place, and holds by a rule of its own what would go on', async () => {
  const { clock, publisher, controller } = await world()
  let open = false
  const inner = staged()
  controller({
    policies: [
      {
        ...inner,
        decide(...given) {
          const decision = inner.decide(...given)
          return decision.type === 'advance' && !open
            ? { type: 'hold', explanation: decision.explanation }
            : decision
        },
      },
    ],
  })
  await clock.advance(MINUTE)
  await publisher.publish({ pool: 2 }, { ...publishing, rollout: staged({ ...PERIODS, stages: [1, 'all'] }) })
  await clock.advance(10 * MINUTE)
  expect((await publisher.current())?.release.rollout).toMatchObject({ state: 'running', stage: 0 })
  open = true
  await clock.advance(10 * MINUTE)
  expect((await publisher.current())?.release.rollout?.state).toMatch(/watching|completed/)
})
