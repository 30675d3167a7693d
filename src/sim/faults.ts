import type { Dice } from './dice.js'
import { soundLink, type Link } from './link.js'
import type { Machine } from './machine.js'

/** A fault of links. */
export type LinkFault =
  | 'lossy-links'
  | 'slow-links'
  | 'duplicates'
  | 'cut-bodies'
  | 'bytewise'
  | 'partitions'
  | 'refusals'
  | 'stale-proxy'
  | 'buffering-proxy'
  | 'login-page'
  | 'mangling-proxy'

/** A fault of links, of processes or of disks. */
export type Fault =
  | LinkFault
  | 'kill'
  | 'power-loss'
  | 'pause'
  | 'clock-jump'
  | 'disk-full'
  | 'disk-sync-error'
  | 'disk-rot'

/** The faults of links. */
export const LINK_FAULTS: readonly LinkFault[] = [
  'lossy-links',
  'slow-links',
  'duplicates',
  'cut-bodies',
  'bytewise',
  'partitions',
  'refusals',
  'stale-proxy',
  'buffering-proxy',
  'login-page',
  'mangling-proxy',
]

/**
 * Every fault that `world.chaos()` draws from: those of links, of processes (killed, stopped for a
 * while, their wall clock moved) and of disks (power lost, full, failing to sync, flipping bits).
 */
export const FAULTS: readonly Fault[] = [
  ...LINK_FAULTS,
  'kill',
  'power-loss',
  'pause',
  'clock-jump',
  'disk-full',
  'disk-sync-error',
  'disk-rot',
]

function isLinkFault(fault: string): fault is LinkFault {
  return LINK_FAULTS.some(name => name === fault)
}

/** What a fault changes of a link. `Object.assign(link, change)` makes it happen. */
export function linkFault(fault: LinkFault, dice: Dice): Partial<Link> {
  switch (fault) {
    case 'lossy-links':
      return { drop: 0.2 + dice.number() * 0.6 }
    case 'slow-links':
      return { slowestMs: dice.between(500, 20_000) }
    case 'duplicates':
      return { duplicate: 0.5 }
    case 'cut-bodies':
      return { cut: 0.5 }
    case 'bytewise':
      return { bytewise: true }
    case 'partitions':
      return { black: true }
    case 'refusals':
      return { refused: true }
    case 'stale-proxy':
      return { proxy: 'stale' }
    case 'buffering-proxy':
      return { proxy: 'buffering' }
    case 'login-page':
      return { proxy: 'login-page' }
    case 'mangling-proxy':
      return { proxy: 'mangling' }
  }
}

/** Makes links as a change says, and returns what makes the changed parts sound again. */
export function changeLinks(links: readonly Link[], change: Partial<Link>): () => void {
  const sound = soundLink()
  const back = Object.fromEntries(
    Object.entries(sound).filter(([name]) => Object.hasOwn(change, name)),
  ) as Partial<Link>
  for (const link of links) Object.assign(link, change)
  return () => {
    for (const link of links) Object.assign(link, back)
  }
}

/** Makes a fault happen to one machine, drawn by the dice, and returns what ends it. */
export function applyFault(fault: Fault, machines: readonly Machine[], dice: Dice): () => void {
  if (isLinkFault(fault)) {
    const some = machines.filter(() => dice.chance(0.5))
    const hit = some.length === 0 ? [dice.pick(machines)] : some
    return changeLinks(
      hit.map(({ link }) => link),
      linkFault(fault, dice),
    )
  }
  const machine = dice.pick(machines)
  const { disk, process } = machine
  switch (fault) {
    case 'kill':
      machine.kill()
      return machine.start
    case 'power-loss':
      machine.kill()
      disk.losePower()
      return machine.start
    case 'pause':
      process?.pause()
      return () => process?.resume()
    case 'clock-jump':
      process?.skew(dice.pick([-3_600_000, 3_600_000, -31_536_000_000, 31_536_000_000, 500]))
      return () => {}
    case 'disk-full':
      disk.faults.full = true
      return () => void (disk.faults.full = false)
    case 'disk-sync-error':
      disk.faults.failSync = 0.3
      return () => void (disk.faults.failSync = 0)
    case 'disk-rot':
      disk.faults.rot = 0.3
      return () => void (disk.faults.rot = 0)
  }
}
