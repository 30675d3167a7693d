import { afterEach, describe, expect, test } from 'vitest'
import type { CompleteStore } from '../../../src/contracts/transport.js'
import { createController, type Controller, type ControllerOptions } from '../../../src/controller/index.js'
import type { LogDetails } from '../../../src/contracts/system.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { decodeRelease, type Release } from '../../../src/core/release/release.js'
import { silentLogger } from '../../../src/core/silent-logger.js'
import {
  createPublisher,
  everyone,
  type Gate,
  type GateFinding,
  type PublishOptions,
  type Rollout,
} from '../../../src/publisher/index.js'
import { staged } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { releasesOf } from '../../support/releases-of.js'
import type { Effect } from '../../support/rollouts/paper-fleet.js'
import {
  LOOK_MS,
  MINUTE,
  namespace,
  paperWorld,
  PERIODS,
  schema,
  type Document,
  type PaperWorld,
  type PaperWorldOptions,
} from '../../support/rollouts/paper-world.js'

interface World extends PaperWorld {
  readonly releases: () => Promise<readonly Release[]>
  controller(options?: Partial<ControllerOptions>): Controller
  publish(pool: number, options?: Partial<PublishOptions<Document>>): Promise<Rollout>
  /** Publishes version 2 as somebody who has the gate. */
  publishWith(gate: Gate, options: Partial<PublishOptions<Document>>): Promise<Rollout>
}

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** A fleet that has run version 1 for a while, and no controller yet. */
async function world(options: PaperWorldOptions = {}): Promise<World> {
  const paper = await paperWorld(options)
  const { store, system, publisher } = paper
  return {
    ...paper,
    releases: () => releasesOf(store, namespace),
    controller(options = {}) {
      const controller = createController({ store, system, lookMs: LOOK_MS, ...options })
      closing.push(() => controller.close())
      return controller
    },
    publish: (pool, options = {}) =>
      publisher.publish({ pool }, { rollout: staged(PERIODS), reason: 'more', ...options }),
    publishWith(gate, options) {
      const another = createPublisher({ namespace, schema, store, system, gates: [gate] })
      closing.push(() => another.close())
      return another.publish({ pool: 2 }, { reason: 'more', ...options })
    },
  }
}

const statesOf = (releases: readonly Release[]): readonly string[] =>
  releases.map(({ rollout, cause }) =>
    rollout === undefined ? cause : `${cause} ${rollout.state} ${rollout.stage}`,
  )

describe('a rollout that works', () => {
  test('goes stage by stage to everybody, is watched, and ends, each step with its evidence in the history', async () => {
    const { clock, controller, publish, fleet, releases, publisher } = await world()
    controller()
    await clock.advance(MINUTE)
    const rollout = await publish(2)
    expect(rollout).toMatchObject({ outcome: 'published', state: 'running' })
    const digest = rollout.digest
    const settled = rollout.settled
    await clock.advance(40 * MINUTE)
    expect(await settled).toBe('completed')
    expect(fleet.runs(digest)).toHaveLength(20)
    expect(statesOf(await releases())).toEqual([
      'publish',
      'publish running 0',
      'advance running 1',
      'advance running 2',
      'advance running 3',
      'promote watching 3',
      'complete completed 3',
    ])
    const steps: (string | undefined)[] = []
    for await (const { audit } of publisher.history()) steps.push(audit?.evidence?.step)
    expect(steps).toEqual(['advance', 'advance', 'advance', 'advance', 'advance', undefined, undefined])
  })

  test('exposes nobody outside of a stage', async () => {
    const { clock, controller, publish, fleet, releases } = await world()
    controller()
    await clock.advance(MINUTE)
    const { digest } = await publish(2)
    for (let minute = 0; minute < 20; minute += 1) {
      const newest = (await releases()).at(-1)
      const exposed = newest?.candidate === undefined ? 20 : (newest.rollout?.stageStart.exposed ?? 0)
      expect(fleet.runs(digest).length).toBeLessThanOrEqual(exposed)
      await clock.advance(MINUTE)
    }
    expect(fleet.everRan(digest).length).toBeGreaterThan(1)
  })

  test('comes to the same end with three controllers, and no stage is passed twice', async () => {
    const { clock, controller, publish, releases } = await world()
    for (const name of ['a', 'b', 'c']) controller({ name })
    await clock.advance(MINUTE)
    await publish(2)
    await clock.advance(40 * MINUTE)
    expect(statesOf(await releases())).toHaveLength(7)
  })

  test('goes on where it stood when its controller is gone for an hour and another one starts', async () => {
    const { clock, controller, publish, releases } = await world()
    const first = controller()
    await clock.advance(MINUTE)
    await publish(2)
    await clock.advance(4 * MINUTE)
    await first.close()
    const before = await releases()
    await clock.advance(20 * MINUTE)
    // An outage of the controller skips no stage.
    expect(await releases()).toEqual(before)
    controller({ name: 'the next one' })
    await clock.advance(10_000)
    const after = await releases()
    expect(after).toHaveLength(before.length + 1)
    expect(after.at(-1)?.rollout).toMatchObject({
      stage: (before.at(-1)?.rollout?.stage ?? 0) + 1,
      controller: 'the next one',
    })
  })
})

