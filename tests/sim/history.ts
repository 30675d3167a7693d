import { comparePositions, formatPosition } from '../../src/contracts/position.js'
import { decodeRelease, positionOf, type Release } from '../../src/core/release.js'
import { fileStore } from '../../src/node/file-store.js'
import { systemCrypto } from '../../src/ports/system.js'
import { clientActor, NAMESPACE, PERIODS, RESTART_MS, type ClientActor } from './client-actor.js'
import { configurationOf } from './configuration.js'
import { applyFault } from './faults.js'
import { simDisk } from './disk.js'
import { drawPlan, type Less, type Plan } from './plan.js'
import { runHerd } from './herd.js'
import { placeOf, watchPointer } from './pointer.js'
import { ownerOf, startProcess, type SimProcess } from './process.js'
import { publisherActor } from './publisher-actor.js'
import { diceOf } from './random.js'
import { edgeActor, relayActor, serverActor } from './server-actor.js'
import { strangerActor } from './stranger-actor.js'
import type { Violation } from './truth.js'
import { createWorld, type World } from './world.js'
import type { Stage } from './faults.js'

/** What became of a history. */
export interface History {
  readonly seed: number
  readonly plan: Plan
  readonly violations: readonly Violation[]
  /** Equal for equal seeds, wherever they run. */
  readonly hash: string
  readonly events: number
  readonly sometimes: ReadonlySet<string>
  readonly trace: readonly string[]
}

/** Every so many seeds a bigger fleet of light clients is looked at too. */
const HERD_EVERY = 100

const POINTER = `/board/public/v1/${NAMESPACE}/release.json`

/** What may still be under way when faults stop: a request in each direction that has to run into its deadline. */
const REQUESTS_MS = 2 * 15_000

/** Runs the history of a seed: chaos, then healing, then what must hold again. */
export function runHistory(seed: number, less: Less = {}): Promise<History> {
  return runPlan(drawPlan(seed, less))
}

/** Runs a history that is given in full. */
export async function runPlan(plan: Plan): Promise<History> {
  const { seed } = plan
  const world = createWorld(seed)
  const { clock, truth, trace } = world
  const stage = setUp(world, plan)
  const unhandled = (reason: unknown): void =>
    truth.violate(
      'no-unhandled-rejection',
      reason instanceof Error ? (reason.stack ?? reason.message) : String(reason),
    )
  process.on('unhandledRejection', unhandled)
  try {
    for (const action of plan.actions) {
      await clock.advance(Math.max(0, action.atMs - clock.monotonic()))
      if (action.type === 'rollback' && stage.disk.faults.full)
        world.sometimes.add('an urgent write met a full disk')
      if (action.type === 'fault') applyFault(action, stage)
      else void stage.publisher[action.type]()
    }
    await clock.advance(Math.max(0, plan.chaosMs - clock.monotonic()))
    await heal(world, stage)
    await settle(world, stage)
    if (truth.violations.length === 0) await calm(world, stage)
    await checkBoard(world, stage)
    if (seed % HERD_EVERY === 0) await runHerd(seed, truth.violate)
    await shutDown(world, stage)
  } finally {
    process.off('unhandledRejection', unhandled)
  }
  return {
    seed,
    plan,
    violations: truth.violations,
    hash: trace.hash(),
    events: trace.length,
    sometimes: world.sometimes,
    get trace() {
      return trace.lines
    },
  }
}

function setUp(world: World, plan: Plan): Stage {
  const disk = simDisk(world.clock, diceOf(plan.seed, 'board disk'), (...change) => pointer(...change))
  const configuration = configurationOf(plan.seed)
  const servers = ['server-a', 'server-b'].map(name => serverActor(world, name, disk, configuration))
  const pointer = watchPointer(POINTER, { world, disk, servers })
  const chance = diceOf(plan.seed, 'balancer')
  const anyServer = (): ReturnType<(typeof servers)[number]['host']> => {
    const up = servers.flatMap(({ host }) => host() ?? [])
    return up.length === 0 ? undefined : chance.pick(up)
  }
  const relay = relayActor(world, 'relay', anyServer, configuration)
  const edge = edgeActor(world, 'edge', anyServer, configuration)
  const clients = plan.clients.map(client =>
    clientActor(world, client, client.relayed ? relay.host : anyServer, configuration),
  )
  servers[0]?.start()
  relay.start()
  for (const client of clients) client.start()
  return {
    world,
    plan,
    disk,
    servers,
    relay,
    clients,
    edge,
    strangers: strangerActor(world, configuration, { servers, relay, edge }),
    publisher: publisherActor(world, anyServer, configuration),
    backup: undefined,
    needsEpoch: false,
    ended: [],
  }
}

