import { clientActor } from './client-actor.js'
import { configurationOf } from './configuration.js'
import { simDisk } from '../../../src/sim/disk.js'
import { checkBoard, shutDown } from './ending.js'
import { applyFault, type Stage } from './faults.js'
import { runHerd } from './herd.js'
import { drawPlan, type Less, type Plan } from './plan.js'
import { POINTER, watchPointer } from './pointer.js'
import { publisherActor } from './publisher-actor.js'
import { seededDice } from '../../../src/sim/dice.js'
import { BOARD_POLL_MS, edgeActor, relayActor, serverActor } from './server-actor.js'
import { lookAt } from './looking.js'
import { calm, release, reported, settle } from './settling.js'
import { playScene } from './scenes/play-scene.js'
import { strangerActor } from './stranger-actor.js'
import type { Violation } from './truth.js'
import { during } from './waiting.js'
import { createWorld, type World } from './world.js'

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
const HERD_EVERY = 200

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
  const looking = lookAt(world, stage)
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
    if (truth.violations.length === 0) await reported(world, stage)
    looking.stop()
    await checkBoard(world, stage)
    if (seed % HERD_EVERY === 0) await runHerd(seed, truth.violate)
    await shutDown(world, stage)
    for (const name of plan.scenes ?? []) await playScene(world, name)
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
  const disk = simDisk(world.clock, seededDice(plan.seed, 'board disk'), (...change) => pointer(...change))
  const configuration = configurationOf(plan.seed)
  const servers = ['server-a', 'server-b'].map(name => serverActor(world, name, disk, configuration))
  const pointer = watchPointer(POINTER, { world, disk, servers })
  const chance = seededDice(plan.seed, 'balancer')
  const anyServer = (): ReturnType<(typeof servers)[number]['host']> => {
    const [one, other] = servers.map(({ host }) => host())
    return one === undefined || other === undefined ? (one ?? other) : chance.pick([one, other])
  }
  const relay = relayActor(world, 'relay', anyServer, configuration)
  const edge = edgeActor(world, 'edge', anyServer, configuration)
  const leaf = plan.clients.some(({ deep }) => deep === true)
    ? relayActor(world, 'leaf', relay.host, configuration, 'a relay')
    : undefined
  const clients = plan.clients.map(client =>
    clientActor(
      world,
      client,
      client.deep === true && leaf !== undefined ? leaf.host : client.relayed ? relay.host : anyServer,
      configuration,
    ),
  )
  servers[0]?.start()
  relay.start()
  leaf?.start()
  for (const client of clients) client.start()
  return {
    world,
    plan,
    disk,
    servers,
    relay,
    clients,
    edge,
    leaf,
    strangers: strangerActor(world, configuration, { servers, relay, edge }),
    publisher: publisherActor(world, anyServer, configuration),
    backup: undefined,
    copied: undefined,
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
  for (const relay of [stage.relay, stage.leaf]) if (relay?.process?.alive === false) relay.start()
  for (const client of stage.clients) {
    client.process?.resume()
    if (client.process?.alive !== true) client.start()
  }
  // Publishes that are under way end by themselves; then somebody publishes once more, so that
  // there is something to converge to.
  await clock.runUntil(() => !stage.publisher.busy, 120_000).catch(() => {})
  if (stage.publisher.busy)
    world.truth.violate(
      'publishing-works-again',
      'a publisher came to no end although nothing was wrong any more',
    )
  const epochOpened = !stage.needsEpoch || (await untilDone(clock, () => stage.publisher.openEpoch()))
  if (stage.clients.some(({ side }) => side !== undefined))
    await untilDone(clock, () => stage.publisher.side(stage.needsEpoch ? 'a new epoch' : undefined))
  // Until its next poll another server gives the old epoch, and a publisher who hears that the
  // fleet is further publishes nothing.
  if (stage.needsEpoch) await clock.advance(BOARD_POLL_MS)
  const { last } = stage.plan
  const newest = world.truth.newestAcknowledged
  // A rejected document leaves clients where they were, which is where they ought to be: then
  // something has to follow.
  const silent = last === 'nothing' && newest !== undefined
  // Without a first release there is nothing to go back to, and nobody tries.
  const how = last === 'rollback' && newest !== undefined ? 'rollback' : 'publish'
  const published = silent || (await untilDone(clock, () => release(world, stage.publisher, how)))
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