describe('a rehearsed way back', () => {
  const rehearsing = { rollout: staged({ ...PERIODS, stages: [1, 'all'], rehearse: true }) }
  const PHASES = ['publish forward', 'retreat back', 'advance again', 'advance stage 0', 'advance stage 1']
  const phasesOf = (releases: readonly Release[]): readonly string[] =>
    releases
      .filter(({ rollout }) => rollout?.state === 'running')
      .map(
        ({ cause, rollout }) =>
          `${cause} ${rollout?.stageStart.rehearsal?.phase ?? `stage ${rollout?.stage}`}`,
      )

  test('comes before the first stage, with one client, and the rollout goes its way', async () => {
    const { clock, controller, publish, releases, fleet } = await world()
    controller()
    await clock.advance(MINUTE)
    const rollout = await publish(2, rehearsing)
    expect(rollout).toMatchObject({ state: 'running', stage: 0, of: 2, rehearsal: 'forward' })
    const { settled } = rollout
    await clock.advance(6 * MINUTE)
    expect(fleet.everRan(rollout.digest)).toHaveLength(1)
    await clock.advance(40 * MINUTE)
    expect(await settled).toBe('completed')
    expect(phasesOf(await releases())).toEqual(PHASES)
  })

  test.each([0, 1, 2, 3])(
    'goes on in the same phase when its controller is gone for twenty minutes and another one starts: %i',
    async phase => {
      const { clock, controller, publish, releases } = await world()
      const first = controller()
      await clock.advance(MINUTE)
      await publish(2, rehearsing)
      for (let left = 200; (await releases()).length < phase + 2; left -= 1) {
        if (left === 0) throw new Error(`no phase ${phase} in the log`)
        await clock.advance(5_000)
      }
      await first.close()
      const before = await releases()
      expect(phasesOf(before)).toEqual(PHASES.slice(0, phase + 1))
      await clock.advance(20 * MINUTE)
      // An outage of the controller skips no phase.
      expect(await releases()).toEqual(before)
      controller({ name: 'the next one' })
      // One look: the client has run the candidate for long, so the first stage would be over at
      // the next.
      await clock.advance(4_000)
      const after = await releases()
      expect(phasesOf(after)).toEqual(PHASES.slice(0, phase + 2))
      expect(after.at(-1)?.rollout?.controller).toBe('the next one')
    },
  )

  test('is paused, taken back and resumed by hand in its phase, and promoted out of it', async () => {
    const { clock, controller, publish, publisher, releases } = await world()
    const { rehearsal } = await publish(2, rehearsing).catch(async () => {
      controller()
      await clock.advance(MINUTE)
      return publish(2, rehearsing)
    })
    expect(rehearsal).toBe('forward')
    await clock.advance(3 * MINUTE)
    const phase = async (): Promise<string | undefined> =>
      (await releases()).at(-1)?.rollout?.stageStart.rehearsal?.phase
    expect(await phase()).toBe('back')
    for (const verb of ['pause', 'resume', 'retreat', 'resume'] as const) {
      await publisher[verb]({ reason: 'a doubt' })
      expect(await phase()).toBe('back')
    }
    const { audience, candidate } = (await releases()).at(-1) ?? {}
    expect(audience?.clauses).toEqual([])
    await publisher.promote({ reason: 'it fixes the outage' })
    const promoted = (await releases()).at(-1)
    expect(promoted?.stable.variants).toEqual(candidate?.variants)
    expect(await phase()).toBeUndefined()
  })
})

