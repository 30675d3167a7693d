import { fileStore } from '../../../src/node/board/file-store.js'
import type { Position } from '../../../src/contracts/position.js'
import { NAMESPACE, type ClientActor } from './client-actor.js'
import type { DiskImage, SimDisk } from '../../../src/sim/disk.js'
import { changeLinks, linkFault } from '../../../src/sim/faults.js'
import type { Link, LinkReplica } from '../../../src/sim/link.js'
import type { Action, Plan } from './plan.js'
import { isBehind, placeOf } from './pointer.js'
import type { PublisherActor } from './publisher-actor.js'
import { seededDice } from '../../../src/sim/dice.js'
import { startProcess } from '../../../src/sim/process.js'
import type { RelayActor, ServerActor } from './server-actor.js'
import type { StrangerActor } from './stranger-actor.js'
import { releaseDigest } from '../../../src/core/release/release.js'
import { systemHasher } from '../../../src/system/system.js'
import type { World } from './world.js'

/** Everybody on stage, for faults to happen to. */
export interface Stage {
  readonly world: World
  readonly plan: Plan
  readonly disk: SimDisk
  readonly servers: readonly ServerActor[]
  readonly relay: RelayActor
  /** A relay of the relay, where somebody asks one. */
  readonly leaf: RelayActor | undefined
  /** The server at the edge, which runs while strangers come. */
  readonly edge: RelayActor
  readonly strangers: StrangerActor
  readonly clients: readonly ClientActor[]
  readonly publisher: PublisherActor
  backup: BoardCopy | undefined
  /** What is put back under running servers. */
  copied: BoardCopy | undefined
  /** Set when a backup was restored: an operator has to open a new epoch. */
  needsEpoch: boolean
  /** What ends the faults that last. */
  readonly ended: (() => void)[]
}

/** A board as it was, and what was acknowledged by then. */
interface BoardCopy {
  readonly image: DiskImage
  readonly newest: Position
  readonly newestBeside: Position | undefined
}

