import { isDeepStrictEqual } from 'node:util'
import { comparePositions, formatPosition } from '../../../src/contracts/position.js'
import { positionOf } from '../../../src/core/release/release.js'
import { PERIODS, type ClientActor } from './client-actor.js'
import type { Fleet } from '../../../src/fleet/summary.js'
import type { Stage } from './faults.js'
import type { ClientPlan, Plan } from './plan.js'
import { placeOf, POINTER, releaseIn } from './pointer.js'
import { runningOf } from './running-of.js'
import { seededDice } from '../../../src/sim/dice.js'
import type { RelayActor } from './server-actor.js'
import { during } from './waiting.js'
import type { World } from './world.js'

/**
 * What may still be under way when faults stop: a request in each direction that has to run into
 * its deadline.
 */
const REQUESTS_MS = 2 * 15_000

/**
 * Line 13: one look plus two backoff caps, plus requests that were under way; a relay adds its own.
 */
function boundMs({ strategy, plan }: ClientActor): number {
  return strategy.lookMs * (1 + relaysOf(plan)) + 4 * PERIODS.retryCapMs + REQUESTS_MS
}

/** How many relays are on the way to a client. */
function relaysOf({ relayed, deep }: ClientPlan): number {
  return deep === true ? 2 : relayed ? 1 : 0
}

/**
 * Liveness: everybody runs what the newest release gives them, and those who watch have a stream
 * again.
 */
export async function settle(world: World, stage: Stage): Promise<void> {
  const { clock, truth } = world
  stage.strangers.leave()
  const sinceMs = clock.monotonic()
  const waiting = new Set(stage.clients)
  const relayed = stage.clients.filter(({ plan }) => plan.relayed && plan.strategy !== 'pull')
  const relays = [
    ...(relayed.length > 0 ? [stage.relay] : []),
    ...(stage.leaf !== undefined && relayed.some(({ plan }) => plan.deep === true) ? [stage.leaf] : []),
  ]
  // What runs instead of a suspect has to be earned first.
  const dueMs = (actor: ClientActor): number =>
    boundMs(actor) + (suspectsNewest(world, stage, actor) ? EARNED_MS : 0)
  const due = Math.max(...stage.clients.map(dueMs))
  const missing = (actor: ClientActor): readonly [oracle: string, problem: string] | undefined => {
    const behind = straggling(world, stage, actor)
    if (behind !== undefined) return ['everybody-gets-there', behind]
    const silent = withoutStream(actor, sinceMs)
    return silent === undefined ? undefined : ['streams-come-back', silent]
  }
  const done = (): boolean => {
    for (const actor of waiting) {
      const away = missing(actor)
      if (away === undefined) waiting.delete(actor)
      else if (clock.monotonic() - sinceMs >= dueMs(actor)) {
        truth.violate(...away)
        waiting.delete(actor)
      }
    }
    return waiting.size === 0 && relays.every(isFollowing) && beside() === undefined
  }
  const isFollowing = ({ watches }: RelayActor): boolean => watches()?.aliveSince(sinceMs) === true
  const beside = (): string | undefined => stage.clients.flatMap(({ side }) => side?.behind() ?? [])[0]
  // What holds earlier holds; the bound is only for those who need it.
  await clock.runUntil(done, due).catch(() => {})
  await clock.advance(1)
  done()
  for (const actor of waiting) {
    const away = missing(actor)
    if (away !== undefined) truth.violate(...away)
  }
  for (const relay of relays)
    if (!isFollowing(relay))
      truth.violate('streams-come-back', `${relay.process?.name ?? 'a relay'} watches nothing`)
  const besideStill = beside()
  if (besideStill !== undefined) truth.violate('everybody-gets-there', besideStill)
  for (const { streams } of stage.clients) streams?.check()
  await checkPointer(world, stage)
}

/**
 * Does something after which there is a newer release, in any case: a rollback may find nothing to
 * go back to.
 */
export async function release(
  { truth }: World,
  publisher: Stage['publisher'],
  how: Plan['calm'],
): Promise<boolean> {
  const before = truth.newestAcknowledged
  const done = await publisher[how]()
  return done && truth.newestAcknowledged === before ? publisher.publish() : done
}

/** How long something takes over the slowest of links. */
const SLOWEST_MS = 20_000

/**
 * How long those who watch may take while nothing at all is wrong: travelling, the poll of a second
 * server, a fetch.
 */
const TOLD_MS = 6_000