describe('a document that does harm', () => {
  test.each(['rejected', 'dies'] as const)(
    'and is %s goes back by itself, and few ever ran it',
    async effect => {
      const { clock, controller, publish, fleet, releases } = await world({ effect })
      controller()
      await clock.advance(MINUTE)
      const rollout = await publish(2)
      const { settled } = rollout
      await clock.advance(15 * MINUTE)
      expect(await settled).toBe('rolled-back')
      expect(fleet.everRan(rollout.digest).length).toBeLessThanOrEqual(2)
      const newest = (await releases()).at(-1)
      expect(newest).toMatchObject({ cause: 'rollback', withdrawn: [rollout.digest], stable: { version: 1 } })
      expect(newest).not.toHaveProperty('candidate')
    },
  )

  test('and makes its clients mute retreats, which somebody may resume', async () => {
    const { clock, controller, publish, fleet, releases } = await world({ effect: 'mute' })
    controller()
    await clock.advance(MINUTE)
    const rollout = await publish(2)
    const { settled } = rollout
    await clock.advance(15 * MINUTE)
    expect(await settled).toBe('paused')
    expect(fleet.everRan(rollout.digest).length).toBeLessThanOrEqual(2)
    expect((await releases()).at(-1)).toMatchObject({ cause: 'retreat', rollout: { state: 'retreated' } })
    expect((await releases()).at(-1)).not.toHaveProperty('withdrawn')
  })
})

test('a rollout that has retreated is resumed with every client that was exposed, also with those that a wider stage took in', async () => {
  const { clock, controller, publish, publisher, releases } = await world({ effect: 'mute' })
  controller()
  await clock.advance(MINUTE)
  await publish(2)
  await clock.advance(15 * MINUTE)
  const before = await releases()
  expect(before.map(({ cause }) => cause)).toEqual(['publish', 'publish', 'widen', 'retreat'])
  await publisher.resume({ reason: 'the network was to blame' })
  const [, begun, widened, , resumed] = await releases()
  expect(resumed?.audience).toEqual(widened?.audience)
  expect(resumed?.audience).not.toEqual(begun?.audience)
})

