import { isNoticeboardError, type ErrorCode } from '../../../../../src/contracts/errors.js'
import { createPublisher, everyone, type Publisher } from '../../../../../src/publisher/index.js'
import { missingAfterMs } from '../../../../../src/core/report/missing-after.js'
import { seededDice, type Dice } from '../../../../../src/sim/dice.js'
import { startProcess } from '../../../../../src/sim/process.js'
import { memory } from '../../../../../src/transports/memory.js'
import { schema, type Document } from '../../builds.js'
import { during } from '../../waiting.js'
import type { Scene, SceneStage } from '../scene.js'
import { controllerActor, type ControllerActor } from './controllers.js'
import { createEffects, drawEffect, isOf, type Effects } from './effects.js'
import { createGates, drawMood, GATES, type Gates } from './gates.js'
import { digestOfDocument, makeMachine, ROLLED, type Machine } from './machine.js'
import { createOracles, runsItsTarget, type Oracles } from './oracles.js'
import { drawLabels, drawPolicy, FLOOR, type PolicyDice } from './policies.js'
import { watchStory, type PlainRelease, type Story } from './story.js'
import { drawLies, type Stranger } from './strangers.js'
import { layWire } from './wire.js'

/**
 * A fleet with controllers, to which documents are rolled out in stages: some of them refuse, some
 * of them die of what they are given, and controllers, clients and their wires fail meanwhile.
 */
export const rollouts: Scene = async stage => {
  const place = await open(stage)
  for (let round = stage.dice.chance(0.35) ? 2 : 1; round > 0; round -= 1) await playRound(place)
  await close(place)
}

/** How long a fleet is heard before something is published to it in stages, in milliseconds. */
const HEARD_MS = 30_000

/**
 * How long a rollout may take until it has ended, stands or alarms once all is well, in
 * milliseconds: longer than any `decideBy`.
 */
const SETTLED_MS = 2_000_000

/**
 * How long a fleet may take until it runs what it is to, in milliseconds: what somebody died of is
 * tried again last.
 */
const THERE_MS = 150_000

/**
 * How long a kill may take until it stands in the log, in milliseconds: some dozen ways to the store
 * and back, and far less than a bake.
 */
const KILLED_MS = 5_000

/** How often a fleet is not heard any more until somebody ends its rollout. */
const DEAF = 0.05

interface Place {
  readonly stage: SceneStage
  readonly story: Story
  readonly machines: readonly Machine[]
  readonly controllers: readonly ControllerActor[]
  readonly publisher: Publisher<Document>
  readonly effects: Effects
  readonly oracles: Oracles
  /** Probes are red everywhere until then. */
  incidentUntilMs: number
  readonly incidents: number[]
  lastN: number
  kills: number
  /** What waits for the end of the scene. */
  readonly under: Promise<unknown>[]
  readonly documents: Map<string, Document>
  readonly gates: Gates
  /** Whether who publishes asks gates too. */
  readonly isGuarded: boolean
  readonly more: More
  /** Strangers who spoke under names of their own. */
  readonly strangers: Stranger[]
  /** Whether one of them said that it is ahead of the store. */
  isAhead: boolean
  visits: number
  /** What ends by itself after a while, unless the round is over before. */
  readonly timers: (() => void)[]
}

/**
 * What a scene has besides, each with dice of its own, so that a scene without it stays as it is.
 */
interface More extends Pick<PolicyDice, 'places' | 'gates'> {
  readonly strangers: Dice | undefined
  /** Probes turn red right after a rollback or a kill. */
  readonly red: Dice | undefined
  /** Who has just begun to run what is to stay dies of something else. */
  readonly unlucky: Dice | undefined
  /** Somebody takes a rollout to another stage of its plan. */
  readonly jumps: Dice | undefined
}