/** After this long, twice the default of `soakMs`, what a client runs is earned, and no later. */
const EARNED_MS = 120_000 + TOLD_MS

/**
 * While all is well, a release reaches those who watch at once, those who ask within an interval,
 * and the pointer follows the log.
 */
export async function calm(world: World, stage: Stage): Promise<void> {
  const { clock, truth } = world
  const dice = seededDice(world.seed, 'calm')
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
  const acted = await during(clock, release(world, publisher, plan.calm), 30_000)
  if (acted !== true)
    return truth.violate('publishing-works-again', `a ${plan.calm} failed although nothing was wrong`)
  await clock
    .runUntil(
      () => watching.every(client => straggling(world, stage, client) === undefined),
      TOLD_MS + (plan.calm === 'schedule' ? 5_000 : 0),
    )
    .catch(() => {})
  for (const client of watching) {
    const problem = straggling(world, stage, client)
    // Who was told and waits for a document may wait with others for a request of bad times, which
    // has to run into its deadline. Who was killed while it tried what is newest tries it again
    // once what it runs instead has outlived that.
    const mayWait = client.fetches || suspectsNewest(world, stage, client)
    if (problem !== undefined && !mayWait) truth.violate('told-at-once', problem)
  }
  await clock
    .runUntil(
      () => clients.every(client => straggling(world, stage, client) === undefined),
      2 * PERIODS.intervalMs,
    )
    .catch(() => {})
  // What runs instead of a suspect has to be earned first, if it began to run just before.
  const isOnTrial = (client: ClientActor): boolean =>
    suspectsNewest(world, stage, client) && straggling(world, stage, client) !== undefined
  await clock.runUntil(() => !clients.some(isOnTrial), EARNED_MS).catch(() => {})
  for (const client of clients) {
    const problem = straggling(world, stage, client)
    if (problem !== undefined) truth.violate('asked-in-time', problem)
    client.streams?.check()
  }
  await checkPointer(world, stage)
}

/**
 * How long the last word of a client may take to whoever asks, in milliseconds: a batch, a
 * gathering at each server on the way, and a file that is written every five seconds for other
 * servers.
 */
const REPORTED_MS = 9_000
const RELAYED_MS = 2_000
/** And what lies between two questions of whoever asks. */
const ASKED_MS = 1.1 * PERIODS.intervalMs

/** While all is well, whoever asks for the fleet hears in time where everybody stands. */
export async function reported(world: World, stage: Stage): Promise<void> {
  const { clock, truth, sometimes } = world
  const { plan, publisher } = stage
  if (plan.faults.has('slow-links')) await clock.advance(SLOWEST_MS)
  // A report that was sent in bad times has to run into its deadline before the next can be.
  const nowMs = clock.monotonic()
  const isFree = ({ reports }: ClientActor): boolean => (reports?.sendingSinceMs ?? nowMs) >= nowMs
  await clock.runUntil(() => stage.clients.every(isFree), PERIODS.timeoutMs).catch(() => {})
  // Whoever refused what was published last needs nothing of it, and nobody waited until it asked.
  const asks = stage.clients.some(
    actor => actor.plan.strategy === 'pull' && refusesNewest(world, stage, actor),
  )
  const dueMs =
    clock.monotonic() +
    REPORTED_MS +
    RELAYED_MS * Math.max(...plan.clients.map(relaysOf)) +
    (asks ? ASKED_MS : 0)
  for (;;) {
    const fleet = await during(clock, publisher.fleet(), 15_000)
    const problem = misreported(world, stage, fleet)
    if (problem === undefined) break
    if (clock.monotonic() >= dueMs || fleet === undefined) return truth.violate('reports-are-true', problem)
    await clock.advance(1_500)
  }
  sometimes.add('a fleet was known as it was')
}