describe('what a controller does not have', () => {
  const gate = { name: 'latency', onBad: 'roll-back' as const }
  const gated = staged({ ...PERIODS, gates: [gate] })

  test('exposes nobody and is named, until a controller that has it comes', async () => {
    const { clock, controller, fleet, publish, releases } = await world()
    const bare = controller()
    await clock.advance(MINUTE)
    const rollout = await publish(2, { rollout: gated })
    expect(rollout).toMatchObject({ stage: 0, awaitsGates: true })
    expect(rollout.notes.join()).toContain('waiting for: gate latency')
    await clock.advance(20 * MINUTE)
    expect(await releases()).toHaveLength(2)
    expect(fleet.runs(rollout.digest)).toEqual([])
    expect(bare.standings.get(namespace)).toMatchObject({ type: 'stands', waitingFor: ['gate latency'] })
    controller({ name: 'with it', gates: [{ ...gate, check: () => 'good' }] })
    await clock.advance(10_000)
    const begun = (await releases()).at(-1)?.rollout
    expect(begun).toMatchObject({ stage: 0, controller: 'with it', stageStart: { live: 20, exposed: 1 } })
    expect(begun?.stageStart.awaitsGates).toBeUndefined()
    await clock.advance(4 * MINUTE)
    expect((await releases()).at(-1)?.rollout).toMatchObject({ stage: 1, controller: 'with it' })
  })

  test('holds a stage that began with it, and is named', async () => {
    const { clock, controller, publishWith, releases } = await world()
    const bare = controller()
    await clock.advance(MINUTE)
    await publishWith({ ...gate, check: () => 'good' }, { rollout: gated })
    await clock.advance(20 * MINUTE)
    expect(await releases()).toHaveLength(2)
    expect(bare.standings.get(namespace)).toMatchObject({ type: 'stands', waitingFor: ['gate latency'] })
    controller({ name: 'with it', gates: [{ ...gate, check: () => 'good' }] })
    await clock.advance(10_000)
    expect((await releases()).at(-1)?.rollout).toMatchObject({ stage: 1, controller: 'with it' })
  })

  test('alarms once the stage was to be decided, also where only what it would write down is missing', async () => {
    const { clock, controller, publish, releases } = await world({ clients: 4 })
    const bare = controller()
    await clock.advance(MINUTE)
    await publish(2, { rollout: staged({ ...PERIODS, gates: [{ ...gate, onBad: 'record' }] }) })
    await clock.advance(20 * MINUTE)
    const waits = { type: 'stands', waitingFor: ['gate latency'] }
    expect(bare.standings.get(namespace)).toMatchObject({ ...waits, action: 'hold' })
    await clock.advance(60 * MINUTE)
    expect(bare.standings.get(namespace)).toMatchObject({ ...waits, action: 'pause' })
    expect(await releases()).toHaveLength(2)
  })

  test('does not keep it from taking back what is bad', async () => {
    const { clock, controller, publishWith, releases } = await world({ effect: 'rejected' })
    controller()
    await clock.advance(MINUTE)
    await publishWith({ ...gate, check: () => 'good' }, { rollout: gated })
    await clock.advance(5 * MINUTE)
    expect((await releases()).at(-1)?.rollout?.state).toBe('rolled-back')
  })

  test.each([
    ['red', () => 'bad' as const, 'rolled-back'],
    [
      'thrown',
      () => {
        throw new Error('no')
      },
      'running',
    ],
    ['late', () => new Promise<never>(() => {}), 'running'],
    ['nonsense', () => 'fine' as never, 'running'],
  ])('a gate whose answer is %s neither advances nor is passed over', async (_, check, state) => {
    const { clock, controller, publish, releases } = await world()
    let says: Gate['check'] = () => 'good'
    controller({ gates: [{ ...gate, check: (...asked) => says(...asked) }] })
    await clock.advance(MINUTE)
    await publish(2, { rollout: gated })
    await clock.advance(MINUTE)
    says = check
    await clock.advance(15 * MINUTE)
    expect((await releases()).at(-1)?.rollout).toMatchObject({ state, stage: 0 })
  })

  test.each(['roll-back', 'pause'] as const)(
    'a red gate of the controller alone blocks the start, with onBad %s, until it is green',
    async onBad => {
      const { clock, controller, fleet, publish, publisher, releases } = await world()
      let says: GateFinding = { verdict: 'bad', why: '503 of orders' }
      const own = { ...gate, onBad, check: () => says }
      controller({ gates: [own] })
      await clock.advance(MINUTE)
      const { digest } = await publish(2, { rollout: staged({ ...PERIODS, gates: [own] }) })
      await clock.advance(5 * MINUTE)
      expect(await releases()).toHaveLength(2)
      expect(fleet.runs(digest)).toEqual([])
      expect((await publisher.alarms()).map(alarm => alarm.says).join()).toContain(
        'gate latency is red: 503 of orders',
      )
      says = 'unknown'
      await clock.advance(10_000)
      expect((await releases()).at(-1)?.rollout).toMatchObject({ stage: 0, stageStart: { exposed: 1 } })
    },
  )

  test('a rollout that nobody began by its time needs an operator', async () => {
    const { clock, controller, publish } = await world()
    const bare = controller()
    await clock.advance(MINUTE)
    await publish(2, { rollout: gated })
    await clock.advance(90 * MINUTE)
    expect(bare.standings.get(namespace)).toMatchObject({ action: 'pause' })
    // Nobody ran it, so it may be published again.
    expect((await publish(3, { supersede: true })).withdrawn).toEqual([])
  })

  test.each(['pause', 'retreat'] as const)(
    'a rollout that nobody began leaves nothing withdrawn after a %s either',
    async verb => {
      const { publish, publisher, controller, clock } = await world()
      controller()
      await clock.advance(MINUTE)
      await publish(2, { rollout: gated })
      await publisher[verb]({ reason: 'the sale begins' })
      expect((await publish(3, { rollout: gated, supersede: true })).withdrawn).toEqual([])
      expect((await publish(2, { rollout: gated, supersede: true })).outcome).toBe('published')
    },
  )

  test('a fleet that most are not heard of any more is not taken for one of two clients', async () => {
    const { clock, controller, fleet, publish, releases, publisher } = await world()
    controller({ gates: [{ ...gate, check: () => says }] })
    let says: GateFinding = 'bad'
    await clock.advance(MINUTE)
    const { digest } = await publish(2, { rollout: gated })
    fleet.stop(19)
    await clock.advance(5 * MINUTE)
    says = 'good'
    await clock.advance(5 * MINUTE)
    expect(await releases()).toHaveLength(2)
    expect(fleet.runs(digest)).toEqual([])
    expect((await (await publisher.rollout())?.explain())?.why.join()).toContain('1 of 20 clients are live')
    fleet.start(19)
    await clock.advance(5 * MINUTE)
    expect((await releases())[2]?.rollout?.stageStart).toMatchObject({ live: 20, exposed: 1 })
  })

  test('one or two clients are exposed after the gate was asked, and watched', async () => {
    const { clock, controller, fleet, publish, releases } = await world({ clients: 2 })
    let says: GateFinding = 'bad'
    controller({ gates: [{ ...gate, check: () => says }] })
    await clock.advance(MINUTE)
    const { digest } = await publish(2, { rollout: gated })
    await clock.advance(5 * MINUTE)
    expect(fleet.runs(digest)).toEqual([])
    says = 'good'
    await clock.advance(MINUTE)
    expect(fleet.runs(digest)).toHaveLength(2)
    expect((await releases()).at(-1)).toMatchObject({ cause: 'promote', rollout: { state: 'watching' } })
  })
})