function drawMore(seed: number): More {
  const own = (name: string, often: number): Dice | undefined => {
    const dice = seededDice(seed, `${name} of rollouts`)
    return dice.chance(often) ? dice : undefined
  }
  return {
    places: own('places', 0.35),
    gates: own('gates', 0.35),
    strangers: own('strangers', 0.3),
    red: own('red probes', 0.5),
    unlucky: own('unlucky', 0.35),
    jumps: own('jumps', 0.25),
  }
}

async function open(stage: SceneStage): Promise<Place> {
  const { clock, dice, seed } = stage
  const more = drawMore(seed)
  const gates = createGates(clock)
  const isGuarded = more.gates?.chance(0.7) === true
  const strangers: Stranger[] = []
  const effects = createEffects()
  const documents = new Map<string, Document>()
  const incidents: number[] = []
  const machines: Machine[] = []
  const controllers: ControllerActor[] = []
  const oracles = createOracles({
    stage,
    story: () => place.story,
    machines,
    controllers,
    effects,
    documents,
    incidents,
    gates,
    strangers,
  })
  const shared = memory({ system: { clock }, heartbeatMs: 10_000 })
  const story = watchStory(
    {
      ...shared,
      async put(query, signal) {
        documents.set(query.digest, JSON.parse(new TextDecoder().decode(query.bytes)) as Document)
        await shared.put(query, signal)
      },
    },
    {
      nowMs: () => clock.monotonic(),
      onStep(step, before) {
        const { sequence, cause, rollout } = step.release
        stage.note(`release ${sequence}: ${cause} ${rollout === undefined ? '' : `${rollout.id.slice(0, 4)} ${rollout.state} ${rollout.stage} by ${rollout.controller}`}`) // prettier-ignore
        oracles.step(step, before)
      },
    },
  )
  const own = startProcess('operator.1', { clock, seed })
  const publisher = createPublisher({
    namespace: ROLLED,
    schema,
    store: layWire(story.store, { own, nowMs: () => clock.monotonic() }).store,
    floor: FLOOR,
    gates: isGuarded ? gates.of(own) : [],
    system: own.system,
  })
  const place: Place = {
    stage, story, machines, controllers, publisher, effects, oracles, incidentUntilMs: 0, incidents, lastN: 0, kills: 0, under: [], documents, gates, isGuarded, more, strangers, isAhead: false, visits: 0, timers: [],
  } // prettier-ignore
  for (let index = dice.between(4, 9); index > 0; index -= 1)
    machines.push(
      makeMachine(
        {
          stage,
          store: story.store,
          effects,
          incident: () => clock.monotonic() < place.incidentUntilMs,
          parses: (machine, digest) => oracles.runs(machine, digest, 'parses'),
          runs: (machine, digest) => {
            stage.note(`${machine.plan.name} runs ${digest.slice(0, 8)}`)
            oracles.runs(machine, digest, 'runs')
          },
          died: oracles.died,
          reported: oracles.reported,
        },
        {
          name: `web-${index}`,
          build: dice.chance(0.3) ? 'b2' : 'b1',
          strategy: dice.pick(['pull', 'push']),
          disk: dice.chance(0.85),
          probe: dice.chance(0.3),
          labels: more.places === undefined ? {} : drawLabels(more.places, index),
        },
      ),
    )
  for (const name of ['controller-a', 'controller-b'].slice(0, dice.between(1, 2)))
    controllers.push(
      controllerActor(stage, story.store, {
        name,
        isHosted: dice.chance(0.4),
        gates,
        lacks: GATES.flatMap(gate => (more.gates?.chance(0.1) === true ? [gate.name] : [])),
      }),
    )
  const first = next(place)
  effects.add(first, { type: 'fine' })
  await during(clock, publisher.publish(first, { rollout: everyone(), reason: 'the first' }), 10_000)
  for (const machine of machines) machine.start()
  for (const actor of controllers) actor.start()
  await pass(place, HEARD_MS)
  return place
}

