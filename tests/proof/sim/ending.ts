import { formatPosition } from '../../../src/contracts/position.js'
import { decodeRelease, positionOf, type Release } from '../../../src/core/release/release.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { NAMESPACE, RESTART_MS } from './client-actor.js'
import type { Stage } from './faults.js'
import { startProcess, type SimProcess } from '../../../src/sim/process.js'
import { during, within } from './waiting.js'
import type { World } from './world.js'

/** The log as it stands on the disk, read by a process of its own. */
export async function checkBoard(world: World, stage: Stage): Promise<void> {
  const { truth, clock } = world
  const reader = startProcess('reader.1', world)
  const store = fileStore('/board', {
    fs: stage.disk.mount(reader),
    owner: reader.owner,
    system: reader.system,
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
  if (truth.checkPrevious(log) > 0) world.sometimes.add('the validators of a publish were told what ran')
  await during(clock, store.close(), 5_000)
}

/** How long what a close ends may take to end. */
const INSTANTS_MS = 100

/**
 * Everybody closes in order; then nothing may be left, neither while they live nor once they are
 * gone.
 */
export async function shutDown(world: World, stage: Stage): Promise<void> {
  const { clock, truth } = world
  stage.strangers.leave()
  if (stage.clients.some(({ brittle }) => brittle)) {
    // Nobody crashes while it closes, and who has just crashed is started again before.
    for (const client of stage.clients) client.brittle = false
    await clock.advance(RESTART_MS)
  }
  await within(
    clock,
    Promise.all(
      stage.clients.flatMap(({ client, side, reports }) => {
        reports?.closing()
        return client === undefined ? [] : [client.close(), side?.client.close() ?? Promise.resolve()]
      }),
    ),
    () => truth.violate('nothing-is-left', 'a client did not close'),
  )
  await leavesNothing(world, stage.clients)
  const relays = [stage.edge, ...(stage.leaf === undefined ? [] : [stage.leaf]), stage.relay]
  const servers = [...relays, ...stage.servers].flatMap(({ host }) => host()?.close() ?? [])
  await within(clock, Promise.all(servers), () => truth.violate('nothing-is-left', 'a server did not close'))
  await leavesNothing(world, [...relays, ...stage.servers])
  for (const { process } of [stage.publisher, ...relays, ...stage.servers, ...stage.clients]) process?.kill()
  await clock.advance(60_000)
  if (clock.pending > 0) truth.violate('nothing-is-left', `${clock.pending} timers are left`)
}

/**
 * Those who closed live on, without a timer of their own: a process that is killed takes its timers
 * with it.
 */
async function leavesNothing(
  { clock, truth }: World,
  closed: readonly { readonly process: SimProcess | undefined }[],
): Promise<void> {
  await clock.advance(INSTANTS_MS)
  for (const { process } of closed)
    if (process !== undefined && process.pending > 0)
      truth.violate('nothing-is-left', `${process.name} left ${process.pending} timers after it was closed`)
}