test('a gate that does not answer is told once in the log, and why by whoever explains the rollout', async () => {
  const { clock, controller, publish, publisher } = await world()
  const warnings: [string, LogDetails | undefined][] = []
  const logger = {
    ...silentLogger,
    warn: (...said: [string, LogDetails?]) => void warnings.push(said as never),
  }
  const check = () => {
    const cause = Object.assign(new Error('connect to shop:hunter2@10.0.0.7'), { code: 'ECONNREFUSED' })
    throw new TypeError('fetch failed: hunter2', { cause })
  }
  controller({ gates: [{ name: 'health', check }], logger, name: 'by the board' })
  await clock.advance(MINUTE)
  const rollout = await publish(2, { rollout: staged({ ...PERIODS, gates: [{ name: 'health' }] }) })
  await clock.advance(10 * MINUTE)
  const why = 'gate health does not know: it threw TypeError (ECONNREFUSED)'
  expect(warnings).toEqual([
    ['a rollout waits for a gate that does not know', { namespace, rollout: rollout.id, stage: 1, why }],
  ])
  // Here no gate is asked, and the controller has told.
  const said = await (await publisher.rollout())?.explain()
  expect(said?.why).toContain(`${why} (by the board)`)
  // It waits, and no person has to do anything yet.
  expect(await publisher.alarms()).toEqual([])
})

test('an error that is too long for a report keeps its code', async () => {
  const { clock, controller, publish, publisher, store } = await world()
  let message = 'it goes on'
  controller({
    store: {
      ...store,
      next: async (query, signal) => {
        if (message.length > 100) throw new NoticeboardError('store-damaged', message)
        return store.next(query, signal)
      },
    },
  })
  await clock.advance(MINUTE)
  await publish(2)
  message = 'a log that '.repeat(50)
  await clock.advance(MINUTE)
  const says = (await publisher.alarms()).map(alarm => alarm.says)
  expect(says).toEqual([
    expect.stringMatching(/cannot be moved on by controller: a log .*… \(store-damaged\)$/),
  ])
})