/** A document that nobody has published before. */
function next(place: Place): Document {
  place.lastN += place.stage.dice.between(1, 900)
  return { n: place.lastN, name: 'rolled' }
}

/** Time goes by, and is looked at. */
async function pass({ stage: { clock }, oracles }: Place, ms: number): Promise<void> {
  for (let leftMs = ms; leftMs > 0; leftMs -= 5_000) {
    await clock.advance(Math.min(5_000, leftMs))
    oracles.look()
  }
}

/** What a person at a command line may be told. */
const TOLD: readonly ErrorCode[] = ['conflict', 'forbidden', 'no-controller', 'fleet-unknown', 'withdrawn', 'unavailable', 'not-found', 'store-damaged'] // prettier-ignore

/** Asks the publisher for something, and waits for the answer. */
async function ask(
  place: Place,
  what: string,
  work: () => Promise<{ readonly state: string }>,
): Promise<void> {
  const { stage } = place
  const done = work().then(
    ({ state }) => stage.note(`${what}: ${state}`),
    (error: unknown) => {
      const code = isNoticeboardError(error) ? error.code : String(error)
      stage.note(`${what}: ${code}`)
      if (code === 'store-damaged' && what !== 'publish')
        stage.violate('strangers-stand-in-no-way', `${what} failed with ${code}`)
      if (!TOLD.some(one => one === code)) stage.violate('verbs-answer', `${what} failed with ${code}`)
    },
  )
  if (
    (await during(
      stage.clock,
      done.then(() => true),
      60_000,
    )) !== true
  )
    stage.violate('verbs-answer', `${what} did not answer within a minute`)
}

/** A kill waits for nothing: no stage, no bake, and nobody else. */
async function killNow(place: Place, kill: () => Promise<{ readonly state: string }>): Promise<void> {
  const { stage } = place
  const askedMs = stage.clock.monotonic()
  await ask(place, 'kill', kill)
  const tookMs = stage.clock.monotonic() - askedMs
  if (tookMs > KILLED_MS) stage.violate('a-kill-reaches-all', `a kill took ${tookMs} ms`)
}

/** One document is rolled out, while other things happen. */
async function playRound(place: Place): Promise<void> {
  const { stage, story, machines } = place
  const { dice, clock } = stage
  turnGates(place)
  await publish(place)
  const isCalm = dice.chance(0.2)
  for (let left = isCalm ? 0 : dice.between(1, 6); left > 0; left -= 1) {
    await pass(place, dice.between(500, 15_000))
    await happen(place)
    turnGates(place)
    await lie(place)
    await jump(place)
  }
  await pass(place, dice.between(1_000, 20_000))
  heal(place)
  // Nobody hears the fleet any more, so nothing can be known before somebody has to look.
  const isDeaf = dice.chance(DEAF)
  if (isDeaf) for (const machine of machines) machine.mute(true)
  const sinceMs = clock.monotonic()
  while (!isSettled(place) && clock.monotonic() - sinceMs < SETTLED_MS)
    await pass(place, isDeaf ? 5_000 : 1_000)
  heal(place)
  if (!isSettled(place)) {
    const {
      id,
      state,
      stage: at,
    }: Partial<NonNullable<PlainRelease['rollout']>> = story.newest?.release.rollout ?? {}
    stage.violate(
      'rollouts-end-or-alarm',
      `${id} is ${state} in stage ${at}, and nobody says that somebody has to look`,
    )
  }
  await endIt(place)
  redden(place)
  await everybodyIsThere(place)
  await stayThere(place)
  if (dice.chance(0.4)) await readmit(place)
}

/**
 * What harmed clients is published again once it does no harm any more, with a reason: whoever
 * refused it runs it.
 */