/** Makes a fault happen, for a while where it lasts. */
export function applyFault({ fault, lastsMs, atMs }: Extract<Action, { type: 'fault' }>, stage: Stage): void {
  const { world, plan, clients, servers, relay, leaf, publisher, disk } = stage
  const { clock, trace, truth, sometimes } = world
  const dice = seededDice(world.seed, `fault ${fault} ${atMs}`)
  const links = [
    ...clients.map(({ link }) => link),
    relay.link,
    publisher.link,
    ...(leaf === undefined ? [] : [leaf.link]),
  ]
  const server = dice.pick(servers)
  trace.add('world', 'fault', `${fault} for ${lastsMs}`)

  /** Undoes something after a while, or when everything heals. */
  const later = (undo: () => void): void => {
    let undone = false
    const once = (): void => {
      if (undone) return
      undone = true
      undo()
    }
    clock.after(lastsMs, once)
    stage.ended.push(once)
  }
  const onLinks = (change: Partial<Link>): void =>
    later(
      changeLinks(
        links.filter(() => dice.chance(0.5)),
        change,
      ),
    )
  const restart = (actor: {
    start(): void
    readonly process: { readonly alive: boolean } | undefined
  }): void =>
    later(() => {
      if (actor.process?.alive !== true) actor.start()
    })
  const killServer = (): void => {
    if (server.process?.alive === true) server.kill()
    restart(server)
  }

  if (fault === 'slow-links' || fault === 'slow-reader' || fault === 'server-pause') world.slowed = true
  const crash = fault === 'server-kill' || fault === 'server-power' || fault === 'publisher-kill'
  if (crash && publisher.rollingBack) sometimes.add('a rollback met a crash')
  if (disk.faults.full && publisher.rollingBack) sometimes.add('an urgent write met a full disk')
  switch (fault) {
    case 'lossy-links':
    case 'slow-links':
    case 'duplicates':
    case 'cut-bodies':
    case 'bytewise':
    case 'partitions':
    case 'refusals':
    case 'stale-proxy':
    case 'buffering-proxy':
    case 'login-page':
      return onLinks(linkFault(fault, dice))
    case 'mangling-proxy': {
      // Not the publisher's: releases carry no signatures yet, and it is trusted with what it
      // reads.
      const some = links.filter(link => link !== publisher.link && dice.chance(0.5))
      return later(changeLinks(some, linkFault(fault, dice)))
    }
    case 'client-kill': {
      const client = dice.pick(clients)
      client.kill()
      return restart(client)
    }
    case 'client-pause': {
      const client = dice.pick(clients)
      const paused = client.process
      paused?.pause()
      return later(() => paused?.resume())
    }
    case 'clock-jumps':
      return dice
        .pick(clients)
        .process?.skew(dice.pick([-3_600_000, 3_600_000, -31_536_000_000, 31_536_000_000, 500]))
    case 'server-kill':
      if (dice.chance(0.3)) {
        const one = leaf !== undefined && dice.chance(0.5) ? leaf : relay
        one.kill()
        return restart(one)
      }
      return killServer()
    case 'server-power': {
      for (const actor of servers) if (actor.process?.alive === true) actor.kill()
      disk.losePower()
      sometimes.add('the power went')
      for (const actor of servers.slice(0, 1)) restart(actor)
      return
    }
    case 'server-backup': {
      if (stage.backup === undefined) {
        stage.backup = copyBoard(stage)
        return
      }
      for (const actor of servers) if (actor.process?.alive === true) actor.kill()
      publisher.killAll()
      if (restoreBoard(stage, stage.backup)) sometimes.add('an older backup was restored')
      return restart(servers[0] as ServerActor)
    }
    case 'board-back':
      return boardBack(stage)
    case 'second-server': {
      const second = servers[1] as ServerActor
      if (second.process?.alive !== true) second.start()
      return
    }
    case 'disk-full':
      disk.faults.full = true
      if (publisher.rollingBack) sometimes.add('an urgent write met a full disk')
      return later(() => (disk.faults.full = false))
    case 'disk-sync-error':
      for (const target of [disk, ...clients.map(client => client.disk)]) {
        if (!dice.chance(0.5)) continue
        target.faults.failSync = 0.3
        later(() => (target.faults.failSync = 0))
      }
      return
    case 'disk-rot': {
      const target = dice.pick(clients).disk
      target.faults.rot = 0.3
      return later(() => (target.faults.rot = 0))
    }
    case 'publisher-kill':
      if (publisher.busy) sometimes.add('a publisher was killed')
      return publisher.kill()
    case 'veto': {
      const client = dice.pick(clients)
      client.vetoing = true
      return later(() => (client.vetoing = false))
    }
    case 'strangers': {
      const { edge, strangers } = stage
      if (edge.process?.alive === true) edge.kill()
      edge.start()
      strangers.come(lastsMs)
      // Proxies and servers of another kind stand in the way of the others meanwhile.
      const some = links.filter(() => dice.chance(0.3))
      for (const link of some) link.proxy = dice.pick(['grumpy', 'noisy'])
      if (dice.chance(0.5)) edge.link.proxy = dice.pick(['grumpy', 'noisy'])
      const client = dice.pick(clients)
      client.badge = dice.pick(['expired', 'lost'])
      return later(() => {
        for (const link of [...some, edge.link]) link.proxy = 'none'
        client.badge = 'good'
        // It goes while somebody still asks.
        void edge.host()?.close()
      })
    }
    case 'server-pause': {
      const paused = dice.pick([server, relay, publisher]).process
      if (paused?.running !== true) return
      paused.pause()
      sometimes.add('a server, a relay or a publisher was paused')
      return later(() => paused.resume())
    }
    case 'server-clock': {
      const skewed = dice.pick([server, relay, publisher]).process
      const byMs = dice.pick([-3_600_000, 3_600_000, -31_536_000_000, 31_536_000_000, 500])
      world.clocksJumped = true
      if (skewed?.running === true) sometimes.add('the clock of a server, a relay or a publisher jumped')
      skewed?.skew(byMs)
      return later(() => skewed?.skew(-byMs))
    }
    case 'client-power': {
      const client = dice.pick(clients)
      client.losePower()
      sometimes.add('the power of a client went')
      return restart(client)
    }
    case 'client-disk': {
      const target = dice.pick(clients).disk
      const before = target.injuries
      if (dice.chance(0.5)) target.faults.full = true
      else target.faults.failSync = 1
      return later(() => {
        Object.assign(target.faults, { full: false, failSync: 0 })
        if (target.injuries > before) sometimes.add('the disk of a client took nothing')
      })
    }
    case 'board-rot': {
      const digest = [...truth.acknowledgedReleases.values()].at(-1)
      if (digest !== undefined && dice.chance(0.4)) return damageSnapshot(stage, digest, lastsMs)
      const before = disk.injuries
      disk.faults.rot = 0.2
      // A release has nothing that tells its flipped bits, and the store keeps in memory what it
      // read of it.
      disk.faults.shows = path => !path.includes('/snapshots/')
      return later(() => {
        disk.faults.rot = 0
        if (disk.injuries > before) sometimes.add('the disk of the board gave flipped bits')
      })
    }
    case 'clone': {
      const original = dice.pick(clients)
      const copy = original.copy(`${original.plan.name}-copy-${atMs}`)
      copy.start()
      return later(() => {
        if (copy.client?.status === 'ready') sometimes.add('a copy of a client got there too')
        copy.kill()
      })
    }
    case 'slow-reader': {
      const { link } = dice.pick(clients)
      const newest = truth.newestAcknowledged
      link.stalled = true
      return later(() => {
        link.stalled = false
        if (truth.newestAcknowledged !== newest) sometimes.add('a release passed a slow reader')
      })
    }
    case 'crash-on-poison':
      // They stay so: a document that kills is not healed, and only another one helps.
      for (const client of clients) if (client === clients[0] || dice.chance(0.5)) client.brittle = true
      return
    case 'lagging-replica': {
      const onLate = (): void => void sometimes.add('a replica answered with what stood there before')
      const replica: LinkReplica = { lagMs: dice.between(1_000, 8_000), onLate, seen: new Map() }
      const some = links.filter(() => dice.chance(0.6))
      for (const link of some) link.replica = replica
      return later(() => {
        for (const link of some) link.replica = undefined
      })
    }
    case 'redeploy':
      // The same one each time, so that a version comes back to what it left behind.
      return clients[plan.seed % clients.length]?.redeploy()
    case 'island': {
      const link = dice.pick([...clients.map(client => client.link), relay.link])
      return later(changeLinks([link], dice.chance(0.5) ? { black: true } : { refused: true }))
    }
    case 'poison':
    case 'appointments':
    case 'contests':
      return
  }
}