describe('the log tells what holds a stage up', () => {
  type Line = readonly [level: string, message: string, details: LogDetails]

  /** A logger, and the lines that it was given which name a rollout. */
  function logOfRollouts() {
    const lines: Line[] = []
    const say = (level: string) => (message: string, details?: LogDetails) =>
      void (details?.['rollout'] && lines.push([level, message, details]))
    return { lines, logger: { ...silentLogger, info: say('info'), warn: say('warn') } }
  }

  test('once, where a canary never applies the document, and that somebody has to look', async () => {
    const { clock, controller, publish } = await world({ effect: 'unread' })
    const { lines, logger } = logOfRollouts()
    controller({ logger })
    await clock.advance(MINUTE)
    await publish(2)
    await clock.advance(30 * MINUTE)
    const kinds = 'not-applied, too-few, canary-missing'
    expect(lines.filter(([, , { unknowns }]) => unknowns === kinds)).toEqual([
      [
        'info',
        'a rollout waits',
        expect.objectContaining({
          namespace,
          stage: 1,
          why: expect.stringContaining('exposed clients do not run the candidate yet'),
        }),
      ],
    ])
    // Before that the fleet had not seen the stage.
    expect(lines.length).toBeLessThan(4)
    await clock.advance(60 * MINUTE)
    expect(lines.at(-1)).toMatchObject([
      'warn',
      'a rollout stands still and needs an operator',
      { unknowns: kinds },
    ])
  })

  test('a line for each thing that it waits for, and none while only time passes', async () => {
    const { clock, controller, publish } = await world()
    const { lines, logger } = logOfRollouts()
    controller({ logger })
    await clock.advance(MINUTE)
    await publish(2)
    await clock.advance(40 * MINUTE)
    expect(lines.map(([, message, { stage, unknowns = '' }]) => `${message} ${stage} ${unknowns}`)).toEqual([
      'a rollout waits 1 baking, too-few, canary-missing',
      'a rollout has taken a step 2 ',
      'a rollout waits 2 baking, too-few',
      'a rollout has taken a step 3 ',
      'a rollout waits 3 baking, too-few',
      'a rollout has taken a step 4 ',
      'a rollout waits 4 baking, too-few, control-too-small',
      'a rollout has taken a step 4 ',
      'a rollout waits 4 watching',
      'a rollout has taken a step 4 ',
    ])
  })

  test('while it stands still, when the reason is another one and not when a number is', async () => {
    const { clock, controller, publish } = await world()
    const { lines, logger } = logOfRollouts()
    let why: string | undefined
    const check = () => (why === undefined ? ('good' as const) : { verdict: 'bad' as const, why })
    controller({ gates: [{ name: 'shop', onBad: 'pause', check }], logger })
    await clock.advance(MINUTE)
    await publish(2, { rollout: staged({ ...PERIODS, gates: [{ name: 'shop', onBad: 'pause' }] }) })
    const reasons = ['p99 is 2 s', 'p99 is 3.5 s', 'p99 is 410 ms', 'carts are lost', 'carts are lost']
    for (const reason of reasons) {
      why = reason
      await clock.advance(MINUTE)
    }
    const held = lines.filter(([, message]) => message.includes('stands still'))
    expect(
      held.map(([level, message, { why: said }]) => [level, message, String(said).split(';')[0]]),
    ).toEqual([
      [
        'warn',
        'a rollout stands still; it goes on by itself once the reason is gone',
        'gate shop is red: p99 is 2 s',
      ],
      ['info', 'a rollout stands still for another reason now', 'gate shop is red: carts are lost'],
    ])
  })

  test('and what a stage can see that begins', async () => {
    const { clock, controller, publish } = await world()
    const { lines, logger } = logOfRollouts()
    controller({ logger })
    await clock.advance(MINUTE)
    await publish(2)
    await clock.advance(10 * MINUTE)
    const steps = lines.filter(([, , { step }]) => step === 'advance')
    expect(steps.map(([, , { stage, canSee }]) => [stage, String(canSee).split(';')[0]])).toEqual([
      [2, '3 of 20 clients'],
      [3, '10 of 20 clients'],
      [4, '20 of 20 clients'],
    ])
  })
})

test('the log counts stages as people do', async () => {
  const { clock, controller, publish } = await world()
  const steps: unknown[] = []
  const logger = {
    ...silentLogger,
    info: (_: string, details?: LogDetails) => void (details?.['step'] && steps.push(details['stage'])),
  }
  controller({ logger })
  await clock.advance(MINUTE)
  await publish(2)
  await clock.advance(40 * MINUTE)
  expect(steps).toEqual([2, 3, 4, 4, 4])
})