async function readmit(place: Place): Promise<void> {
  const { stage, story, machines, publisher, effects, documents } = place
  const digest = story.newest?.release.withdrawn?.at(-1) ?? ''
  const document = documents.get(digest)
  if (document === undefined || effects.of(document.n).type === 'fine') return
  effects.add(document, { type: 'fine' })
  for (const machine of machines) machine.pardon(digest)
  place.oracles.pardoned(digest)
  stage.met('a document came back with a reason')
  await ask(place, 'readmit', () =>
    publisher.publish(document, {
      rollout: everyone(),
      belowFloor: 'mended',
      readmit: 'it was the application',
      ignoreReports: place.isAhead,
      reason: 'again',
    }),
  )
  await everybodyIsThere(place)
}

/** Some gates say something else from now on. */
function turnGates({ gates, more: { gates: dice }, stage: { note } }: Place): void {
  for (const { name } of GATES) {
    if (dice?.chance(0.3) !== true) continue
    const mood = drawMood(dice)
    gates.turn(name, mood)
    note(`gate ${name} is ${mood}`)
  }
}

/**
 * Somebody takes the rollout to a stage of its plan, which is refused where it is not a later one.
 */
async function jump(place: Place): Promise<void> {
  const { story, publisher, more: { jumps } } = place // prettier-ignore
  const stages = story.newest?.release.rollout?.plan.stages.length ?? 0
  if (jumps?.chance(0.8) !== true || stages === 0) return
  const to = jumps.between(1, stages)
  await ask(place, `promote to ${to}`, () => publisher.promote({ to, reason: 'simulation' }))
}

/** Strangers report, once: somebody who may read may report too. */
async function lie(place: Place): Promise<void> {
  const { stage, story, machines, strangers, more } = place
  const newest = story.newest?.release
  if (more.strangers?.chance(0.5) !== true || newest === undefined) return
  place.visits += 1
  const digest = (newest.candidate ?? newest.stable).variants[0]?.digest ?? ''
  const { kind, reports, taken } = drawLies({ dice: more.strangers, machines, digest, newest, visit: place.visits }) // prettier-ignore
  if (reports.length === 0) return
  stage.note(`strangers: ${kind} ${reports.map(({ clientId, phase }) => `${clientId} ${phase}`).join()}`)
  stage.met('strangers reported of a rollout')
  const atMs = stage.clock.monotonic()
  const silentMs = atMs + missingAfterMs(reports[0]?.nextReportWithinMs ?? 86_400_000)
  for (const machine of taken) machine.taken.push({ atMs, silentMs })
  if (taken.length === 0)
    strangers.push(...reports.map(({ clientId: name, labels }) => ({ name, labels, silentMs })))
  if (kind === 'ahead') place.isAhead = true
  await during(stage.clock, story.store.report(reports, new AbortController().signal), 1_000)
}

/** Every probe turns red, where clients have just gone back to something. */
function redden(place: Place): void {
  const { stage, story, more: { red } } = place // prettier-ignore
  if (red === undefined || !wentBack(story.newest?.release)) return
  place.timers.push(
    stage.clock.after(red.between(200, 5_000), () => {
      const nowMs = stage.clock.monotonic()
      stage.met('probes turned red after a way back')
      place.incidents.push(nowMs)
      place.incidentUntilMs = nowMs + red.between(3_000, 30_000)
    }),
  )
}

function wentBack(newest: PlainRelease | undefined): boolean {
  return newest?.cause === 'rollback' || newest?.cause === 'abort' || newest?.cause === 'kill'
}

