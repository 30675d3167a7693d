import { afterEach, expect, test } from 'vitest'
import {
  createController,
  type Controller,
  type ControllerOptions,
  type RolloutListener,
} from '../../../src/controller/index.js'
import type { LogDetails, Logger } from '../../../src/contracts/system.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Store } from '../../../src/contracts/transport.js'
import { silentLogger } from '../../../src/core/silent-logger.js'
import {
  createPublisher,
  everyone,
  type Gate,
  type PublishOptions,
  type RolloutMove,
} from '../../../src/publisher/index.js'
import { staged, timed, type RolloutPolicy } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import {
  LOOK_MS,
  MINUTE,
  namespace,
  paperWorld,
  PERIODS,
  schema,
  type Document,
  type PaperWorldOptions,
} from '../../support/rollouts/paper-world.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/**
 * A listener that keeps what it hears; `fails` is thrown in its place while it returns something.
 */
function ear(fails: (move: RolloutMove) => Error | undefined = () => undefined) {
  const heard: RolloutMove[] = []
  return {
    name: 'ear',
    heard,
    async hear(move: RolloutMove) {
      const error = fails(move)
      if (error !== undefined) throw error
      heard.push(move)
    },
  }
}

/** A logger that keeps lines of its warnings and errors. */
function saying(lines: string[]): Pick<Logger, 'warn' | 'error'> {
  const say =
    (level: string) =>
    (message: string, details: LogDetails = {}) =>
      void lines.push([level, message, details['listener'], details['code'], details['reason']].join(' '))
  return { warn: say('warn'), error: say('error') }
}

const idsOf = (moves: readonly RolloutMove[]): Set<string> => new Set(moves.map(({ id }) => id))
const eventsOf = (moves: readonly RolloutMove[]): readonly string[] =>
  moves.map(({ event, rollout: { stage } }) => `${event} ${stage}`)

async function world(options: PaperWorldOptions = {}) {
  const paper = await paperWorld(options)
  const { store, system, publisher } = paper
  return {
    ...paper,
    controller(options: Partial<ControllerOptions>): Controller {
      const controller = createController({ store, system, lookMs: LOOK_MS, ...options })
      closing.push(() => controller.close())
      return controller
    },
    publish: (pool: number, options: Partial<PublishOptions<Document>> = {}) =>
      publisher.publish({ pool }, { rollout: staged(PERIODS), reason: 'more', author: 'ada', ...options }),
  }
}

test('a rollout is told from its begin to its end, in the order of the log, with who, why and the verdict', async () => {
  const { clock, controller, publish } = await world()
  const listener = ear()
  const made = controller({ listeners: [listener] })
  await clock.advance(MINUTE)
  const { id, digest } = await publish(2)
  await clock.advance(40 * MINUTE)
  expect(eventsOf(listener.heard)).toEqual([
    'begun 0',
    'stage 1',
    'stage 2',
    'stage 3',
    'watching 3',
    'completed 3',
  ])
  const [begun, stage] = listener.heard
  expect(begun).toMatchObject({
    v: 1,
    namespace,
    rollout: { id, state: 'running', stage: 0, of: 4, digest, version: 2 },
    position: { sequence: 2 },
    cause: 'publish',
    author: 'ada',
    reason: 'more',
    says: `${namespace}: the rollout of version 2 has begun, stage 1 of 4: more`,
  })
  expect(stage).toMatchObject({
    author: 'controller',
    evidence: { verdict: 'good', step: 'advance', stage: 0, counts: { healthy: 1 } },
  })
  expect(idsOf(listener.heard).size).toBe(6)
  expect(made.listeners).toEqual([{ name: 'ear', heard: 6, waiting: 0, lost: 0 }])
  expect(JSON.stringify(listener.heard)).not.toContain('"pool"')
})

test('clients that refuse a document are named with code and path where it was rolled back', async () => {
  const { clock, controller, publish, store } = await world({ effect: 'rejected' })
  const listener = ear()
  const telling: Store = {
    ...store,
    async reports(query, signal) {
      const { reports, ...heard } = await store.reports(query, signal)
      const why = { code: 'invalid-document', path: 'pool.size' }
      const explained = reports.map(({ verdicts = [], ...said }) => ({
        ...said,
        verdicts: verdicts.map(verdict =>
          verdict.verdict === 'rejected' ? { ...verdict, ...why } : verdict,
        ),
      }))
      return { ...heard, reports: explained }
    },
  }
  controller({ store: telling, listeners: [listener] })
  await clock.advance(MINUTE)
  const { digest } = await publish(2)
  await clock.advance(5 * MINUTE)
  expect(eventsOf(listener.heard)).toEqual(['begun 0', 'rolled-back 0'])
  expect(listener.heard[1]).toMatchObject({
    cause: 'rollback',
    rollout: { state: 'rolled-back', digest, version: 2 },
    evidence: {
      verdict: 'bad',
      exceptions: [{ kind: 'rejected', code: 'invalid-document', path: 'pool.size' }],
    },
  })
  expect(listener.heard[1]?.says).toContain('was rolled back, stage 1 of 4: ')
})