/** Ends every fault, brings everybody up, and lets the operator do what only an operator can. */
async function heal(world: World, stage: Stage): Promise<void> {
  const { clock, trace } = world
  trace.add('world', 'heals')
  for (const end of stage.ended.splice(0)) end()
  const [first] = stage.servers
  if (first !== undefined && first.process?.alive !== true) first.start()
  if (stage.relay.process?.alive !== true) stage.relay.start()
  for (const client of stage.clients) {
    client.process?.resume()
    if (client.process?.alive !== true) client.start()
  }
  // Publishes that are under way end by themselves; then somebody publishes once more, so that there is something to converge to.
  await clock.runUntil(() => !stage.publisher.busy, 120_000).catch(() => {})
  if (stage.publisher.busy)
    world.truth.violate(
      'publishing-works-again',
      'a publisher came to no end although nothing was wrong any more',
    )
  const epochOpened = !stage.needsEpoch || (await untilDone(clock, () => stage.publisher.openEpoch()))
  const { last } = stage.plan
  const newest = world.truth.newestAcknowledged
  // A rejected document leaves clients where they were, which is where they ought to be: then something has to follow.
  const silent = last === 'nothing' && newest !== undefined
  const published =
    silent ||
    (await untilDone(clock, () =>
      last === 'rollback' && newest !== undefined ? stage.publisher.rollback() : stage.publisher.publish(),
    ))
  if (!epochOpened || !published)
    world.truth.violate('publishing-works-again', `nobody could ${last} although nothing was wrong any more`)
}

async function untilDone(clock: World['clock'], run: () => Promise<boolean>): Promise<boolean> {
  for (let tries = 0; tries < 5; tries += 1) {
    if ((await during(clock, run(), 90_000)) === true) return true
    await clock.advance(5_000)
  }
  return false
}

/** Lets time pass until the work is done, or the time is over: then undefined. */
async function during<T>(clock: World['clock'], work: Promise<T>, maxMs: number): Promise<T | undefined> {
  let done: { readonly value: T } | 'failed' | undefined
  work.then(
    value => (done = { value }),
    () => (done = 'failed'),
  )
  await clock.runUntil(() => done !== undefined, maxMs).catch(() => {})
  return done === undefined || done === 'failed' ? undefined : done.value
}

/** Line 13: one look plus two backoff caps, plus requests that were under way; a relay adds its own. */
function boundMs({ strategy, plan }: ClientActor): number {
  return strategy.lookMs * (plan.relayed ? 2 : 1) + 4 * PERIODS.retryCapMs + REQUESTS_MS
}

/** Liveness: everybody runs what the newest release gives them, and those who watch have a stream again. */
async function settle(world: World, stage: Stage): Promise<void> {
  const { clock, truth } = world
  // A guest at the relay keeps a stream there alive that the relay, still staying away after an outage, does not read for others.
  stage.strangers.leave()
  const sinceMs = clock.monotonic()
  const waiting = new Set(stage.clients)
  const relayed = stage.clients.some(({ plan }) => plan.relayed && plan.strategy !== 'pull')
  const due = Math.max(...stage.clients.map(boundMs))
  const done = (): boolean => {
    for (const actor of waiting) {
      const problem = straggling(world, actor) ?? withoutStream(actor, sinceMs)
      if (problem === undefined) waiting.delete(actor)
      else if (clock.monotonic() - sinceMs >= boundMs(actor)) {
        truth.violate(
          straggling(world, actor) === undefined ? 'streams-come-back' : 'everybody-gets-there',
          problem,
        )
        waiting.delete(actor)
      }
    }
    return waiting.size === 0 && (!relayed || stage.relay.streams()?.aliveSince(sinceMs) === true)
  }
  // What holds earlier holds; the bound is only for those who need it.
  await clock.runUntil(done, due).catch(() => {})
  await clock.advance(1)
  done()
  for (const actor of waiting)
    truth.violate(
      'everybody-gets-there',
      straggling(world, actor) ?? withoutStream(actor, sinceMs) ?? actor.plan.name,
    )
  for (const { streams } of stage.clients) streams?.check()
  await checkPointer(world, stage)
}