/** Neither time nor a probe nor a restart brings back what was taken back. */
async function stayThere(place: Place): Promise<void> {
  const { stage, story, machines, controllers, effects, documents, more: { red } } = place // prettier-ignore
  const newest = story.newest
  if (red?.chance(0.6) !== true || newest === undefined || !wentBack(newest.release)) return
  // What does harm itself may be left for what did none.
  const document = documents.get(newest.release.stable.variants[0]?.digest ?? '')
  if (document === undefined || effects.of(document.n).type !== 'fine') return
  // Who has just died of something tries it again in its own time, or holds it.
  const there = machines.filter(
    machine => !machine.isGone && machine.process?.running === true && runsItsTarget(machine, newest.release),
  )
  for (const { process } of controllers)
    if (red.chance(0.5)) process?.skew(red.pick([86_400_000, -3_600_000]))
  for (const machine of there)
    if (machine.process?.running === true && red.chance(0.3)) place.under.push(machine.stop(false))
  place.incidents.push(stage.clock.monotonic())
  place.incidentUntilMs = stage.clock.monotonic() + 20_000
  await pass(place, 45_000)
  const say = (text: string): void => stage.violate('a-rollback-is-not-undone', text)
  if (story.newest !== newest)
    say(
      `release ${story.newest?.release.sequence} follows ${newest.release.sequence}, and nobody asked for it`,
    )
  for (const machine of there)
    if (!runsItsTarget(machine, newest.release))
      say(`${machine.plan.name} does not run any more what it went back to`)
}

/** Everything that went wrong is mended; who is gone stays so. */
function heal({ machines, controllers, timers, gates, more }: Place): void {
  for (const { name } of GATES) if (more.gates?.chance(0.85) === true) gates.turn(name, 'good')
  for (const cancel of timers.splice(0)) cancel()
  for (const actor of controllers) {
    actor.resume()
    actor.mend()
    if (actor.process?.alive !== true) actor.start()
  }
  for (const machine of machines) {
    machine.resume()
    machine.mend()
    machine.mute(false)
    machine.lag(false)
  }
}

/** Whether the rollout has ended, or somebody was told to look. */
function isSettled({ story, controllers }: Place): boolean {
  const state = story.newest?.release.rollout?.state
  if (state === undefined || state === 'completed' || state === 'rolled-back') return true
  if (state === 'paused' || state === 'retreated') return true
  return controllers.some(({ controller, isWell }) => {
    const found = controller?.standings.get(ROLLED)
    return isWell && found?.type === 'stands' && found.action === 'pause'
  })
}

/** Somebody ends a rollout that did not end by itself. */
async function endIt(place: Place): Promise<void> {
  const { stage, story, publisher } = place
  const state = (): string | undefined => story.newest?.release.rollout?.state
  if (state() === undefined || state() === 'completed' || state() === 'rolled-back') return
  stage.met('somebody ended a rollout that stood')
  await ask(place, 'abort', () => publisher.abort({ reason: 'the end of the round' }))
  // Its watch may have ended in the same moment.
  const isComplete = state() === 'completed' && story.newest?.release.cause === 'complete'
  if (state() !== 'rolled-back' && !isComplete)
    stage.violate('verbs-answer', `an abort while all is well leaves the rollout ${state()}`)
}

/**
 * Each client runs what the newest release names for it, unless that is what it refused or died of.
 */
async function everybodyIsThere(place: Place): Promise<void> {
  const { stage, story, machines } = place
  const behind = (): readonly Machine[] =>
    machines.filter(machine => {
      if (machine.isGone || runsItsTarget(machine, story.newest?.release)) return false
      // While every probe was red it may have taken back what does no harm.
      if (machine.plan.probe && place.incidents.length > 0) return false
      const digest = story.newest?.release.stable.variants[0]?.digest ?? ''
      if (machine.mayHold(digest)) return false
      const effect = place.effects.of(place.documents.get(digest)?.n ?? 0)
      const isGuilty = machine.deaths.filter(({ digests }) => digests.includes(digest)).length > 1
      return !isGuilty && (effect.type === 'fine' || !isOf(effect.of, machine.plan.build))
    })
  await strikeOne(place)
  const sinceMs = stage.clock.monotonic()
  while (behind().length > 0 && stage.clock.monotonic() - sinceMs < THERE_MS) await pass(place, 1_000)
  for (const { plan, client } of behind())
    stage.violate(
      'everybody-gets-there',
      `${plan.name} (${plan.strategy}${plan.disk ? '' : ', no disk'}) is ${client?.status}, and runs something else than the newest release gives it`,
    )
}