describe('publishing in stages', () => {
  test('is refused while no controller is heard, before anything is appended', async () => {
    const { publish, releases, controller, clock } = await world()
    await expect(publish(2)).rejects.toMatchObject({ code: 'no-controller' })
    expect(await releases()).toHaveLength(1)
    const gone = controller()
    await clock.advance(MINUTE)
    await gone.close()
    await expect(publish(2)).rejects.toMatchObject({ code: 'no-controller' })
  })

  test('goes by itself while it is awaited, if it is to be driven here', async () => {
    const { publish, clock } = await world()
    const { settled } = await publish(2, { drive: true })
    await clock.advance(40 * MINUTE)
    expect(await settled).toBe('completed')
  })

  test('is left to its controllers where the token of who waits may begin rollouts and not move them on', async () => {
    const { clock, controller, fleet, store, releases } = await world()
    controller()
    await clock.advance(MINUTE)
    let refused = 0
    const held: typeof store = {
      ...store,
      append: async (query, signal) => {
        if (decodeRelease(query.bytes).release.cause === 'publish') return store.append(query, signal)
        refused += 1
        throw new NoticeboardError('forbidden', 'ci may write only for the author it is bound to')
      },
    }
    const system = { clock, random: seededRandom(8), hasher: systemHasher }
    const ci = createPublisher({ namespace, schema, store: held, system })
    closing.push(() => ci.close())
    const rollout = await ci.publish({ pool: 2 }, { rollout: staged(PERIODS), reason: 'more', drive: true })
    const states: string[] = []
    const watched = (async () => {
      for await (const { state } of rollout) if (states.at(-1) !== state) states.push(state)
    })()
    await clock.advance(40 * MINUTE)
    await watched
    expect(states).toEqual(['running', 'watching', 'completed'])
    expect(fleet.runs(rollout.digest)).toHaveLength(20)
    expect(refused).toBe(1)
    expect((await releases()).at(-1)?.rollout?.controller).toBe('controller')
  })

  test('says why it stands, and a rollout of which nobody hears any more is late', async () => {
    const { publish, clock } = await world()
    const rollout = await publish(2, { drive: true })
    const explained = await rollout.explain()
    expect(explained).toMatchObject({ verdict: 'unknown', stage: 0 })
    // Nobody drives it: it is only looked at.
    const again = await publish(2, {})
    expect(again.outcome).toBe('unchanged')
    const { settled } = again
    await clock.advance(45 * MINUTE)
    expect(await settled).toBe('running')
  })

  test('the same document again returns the rollout that is under way; another one waits or supersedes', async () => {
    const { publish, releases } = await world()
    const rollout = await publish(2, { drive: true })
    const again = await publish(2, { drive: true })
    expect(again).toMatchObject({ outcome: 'unchanged', id: rollout.id, digest: rollout.digest })
    await expect(publish(3, { drive: true })).rejects.toMatchObject({ code: 'rollout-in-progress' })
    const other = await publish(3, { drive: true, supersede: true })
    expect(other.id).not.toBe(rollout.id)
    const [, first, second] = await releases()
    // The same clients go first.
    expect(second?.audience).toEqual(first?.audience)
    expect(await rollout.settled).toBe('superseded')
  })

  test('the same document for everyone is refused while only a stage runs it, and supersedes where that is said', async () => {
    const { publish, releases } = await world()
    const { digest } = await publish(2, { drive: true })
    const before = await releases()
    const toAll = { rollout: everyone(), drive: true }
    await expect(publish(2, toAll)).rejects.toMatchObject({
      code: 'rollout-in-progress',
      message: expect.stringMatching(
        /a rollout of this very document is running in stage 1 in checkout\/prod, so not everyone runs it: promote it, or pass/,
      ),
    })
    expect(await releases()).toEqual(before)
    expect(await publish(2, { ...toAll, supersede: true })).toMatchObject({ outcome: 'published', digest })
    const newest = (await releases()).at(-1)
    expect(newest?.stable.variants[0]?.digest).toBe(digest)
    expect(newest).not.toHaveProperty('candidate')
    expect(newest?.withdrawn ?? []).not.toContain(digest)
    expect(await publish(2, toAll)).toMatchObject({ outcome: 'unchanged', digest })
  })

  test('the same document for everyone changes nothing once all run it and it is watched', async () => {
    const { clock, controller, publish, publisher, releases } = await world()
    controller()
    await clock.advance(MINUTE)
    await publish(2)
    await publisher.promote({ reason: 'it is well' })
    const before = await releases()
    expect(before.at(-1)?.rollout?.state).toBe('watching')
    expect(await publish(2, { rollout: everyone() })).toMatchObject({ outcome: 'unchanged' })
    expect(await releases()).toEqual(before)
  })

  test('a document that was taken back comes again only with a reason, and to the same clients first', async () => {
    const { publish, publisher, releases } = await world()
    await publish(2, { drive: true })
    await publisher.abort({ reason: 'a doubt' })
    await expect(publish(2, { drive: true })).rejects.toMatchObject({ code: 'withdrawn' })
    await publish(2, { drive: true, readmit: 'it was the network' })
    const [, first, , again] = await releases()
    expect(again?.audience).toEqual(first?.audience)
    expect(again).toMatchObject({ readmit: [{ reason: 'it was the network' }] })
    expect(again).not.toHaveProperty('withdrawn')
  })

  test('a version that came back by a rollback is not the one that ifVersion meant', async () => {
    const { publish, publisher } = await world()
    await publish(2, { drive: true })
    await expect(publish(3, { drive: true, supersede: true, ifVersion: 1 })).rejects.toMatchObject({
      code: 'conflict',
    })
    const { position } = await publisher.abort({ reason: 'a doubt' })
    await expect(publish(3, { drive: true, ifVersion: 1 })).rejects.toMatchObject({ code: 'conflict' })
    expect((await publish(3, { drive: true, ifVersion: 1, ifPosition: position })).outcome).toBe('published')
  })
})