test('what people do is told with their reasons, also what takes the place of a rollout; a readmission is no move', async () => {
  const { clock, controller, publish, publisher } = await world()
  const listener = ear()
  controller({ listeners: [listener] })
  await clock.advance(MINUTE)
  const { digest } = await publish(2)
  for (const step of ['pause', 'resume', 'retreat', 'resume', 'promote', 'abort'] as const) {
    await publisher[step]({ reason: `because of ${step}` })
    await clock.advance(1_000)
  }
  await publish(3)
  await publisher.kill({ patch: { pool: 4 }, reason: 'too many' })
  await publisher.readmit({ digest: (await publisher.current())?.digest ?? '', reason: 'it was the driver' })
  const next = await publish(5, { supersede: true })
  await publish(6, { supersede: true, rollout: everyone() })
  await clock.advance(MINUTE)
  expect(listener.heard.map(({ event, reason }) => `${event}: ${reason}`)).toEqual([
    'begun: more',
    'paused: because of pause',
    'resumed: because of resume',
    'retreated: because of retreat',
    'resumed: because of resume',
    'watching: because of promote',
    'rolled-back: because of abort',
    'begun: more',
    'killed: too many',
    'superseded: more',
    'begun: more',
    'superseded: more',
  ])
  expect(listener.heard[3]?.rollout).toMatchObject({ state: 'retreated', digest })
  expect(listener.heard.at(-1)?.rollout).toMatchObject({ id: next.id, state: 'running', digest: next.digest })
  expect(idsOf(listener.heard).size).toBe(12)
})

test.each(['pause', 'retreat'] as const)(
  'a promotion to a stage is told as one, also after %s; a resume is not',
  async verb => {
    const { clock, controller, publish, publisher } = await world()
    const listener = ear()
    controller({ listeners: [listener] })
    await clock.advance(MINUTE)
    await publish(2)
    await publisher.promote({ to: 2, reason: 'checked' })
    await publisher[verb]({ reason: 'the sale begins' })
    await publisher.promote({ to: 3, reason: 'checked again' })
    await publisher[verb]({ reason: 'the sale goes on' })
    await publisher.resume({ reason: 'the sale is over' })
    await clock.advance(MINUTE)
    expect(
      listener.heard.flatMap(({ event, says }) => (/(?:stage|resumed)$/.test(event) ? [says] : [])),
    ).toEqual([
      'checkout/prod: the rollout of version 2 was promoted, stage 2 of 4: checked',
      'checkout/prod: the rollout of version 2 was promoted, stage 3 of 4: checked again',
      'checkout/prod: the rollout of version 2 was resumed, stage 3 of 4: the sale is over',
    ])
  },
)

test('a rollout that its policy holds up is told once, however often it is looked at', async () => {
  const { clock, controller, publish } = await world()
  const listener = ear()
  let verdict: 'good' | 'bad' = 'good'
  const gate: Gate = { name: 'latency', onBad: 'pause', check: () => ({ verdict, why: 'it is slow' }) }
  controller({ listeners: [listener], gates: [gate] })
  await clock.advance(MINUTE)
  await publish(2, { rollout: staged({ ...PERIODS, gates: [gate] }) })
  await clock.advance(MINUTE)
  verdict = 'bad'
  await clock.advance(10 * MINUTE)
  verdict = 'good'
  await clock.advance(MINUTE)
  expect(eventsOf(listener.heard)).toEqual(['begun 0', 'stage 0', 'stands-still 0', 'stage 1'])
  const [, stage, standstill] = listener.heard
  expect(standstill).toMatchObject({
    position: stage?.position,
    rollout: { state: 'running' },
    evidence: {
      verdict: 'bad',
      step: 'pause',
      why: expect.stringContaining('gate latency is red: it is slow'),
    },
  })
  expect(standstill).not.toHaveProperty('reason')
})