/**
 * How long nobody publishes before a board is put back, in milliseconds: half of an append would be
 * left.
 */
const QUIET_MS = 2_000

/** Takes a copy of the board at first, and later puts it back under the servers that run. */
function boardBack(stage: Stage): void {
  const { world, plan, publisher, disk } = stage
  const { clock, marks, sometimes } = world
  // A later backup would bring back what is lost here.
  if (plan.faults.has('server-backup')) return
  const { copied } = stage
  if (copied === undefined) return copyLater(stage)
  let isOver = false
  stage.ended.push(() => (isOver = true))
  let quietSinceMs: number | undefined
  const putBack = (): void => {
    if (isOver) return
    // An operator holds off who publishes.
    quietSinceMs = publisher.busy ? undefined : (quietSinceMs ?? clock.monotonic())
    publisher.killAll()
    if (quietSinceMs === undefined || clock.monotonic() - quietSinceMs < QUIET_MS) {
      clock.after(200, putBack)
      return
    }
    isOver = true
    const gone = releasesAfter(copied, disk).map(bytes => releaseDigest(systemHasher, bytes))
    if (!restoreBoard(stage, copied)) return
    world.trace.add('world', 'board went back', `${gone.length} releases are lost`)
    sometimes.add('a board went back under a running server')
    if (!world.clocksJumped) marks.lost(gone, clock.now())
  }
  putBack()
}

/** As soon as there is something to copy. */
function copyLater(stage: Stage): void {
  const { clock, trace } = stage.world
  const copy = copyBoard(stage)
  if (copy === undefined) {
    const cancel = clock.after(200, () => copyLater(stage))
    stage.ended.push(cancel)
    return
  }
  trace.add('world', 'board copied', `at ${copy.newest.epoch}:${copy.newest.sequence}`)
  stage.copied = copy
}

/**
 * Of an empty board nobody takes a copy: after its restoration nothing would tell a new epoch from
 * the lost one.
 */
function copyBoard({ world: { truth, side }, clients, disk }: Stage): BoardCopy | undefined {
  const isSideFollowed = clients.some(({ plan: { side: beside } }) => beside === true)
  const [newest, newestBeside] = [truth.newestAcknowledged, side.newestAcknowledged]
  if (newest === undefined || (isSideFollowed && newestBeside === undefined)) return undefined
  return { image: disk.copy(), newest, newestBeside }
}

/**
 * Makes the board what it was. Returns whether something is lost by that, so that an operator has
 * to open a new epoch.
 */
function restoreBoard(stage: Stage, copy: BoardCopy): boolean {
  const { image, newest, newestBeside } = copy
  const { disk, world } = stage
  const before = disk.files
  const lost = releasesAfter(copy, disk)
  disk.restore(image)
  world.truth.restored(newest, lost)
  world.side.restored(newestBeside, [])
  if (!isBehind(image, before)) return false
  stage.needsEpoch = true
  return true
}

/** The releases that a copy of the board lacks, those that are whole. */
function releasesAfter({ image }: BoardCopy, { files }: SimDisk): readonly Uint8Array[] {
  return [...files].flatMap(([path, bytes]) =>
    path.includes(`/${NAMESPACE}/releases/`) && !image.has(path) && placeOf(bytes) !== undefined
      ? [bytes]
      : [],
  )
}

/**
 * A snapshot is damaged where it lies, until somebody puts the same bytes again: after a while, and
 * once everything heals.
 */
function damageSnapshot({ world, disk, ended }: Stage, digest: string, lastsMs: number): void {
  const { clock, sometimes } = world
  const bytes = disk.damage(`/board/public/v1/${NAMESPACE}/snapshots/${digest}.json`)
  if (bytes === undefined) return
  let lives = 0
  const put = async (): Promise<void> => {
    lives += 1
    const own = startProcess(`operator.${lives}`, world)
    const store = fileStore('/board', {
      fs: disk.mount(own),
      owner: own.owner,
      system: own.system,
    })
    await store.put({ namespace: NAMESPACE, digest, bytes }, new AbortController().signal).then(
      () => void sometimes.add('a damaged snapshot was put again'),
      // The disk is full or broken; when everything heals there is another time.
      () => {},
    )
    await store.close()
    own.kill()
  }
  clock.after(lastsMs, () => void put())
  // A backup that was taken meanwhile has the damage too.
  ended.push(() => void put())
}