/** A controller with its defaults, over a store without a rollout that may fall silent. */
async function idle() {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const store = memory({ system })
  const publisher = createPublisher({ namespace, schema, store, system })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const looksAtMs: number[] = []
  const answers = { silent: false }
  const never = <T>(): Promise<T> => new Promise(() => {})
  const watched: CompleteStore = {
    ...store,
    latest(query, signal) {
      looksAtMs.push(clock.monotonic())
      return answers.silent ? never() : store.latest(query, signal)
    },
    namespaces: signal => (answers.silent ? never() : store.namespaces(signal)),
    report: (reports, signal) => (answers.silent ? never() : store.report(reports, signal)),
  }
  const controller = createController({ store: watched, system })
  closing.push(
    () => controller.close(),
    () => publisher.close(),
  )
  return { clock, controller, looksAtMs, answers }
}

test('a controller looks some ten seconds apart where no rollout goes on', async () => {
  const { clock, looksAtMs } = await idle()
  await clock.advance(10 * MINUTE)
  const gapsMs = looksAtMs.slice(1).map((atMs, index) => atMs - (looksAtMs[index] ?? 0))
  expect(gapsMs.length).toBeGreaterThan(50)
  expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(9_000)
  expect(Math.max(...gapsMs)).toBeLessThanOrEqual(11_000)
})

test('a controller over a store that answers nothing and ignores its signals is closed within two seconds', async () => {
  const { clock, controller, answers } = await idle()
  await clock.advance(MINUTE)
  answers.silent = true
  await clock.advance(MINUTE)
  let isClosed = false
  void controller.close().then(() => (isClosed = true))
  await clock.advance(1_999)
  expect(isClosed).toBe(false)
  await clock.advance(1)
  expect(isClosed).toBe(true)
})

test.each<[string, Effect, readonly string[]]>([
  ['works', 'works', ['advance', 'advance', 'promote', 'complete']],
  ['is refused', 'rejected', ['rollback']],
])('the log calls each step as the history does, of a document that %s', async (_name, effect, steps) => {
  const { controller, publish, releases, clock } = await world({ effect })
  const logged: unknown[] = []
  const seen: unknown[] = []
  const backs: unknown[] = []
  const keep = (_message: string, details?: LogDetails): void => {
    if (details?.['step'] === undefined) return
    logged.push(details['step'])
    seen.push(details['canSee'])
  }
  const warn = (message: string, details?: LogDetails): void => {
    backs.push(message)
    keep(message, details)
  }
  controller({ logger: { ...silentLogger, info: keep, warn } })
  await clock.advance(MINUTE)
  await publish(2, { rollout: staged({ ...PERIODS, stages: [1, '50%', 'all'] }) })
  await clock.advance(60 * MINUTE)
  expect(logged).toEqual(steps)
  expect(logged).toEqual((await releases()).slice(2).map(({ cause }) => cause))
  // What each could see stands in the log, and in the history for afterwards.
  for (const said of seen) expect(said).toMatch(/^\d+ of 20 clients/)
  // Who reads warnings alone hears of what goes back, and of nothing that goes on.
  expect(backs).toEqual(steps.includes('rollback') ? ['a rollout was taken back'] : [])
})