/** How long something takes over the slowest of links. */
const SLOWEST_MS = 20_000

/** How long those who watch may take while nothing at all is wrong: travelling, the poll of a second server, a fetch. */
const TOLD_MS = 6_000

/** While all is well, a release reaches those who watch at once, those who ask within an interval, and the pointer follows the log. */
async function calm(world: World, stage: Stage): Promise<void> {
  const { clock, truth } = world
  const dice = diceOf(world.seed, 'calm')
  const { plan, publisher, clients } = stage
  // What was sent over slow links, the end of a connection too, is still on its way.
  if (plan.faults.has('slow-links')) await clock.advance(SLOWEST_MS)
  const watching = clients.filter(client => client.plan.strategy !== 'pull')
  if (watching.length > 0 && dice.chance(0.5)) {
    const one = dice.pick(watching)
    one.kill()
    one.start()
    await clock.advance(dice.between(0, 120))
  }
  const [, second] = stage.servers
  if (plan.calm === 'race' && second?.process?.alive !== true) {
    second?.start()
    await clock.advance(1_000)
  }
  const acted = await during(clock, publisher[plan.calm](), 30_000)
  if (acted !== true)
    return truth.violate('publishing-works-again', `a ${plan.calm} failed although nothing was wrong`)
  await clock
    .runUntil(() => watching.every(client => straggling(world, client) === undefined), TOLD_MS)
    .catch(() => {})
  for (const client of watching) {
    const problem = straggling(world, client)
    // Who was told and waits for a document may wait with others for a request of bad times, which has to run into its deadline.
    if (problem !== undefined && !client.fetches) truth.violate('told-at-once', problem)
  }
  await clock
    .runUntil(() => clients.every(client => straggling(world, client) === undefined), 2 * PERIODS.intervalMs)
    .catch(() => {})
  for (const client of clients) {
    const problem = straggling(world, client)
    if (problem !== undefined) truth.violate('asked-in-time', problem)
    client.streams?.check()
  }
  await checkPointer(world, stage)
}

/** The pointer stands where the log does; one that a broken disk held back follows when somebody reads or polls. */
async function checkPointer({ truth, clock }: World, { disk, clients }: Stage): Promise<void> {
  // Who watches polls, and repairs. Who asks may ask another server than the one that knows of a repair, some times in a row.
  const watched = clients.some(({ plan }) => plan.strategy !== 'pull')
  const behind = (): string | undefined => {
    const newest = truth.newestAcknowledged
    const pointer = disk.files.get(POINTER)
    const place = pointer === undefined ? undefined : placeOf(pointer)
    return newest === undefined || (place !== undefined && comparePositions(newest, place) !== 'newer')
      ? undefined
      : `the pointer stands at ${place === undefined ? 'nothing' : formatPosition(place)}, and ${formatPosition(newest)} was acknowledged`
  }
  await clock.runUntil(() => behind() === undefined, (watched ? 2 : 16) * PERIODS.intervalMs).catch(() => {})
  const problem = behind()
  if (problem !== undefined) truth.violate('pointer-follows-the-log', problem)
}