/** One client dies by chance just after it began to run what all are to run. */
async function strikeOne(place: Place): Promise<void> {
  const { stage, story, more: { unlucky } } = place // prettier-ignore
  if (unlucky?.chance(0.7) !== true) return
  await pass(place, unlucky.between(500, 6_000))
  const fresh = freshOf(place).filter(machine => runsItsTarget(machine, story.newest?.release))
  if (fresh.length === 0) return
  stage.met('a client died by chance of what stays')
  unlucky.pick(fresh).die()
}

/** Who has only just begun to run something. */
function freshOf({ stage: { clock }, machines }: Place): readonly Machine[] {
  return machines.filter(({ runs }) => clock.monotonic() - (runs.at(-1)?.fromMs ?? 0) < FRESH_MS)
}

async function publish(place: Place, supersede = false): Promise<void> {
  const { stage, publisher, effects, more, story, gates } = place
  const { dice, clock } = stage
  const document = next(place)
  const effect = drawEffect(dice)
  effects.add(document, effect)
  const { rollout, gates: planned, belowFloor } = drawPolicy({ dice, ...more })
  const digest = digestOfDocument(document)
  stage.note(`publishes ${digest.slice(0, 8)}: ${JSON.stringify(effect)}`)
  const askedMs = clock.monotonic()
  const before = story.steps.length
  const options = { rollout, supersede, reason: 'more', ...(belowFloor !== undefined && { belowFloor }) }
  await ask(place, 'publish', () => publisher.publish(document, { ...options, ignoreReports: place.isAhead }))
  const red = planned.find(({ name, onBad }) => {
    const sinceMs = gates.redSinceMs(name) ?? Number.POSITIVE_INFINITY
    return onBad !== 'record' && sinceMs <= askedMs && place.isGuarded
  })
  if (red === undefined) return
  stage.met('a gate was red before a start')
  if (story.steps.slice(before).some(({ release }) => release.candidate?.variants[0]?.digest === digest))
    stage.violate('a-red-gate-keeps-it-from-starting', `a rollout began although gate ${red.name} was red`)
}

/**
 * One thing happens: to a client, to some of them, to a controller, or somebody asks for something.
 */