test('a rollout that nobody decided in time is told, also where the controller lacks its policy', async () => {
  const { clock, controller, publish } = await world()
  const policy: RolloutPolicy = {
    type: 'own',
    version: 1,
    start(input) {
      const first = staged(PERIODS).start(input)
      return first.type === 'stage' ? { ...first, plan: { type: 'own', version: 1, stages: [] } } : first
    },
    decide() {
      throw new TypeError('it is never asked')
    },
  }
  const able = controller({ name: 'able', policies: [policy] })
  await clock.advance(MINUTE)
  await publish(2, { rollout: policy })
  await able.close()
  const listener = ear()
  controller({ listeners: [listener] })
  await clock.advance(120 * MINUTE)
  expect(listener.heard.map(({ event }) => event)).toEqual(['begun', 'stands-still'])
  expect(listener.heard[1]?.says).toMatch(/: not decided by 20.*, for want of policy own@1$/)
})

test('a listener that never answers delays no step, is told of once, and what it missed is counted', async () => {
  const stagesAt = async (listeners: readonly RolloutListener[]) => {
    const { clock, controller, publish, publisher, system } = await world()
    const lines: string[] = []
    // Who draws more must not change when others look.
    const even = { number: () => 0.5, bytes: (length: number) => system.random.bytes(length) }
    const made = controller({
      system: { ...system, random: even },
      listeners,
      logger: { ...silentLogger, ...saying(lines) },
    })
    await clock.advance(MINUTE)
    await publish(2)
    await clock.advance(40 * MINUTE)
    const times: string[] = []
    for await (const { cause, issuedAt } of publisher.history()) times.push(`${cause} ${issuedAt}`)
    await clock.advance(90 * MINUTE)
    return { times, lines, made }
  }
  const deaf: RolloutListener = { name: 'deaf', hear: () => new Promise<void>(() => {}) }
  const { times, lines, made } = await stagesAt([deaf])
  expect(times).toEqual((await stagesAt([])).times)
  expect(made.listeners).toEqual([{ name: 'deaf', heard: 0, waiting: 0, lost: 6 }])
  const told = lines.filter(line => line.includes('deaf'))
  expect(told.filter(line => line.startsWith('warn'))).toEqual([
    `warn a listener cannot be told of a move of a rollout; it is tried again deaf timeout deaf did not answer within 10000 ms`,
  ])
  expect(told.filter(line => line.startsWith('error'))).toHaveLength(6)
})

test('a move that fails is tried again before the next, and one that is refused is given up at once', async () => {
  const { clock, controller, publish } = await world()
  let failures = 0
  const listener = ear(({ event, rollout: { stage } }) => {
    if (event === 'stage' && stage === 1) return new NoticeboardError('forbidden', 'not this one')
    if (event !== 'begun' || failures === 3) return undefined
    failures += 1
    return failures === 1 ? new TypeError('the bus is away') : new NoticeboardError('unavailable', 'away')
  })
  const warnings: (LogDetails | undefined)[] = []
  const warn: Logger['warn'] = (_message, details) => void warnings.push(details)
  const made = controller({ listeners: [listener], logger: { ...silentLogger, warn } })
  await clock.advance(MINUTE)
  await publish(2)
  await clock.advance(40 * MINUTE)
  expect(warnings).toMatchObject([{ reason: 'ear failed', cause: 'the bus is away' }])
  expect(eventsOf(listener.heard)).toEqual(['begun 0', 'stage 2', 'stage 3', 'watching 3', 'completed 3'])
  expect(made.listeners).toMatchObject([{ heard: 5, lost: 1 }])
})

test('what happened while no controller ran is told by the next one, and all of them name it alike', async () => {
  const { clock, controller, publish, publisher } = await world()
  const [first, second, third] = [ear(), ear(), ear()]
  const one = controller({ listeners: [first] })
  await clock.advance(MINUTE)
  await publish(2)
  await clock.advance(3 * MINUTE)
  await one.close()
  await publisher.abort({ reason: 'it loses orders' })
  await clock.advance(60 * MINUTE)
  controller({ name: 'second', listeners: [second] })
  controller({ name: 'third', listeners: [third] })
  await clock.advance(MINUTE)
  expect(eventsOf(second.heard)).toEqual(['begun 0', 'stage 1', 'rolled-back 1'])
  expect(idsOf(third.heard)).toEqual(idsOf(second.heard))
  expect(first.heard.length).toBeGreaterThan(1)
  expect(first.heard.every(({ id }) => idsOf(second.heard).has(id))).toBe(true)
})

/** A board without a fleet, whose rollouts go by the clock. */
function boardByTheClock() {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const store = memory({ system })
  const publisher = createPublisher({ namespace, schema, store, system })
  closing.push(() => publisher.close())
  const rollout = timed({ steps: 2, everyMs: 600 * MINUTE })
  return {
    clock,
    publisher,
    publish: (pool: number) => publisher.publish({ pool }, { rollout, drive: true, reason: 'more' }),
    controller(listener: RolloutListener): Controller {
      const controller = createController({ store, system, listeners: [listener] })
      closing.push(() => controller.close())
      return controller
    },
  }
}