/** What a fleet lacks of the clients that are there, or says of them that is not so. */
function misreported(world: World, stage: Stage, fleet: Fleet | undefined): string | undefined {
  if (fleet?.type !== 'known') return 'nobody can tell the fleet'
  const { truth, reports } = world
  const invented = reports.invented(fleet)
  if (invented !== undefined) return invented
  const newest = truth.newestAcknowledged
  for (const actor of stage.clients) {
    const { client, process, plan, reports: own } = actor
    if (client === undefined || process?.running !== true || newest === undefined) continue
    const member = fleet.members.find(({ report }) => report.instanceId === own?.instanceId)
    if (member === undefined) return `${plan.name} is not in the fleet`
    const { state, report } = member
    const wanted = refusesNewest(world, stage, actor)
      ? report.phase === 'quarantined'
        ? 'failed'
        : 'rejected'
      : 'current'
    // Who came after a death on the newest document is crashed until it has come through its own
    // trial.
    const { phase, previous, digest: runsNow } = report
    const isOnTrial = phase === 'applied' && previous?.end === 'abrupt' && previous.digest === runsNow
    // Whoever may hold something need not: the process was not alone with it, or outlived it.
    const mayBe =
      (state === 'crashed' && isOnTrial) ||
      (state === 'current' && wanted === 'rejected' && actor.mayHoldSomething)
    if (state !== wanted && !mayBe)
      return `${plan.name} is ${state} in the fleet (${report.phase}), and is ${wanted}`
    const runs = runningOf(client)
    if (runs === undefined) continue
    const { digest, position } = runs
    // Whoever runs on defaults says so by naming nothing.
    if (report.digest !== digest || !isDeepStrictEqual(report.applied, position))
      return `${plan.name} runs something else than the fleet hears`
    if (report.seen === undefined || comparePositions(report.seen, newest) !== 'same')
      return `${plan.name} has seen something else than the fleet hears`
  }
  return undefined
}

/**
 * The pointer stands where the log does; one that a broken disk held back follows when somebody
 * reads or polls.
 */
async function checkPointer({ truth, clock }: World, { disk, clients }: Stage): Promise<void> {
  // Who watches polls, and repairs. Who asks may ask another server than the one that knows of a
  // repair, some times in a row.
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

/**
 * What a client lacks that does not run what the newest acknowledged release gives it, or does not
 * know that it is the newest.
 */
function straggling(world: World, stage: Stage, actor: ClientActor): string | undefined {
  const { truth } = world
  const { plan, client, process } = actor
  // Somebody is about to start it again.
  if (process?.alive === false) return `${plan.name} is not running`
  const newest = truth.newestAcknowledged
  if (newest === undefined || client === undefined) return undefined
  const runs = runningOf(client)
  // Its build takes nothing of that kind: it keeps what it runs, if it runs anything.
  if (refusesNewest(world, stage, actor) && client.status !== 'ready') return undefined
  const order = runs?.position === undefined ? 'older' : comparePositions(runs.position, newest)
  if (order === 'newer') return undefined
  const who = `${plan.name} (${plan.strategy}${plan.relayed ? ', relayed' : ''})`
  if (order !== 'same')
    return `${who} runs ${runs?.position === undefined ? 'nothing' : formatPosition(runs.position)}, and ${formatPosition(newest)} is the newest`
  return client.status === 'ready' ? undefined : `${who} runs the newest release and is ${client.status}`
}

/** Whether this build of it refused what is newest. */
function refusesNewest(world: World, stage: Stage, actor: ClientActor): boolean {
  return newestDigests(world, stage).some(digest => actor.hasRefused(digest))
}

/** Whether it was killed while it tried what is newest. */
function suspectsNewest(world: World, stage: Stage, actor: ClientActor): boolean {
  return newestDigests(world, stage).some(digest => actor.suspects(digest))
}

/**
 * The snapshot that was acknowledged last, and what a later release names whose publisher died
 * before it heard that it is there.
 */
function newestDigests({ truth }: World, { disk }: Stage): readonly string[] {
  const acknowledged = truth.newestAcknowledged
  const digest = acknowledged && truth.acknowledgedReleases.get(formatPosition(acknowledged))
  const pointer = disk.files.get(POINTER)
  const written = pointer && releaseIn(pointer)
  const isLater =
    written !== undefined &&
    (acknowledged === undefined || comparePositions(positionOf(written), acknowledged) === 'newer')
  const arms = isLater ? [written.stable, ...(written.candidate ? [written.candidate] : [])] : []
  return [
    ...(digest === undefined ? [] : [digest]),
    ...arms.flatMap(({ variants }) => variants.map(variant => variant.digest)),
  ]
}

function withoutStream({ plan, streams, watches }: ClientActor, sinceMs: number): string | undefined {
  if (plan.strategy === 'pull') return undefined
  // Over the stream of a process another client may hear, while this one still stays away from it.
  return streams?.open === 1 && streams.aliveSince(sinceMs) && watches?.aliveSince(sinceMs) === true
    ? undefined
    : `${plan.name} (${plan.strategy}${plan.relayed ? ', relayed' : ''}) has ${streams?.open ?? 0} streams, or a dead one`
}
