import type { Position } from '../../src/contracts/position.js'
import type { ClientActor } from './client-actor.js'
import type { DiskImage, SimDisk } from './disk.js'
import type { Link } from './net.js'
import type { Action, Plan } from './plan.js'
import { isBehind } from './pointer.js'
import type { PublisherActor } from './publisher-actor.js'
import { diceOf } from './random.js'
import type { RelayActor, ServerActor } from './server-actor.js'
import type { StrangerActor } from './stranger-actor.js'
import type { World } from './world.js'

/** Everybody on stage, for faults to happen to. */
export interface Stage {
  readonly world: World
  readonly plan: Plan
  readonly disk: SimDisk
  readonly servers: readonly ServerActor[]
  readonly relay: RelayActor
  /** The server at the edge, which runs while strangers come. */
  readonly edge: RelayActor
  readonly strangers: StrangerActor
  readonly clients: readonly ClientActor[]
  readonly publisher: PublisherActor
  backup: { readonly image: DiskImage; readonly newest: Position | undefined } | undefined
  /** Set when a backup was restored: an operator has to open a new epoch. */
  needsEpoch: boolean
  /** What ends the faults that last. */
  readonly ended: (() => void)[]
}

/** Makes a fault happen, for a while where it lasts. */
export function applyFault({ fault, lastsMs, atMs }: Extract<Action, { type: 'fault' }>, stage: Stage): void {
  const { world, clients, servers, relay, publisher, disk } = stage
  const { clock, trace, truth, sometimes } = world
  const dice = diceOf(world.seed, `fault ${fault} ${atMs}`)
  const links = [...clients.map(({ link }) => link), relay.link, publisher.link]
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
  const onLinks = (change: Partial<Link>, back: Partial<Link>): void => {
    const some = links.filter(() => dice.chance(0.5))
    for (const link of some) Object.assign(link, change)
    later(() => {
      for (const link of some) Object.assign(link, back)
    })
  }
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

  const crash = fault === 'server-kill' || fault === 'server-power' || fault === 'publisher-kill'
  if (crash && publisher.rollingBack) sometimes.add('a rollback met a crash')
  if (disk.faults.full && publisher.rollingBack) sometimes.add('an urgent write met a full disk')
  switch (fault) {
    case 'lossy-links':
      return onLinks({ drop: 0.2 + dice.number() * 0.6 }, { drop: 0 })
    case 'slow-links':
      return onLinks({ slowestMs: dice.between(500, 20_000) }, { slowestMs: 20 })
    case 'duplicates':
      return onLinks({ duplicate: 0.5 }, { duplicate: 0 })
    case 'cut-bodies':
      return onLinks({ cut: 0.5 }, { cut: 0 })
    case 'bytewise':
      return onLinks({ bytewise: true }, { bytewise: false })
    case 'partitions':
      return onLinks({ black: true }, { black: false })
    case 'refusals':
      return onLinks({ refused: true }, { refused: false })
    case 'stale-proxy':
      return onLinks({ proxy: 'stale' }, { proxy: 'none' })
    case 'buffering-proxy':
      return onLinks({ proxy: 'buffering' }, { proxy: 'none' })
    case 'login-page':
      return onLinks({ proxy: 'login-page' }, { proxy: 'none' })
    case 'mangling-proxy': {
      // Not the publisher's: releases carry no signatures yet, and it is trusted with what it reads.
      const some = links.filter(link => link !== publisher.link && dice.chance(0.5))
      for (const link of some) link.proxy = 'mangling'
      return later(() => {
        for (const link of some) link.proxy = 'none'
      })
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
        relay.kill()
        return restart(relay)
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
        // Of an empty board nobody takes a backup.
        if (truth.newestAcknowledged === undefined) return
        stage.backup = { image: disk.copy(), newest: truth.newestAcknowledged }
        return
      }
      const { image, newest } = stage.backup
      for (const actor of servers) if (actor.process?.alive === true) actor.kill()
      publisher.killAll()
      const before = disk.files
      disk.restore(image)
      if (isBehind(image, before)) {
        stage.needsEpoch = true
        sometimes.add('an older backup was restored')
      }
      truth.restored(newest)
      return restart(servers[0] as ServerActor)
    }
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
      if (publisher.process?.alive === true) sometimes.add('a publisher was killed')
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
    case 'poison':
      return
  }
}