test('a controller that starts tells no more than the last day, and what goes on from its beginning', async () => {
  const { clock, publisher, publish, controller } = boardByTheClock()
  const heardByANewOne = async (): Promise<readonly string[]> => {
    const listener = ear()
    const made = controller(listener)
    await clock.advance(1_000)
    await made.close()
    return eventsOf(listener.heard)
  }
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  await publish(2)
  await publisher.abort({ reason: 'it loses orders' })
  expect(await heardByANewOne()).toEqual(['begun 0', 'rolled-back 0'])
  await clock.advance(25 * 60 * MINUTE)
  expect(await heardByANewOne()).toEqual([])
  await publish(3)
  await publisher.pause({ reason: 'the sale begins' })
  await clock.advance(25 * 60 * MINUTE)
  expect(await heardByANewOne()).toEqual(['begun 0', 'paused 0'])
})

test('a move is told with the next look of the controller', async () => {
  const { clock, publisher, publish, controller } = boardByTheClock()
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const listener = ear()
  controller(listener)
  await clock.advance(MINUTE)
  await publish(2)
  // Where no rollout goes on it looks five times as seldom.
  await clock.advance(11_000)
  expect(eventsOf(listener.heard)).toEqual(['begun 0'])
  await publisher.pause({ reason: 'the sale begins' })
  await clock.advance(2_200)
  expect(eventsOf(listener.heard)).toEqual(['begun 0', 'paused 0'])
})

test('what is more than 200 releases back is not told', async () => {
  const { clock, publisher, publish, controller } = boardByTheClock()
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  await publish(2)
  for (let time = 0; time < 150; time += 1) {
    await publisher.pause({ reason: 'the sale begins' })
    await publisher.resume({ reason: 'the sale is over' })
  }
  const listener = ear()
  controller(listener)
  await clock.advance(MINUTE)
  expect(listener.heard).toHaveLength(199)
  expect(listener.heard.at(-1)?.event).toBe('resumed')
})

test('a log that cannot be read is read at a later look, and an audit record that comes late is waited for', async () => {
  const { clock, controller, publish, store } = await world()
  const listener = ear()
  const lines: string[] = []
  let reads = 0
  const slow: Store = {
    ...store,
    async *history(query, signal) {
      reads += 1
      if (reads <= 2) throw new NoticeboardError('unavailable', 'the store is away')
      for await (const { bytes, audit } of store.history(query, signal))
        yield reads > 4 && audit !== undefined ? { bytes, audit } : { bytes }
    },
  }
  controller({ store: slow, listeners: [listener], logger: { ...silentLogger, ...saying(lines) } })
  await clock.advance(MINUTE)
  await publish(2, { rollout: staged({ ...PERIODS, stages: [1, 'all'] }) })
  reads = 0
  await clock.advance(1.5 * MINUTE)
  expect(lines.filter(line => line.includes('the log cannot be read for the listeners'))).not.toEqual([])
  expect(listener.heard.map(({ event, reason }) => `${event} ${reason}`)).toEqual(['begun more'])
})

test('listeners of one name, as webhooks of one host are, are told apart by numbers', async () => {
  const { clock, controller, publish } = await world()
  const refusing = ear(() => new NoticeboardError('forbidden', 'not this one'))
  const said: (LogDetails | undefined)[] = []
  const error: Logger['error'] = (_message, details) => void said.push(details)
  const made = controller({
    listeners: [ear(), { ...ear(), name: 'file' }, refusing],
    logger: { ...silentLogger, error },
  })
  expect(made.listeners.map(({ name }) => name)).toEqual(['ear (1)', 'file', 'ear (2)'])
  await clock.advance(MINUTE)
  await publish(2)
  await clock.advance(MINUTE)
  expect(said).toMatchObject([{ listener: 'ear (2)' }])
})

test('a listener may hear without a promise', async () => {
  const { clock, publisher, publish, controller } = boardByTheClock()
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  await publish(2)
  const heard: string[] = []
  const made = controller({ name: 'plain', hear: ({ event }) => void heard.push(event) })
  await clock.advance(1_000)
  expect(heard).toEqual(['begun'])
  expect(made.listeners).toMatchObject([{ heard: 1, lost: 0 }])
})

test('what is no listener is refused', async () => {
  const { controller } = await world()
  for (const listeners of [{}, [{}], [{ name: 'a\nb', hear() {} }], ['https://hooks.test']])
    expect(() => controller({ listeners: listeners as never })).toThrow(
      'createController(): listeners must be a list of { name, hear }',
    )
})