async function happen(place: Place): Promise<void> {
  const { stage, machines, controllers, publisher } = place
  const { dice, clock, met, note } = stage
  const machine = dice.pick(machines)
  const controller = dice.pick(controllers)
  const reason = 'simulation'
  const later = (ms: number, undo: () => void): void => void place.timers.push(clock.after(ms, undo))
  const what = dice.pick(HAPPENINGS)
  note(what)
  switch (what) {
    case 'client-dies': {
      met('a client of a rollout was killed')
      // Most of all one that has only just begun to run something.
      const fresh = freshOf(place)
      return dice.pick(fresh.length > 0 && dice.chance(0.7) ? fresh : machines).die()
    }
    case 'deploy':
      met('a fleet was deployed in a rollout')
      for (const one of machines) if (!one.isGone) place.under.push(one.stop(false))
      return
    case 'redeploy':
      place.under.push(machine.stop(false))
      return
    case 'scale-down':
      if (machines.filter(({ isGone }) => !isGone).length > 4) place.under.push(machine.stop(true))
      return
    case 'client-pause':
      machine.pause()
      return later(dice.between(1_000, 90_000), () => machine.resume())
    case 'client-clock':
      return machine.jump(dice.pick([-3_600_000, 3_600_000, 86_400_000]))
    case 'partition': {
      const some = machines.filter(() => dice.chance(0.35))
      for (const one of some) one.cut()
      return later(dice.between(2_000, 90_000), () => {
        for (const one of some) one.mend()
      })
    }
    case 'mute': {
      const some = dice.chance(0.5) ? machines : machines.filter(() => dice.chance(0.5))
      for (const one of some) one.mute(true)
      return later(dice.between(5_000, 120_000), () => {
        for (const one of some) one.mute(false)
      })
    }
    case 'lag':
      met('a client of a rollout was told what stood there before')
      machine.lag(true)
      return later(dice.between(20_000, 90_000), () => machine.lag(false))
    case 'incident':
      place.incidents.push(clock.monotonic())
      place.incidentUntilMs = clock.monotonic() + dice.between(3_000, 40_000)
      return
    case 'controller-dies':
      met('a controller died in a rollout')
      controller.kill()
      return later(dice.between(500, 60_000), () => {
        if (controller.process?.alive !== true) controller.start()
      })
    case 'controller-pause':
      controller.pause()
      return later(dice.between(500, 60_000), () => controller.resume())
    case 'controller-cut':
      controller.cut()
      return later(dice.between(500, 60_000), () => controller.mend())
    case 'controller-clock':
      return controller.process?.skew(dice.pick([-3_600_000, 30_000, 3_600_000]))
    case 'pause':
      met('somebody paused a rollout')
      return ask(place, what, () => publisher.pause({ reason }))
    case 'resume':
      return ask(place, what, () => publisher.resume({ reason }))
    case 'promote':
      return ask(place, what, () => publisher.promote({ reason }))
    case 'abort':
      return ask(place, what, () => publisher.abort({ reason }))
    case 'retreat':
      await ask(place, what, () => publisher.retreat({ reason }))
      if (dice.chance(0.5)) return
      await pass(place, dice.between(1_000, 15_000))
      return ask(place, 'resume', () => publisher.resume({ reason }))
    case 'rollback':
      await ask(place, what, () => publisher.rollback({ reason }))
      return redden(place)
    case 'kill':
      met('somebody killed something in a rollout')
      place.kills += 1
      await killNow(place, () => publisher.kill({ patch: { name: `killed ${place.kills}` }, reason }))
      return redden(place)
    case 'supersede':
      return publish(place, true)
    case 'everyone':
      return goAround(place)
  }
}

/** How long after it began to run something a client is still new to it, in milliseconds. */
const FRESH_MS = 15_000

const HAPPENINGS = [
  'client-dies', 'client-dies', 'deploy', 'redeploy', 'scale-down', 'client-pause', 'client-clock', 'partition', 'mute', 'lag', 'lag', 'incident',
  'controller-dies', 'controller-dies', 'controller-pause', 'controller-cut', 'controller-clock',
  'pause', 'pause', 'resume', 'resume', 'promote', 'abort', 'retreat', 'resume', 'rollback', 'kill', 'supersede', 'everyone',
] as const // prettier-ignore

/** Somebody tries to get around the floor. */
async function goAround(place: Place): Promise<void> {
  const { stage, publisher, story, effects } = place
  const document = next(place)
  effects.add(document, { type: 'fine' })
  const before = story.steps.length
  await ask(place, 'everyone', () =>
    publisher.publish(document, {
      rollout: everyone(),
      supersede: true,
      ignoreReports: place.isAhead,
      reason: 'in a hurry',
    }),
  )
  const digest = digestOfDocument(document)
  if (story.steps.slice(before).some(({ release }) => release.stable.variants[0]?.digest === digest))
    stage.violate('the-floor-holds', 'a document went to everyone below the floor, and nobody said why')
}

async function close({ stage: { clock }, machines, controllers, publisher, under }: Place): Promise<void> {
  for (const machine of machines) machine.retire()
  await Promise.race([Promise.all(under), clock.advance(10_000)])
  const closing = [
    ...machines.flatMap(({ client, process }) => (process?.alive === true && client ? [client.close()] : [])),
    ...controllers.map(actor => actor.close()),
    publisher.close(),
  ]
  await during(clock, Promise.all(closing), 20_000)
  for (const { process } of machines) process?.kill()
  for (const { process } of controllers) process?.kill()
}