/** The log as it stands on the disk, read by a process of its own. */
async function checkBoard(world: World, stage: Stage): Promise<void> {
  const { truth, clock } = world
  const reader = startProcess('reader.1', clock)
  const store = fileStore('/board', {
    disk: stage.disk.mount(reader),
    owner: ownerOf(reader),
    clock: reader.clock,
    random: diceOf(world.seed, 'reader'),
    crypto: systemCrypto,
  })
  const reading = (async () => {
    const found = new Map<string, Release>()
    for await (const { bytes } of store.history({ namespace: NAMESPACE }, new AbortController().signal)) {
      const { release } = decodeRelease(bytes)
      found.set(formatPosition(positionOf(release)), release)
      truth.released(bytes, 'the log')
    }
    return found
  })()
  const log = (await during(clock, reading, 120_000)) ?? new Map<string, Release>()
  for (const [key, digest] of truth.acknowledgedReleases) {
    const found = log.get(key)?.stable.variants.at(-1)?.digest
    if (found === undefined)
      truth.violate('acknowledged-survives', `${key} was acknowledged and is not in the log`)
    else if (found !== digest)
      truth.violate('acknowledged-survives', `${key} was acknowledged and is another release in the log`)
  }
  for (const release of log.values()) {
    const { epoch, sequence } = release
    if (sequence > 1 && !log.has(`${epoch}:${sequence - 1}`))
      truth.violate('no-gap', `${epoch}:${sequence} has no predecessor`)
  }
  truth.checkFollowed()
  await during(clock, store.close(), 5_000)
}

/** What a client lacks that does not run what the newest acknowledged release gives it, or does not know that it is the newest. */
function straggling({ truth }: World, { plan, client, process }: ClientActor): string | undefined {
  // Somebody is about to start it again.
  if (process?.alive === false) return `${plan.name} is not running`
  const newest = truth.newestAcknowledged
  if (newest === undefined || client === undefined) return undefined
  const runs = client.phase === 'starting' ? undefined : client.snapshot
  const order = runs?.position === undefined ? 'older' : comparePositions(runs.position, newest)
  if (order === 'newer') return undefined
  const who = `${plan.name} (${plan.strategy}${plan.relayed ? ', relayed' : ''})`
  if (order !== 'same')
    return `${who} runs ${runs?.position === undefined ? 'nothing' : formatPosition(runs.position)}, and ${formatPosition(newest)} is the newest`
  return client.phase === 'live' ? undefined : `${who} runs the newest release and is ${client.phase}`
}

function withoutStream({ plan, streams }: ClientActor, sinceMs: number): string | undefined {
  return plan.strategy === 'pull' || (streams?.open === 1 && streams.aliveSince(sinceMs))
    ? undefined
    : `${plan.name} (${plan.strategy}${plan.relayed ? ', relayed' : ''}) has ${streams?.open ?? 0} streams, or a dead one`
}

/** How long what a close ends may take to end. */
const INSTANTS_MS = 100

/** Everybody closes in order; then nothing may be left, neither while they live nor once they are gone. */
async function shutDown(world: World, stage: Stage): Promise<void> {
  const { clock, truth } = world
  stage.strangers.leave()
  if (stage.clients.some(({ brittle }) => brittle)) {
    // Nobody crashes while it closes, and who has just crashed is started again before.
    for (const client of stage.clients) client.brittle = false
    await clock.advance(RESTART_MS)
  }
  await within(
    clock,
    Promise.all(stage.clients.flatMap(({ client }) => (client === undefined ? [] : [client.close()]))),
    () => truth.violate('nothing-is-left', 'a client did not close'),
  )
  await leavesNothing(world, stage.clients)
  const servers = [stage.edge, stage.relay, ...stage.servers].flatMap(({ host }) => host()?.close() ?? [])
  await within(clock, Promise.all(servers), () => truth.violate('nothing-is-left', 'a server did not close'))
  await leavesNothing(world, [stage.edge, stage.relay, ...stage.servers])
  for (const { process } of [stage.publisher, stage.edge, stage.relay, ...stage.servers, ...stage.clients])
    process?.kill()
  await clock.advance(60_000)
  if (clock.pending > 0) truth.violate('nothing-is-left', `${clock.pending} timers are left`)
}

/** Those who closed live on, without a timer of their own: a process that is killed takes its timers with it. */
async function leavesNothing(
  { clock, truth }: World,
  closed: readonly { readonly process: SimProcess | undefined }[],
): Promise<void> {
  await clock.advance(INSTANTS_MS)
  for (const { process } of closed)
    if (process !== undefined && process.pending > 0)
      truth.violate('nothing-is-left', `${process.name} left ${process.pending} timers after it was closed`)
}

async function within(clock: World['clock'], work: Promise<unknown>, complain: () => void): Promise<void> {
  const done = work.then(() => true)
  if ((await during(clock, done, 30_000)) !== true) complain()
}
