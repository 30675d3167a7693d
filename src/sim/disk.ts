import { NoticeboardError } from '../contracts/errors.js'
import type { Clock, Fs } from '../contracts/system.js'
import { copyBytes } from '../core/json/text.js'
import type { Dice } from './dice.js'
import type { SimProcess } from './process.js'

/** What is wrong with a disk. Change it while a history runs. */
export interface DiskFaults {
  /** Each write fails with ENOSPC. */
  full: boolean
  /** Probability, from 0 to 1, that an fsync fails with EIO. */
  failSync: number
  /** Probability, from 0 to 1, that a read gives flipped bits. */
  rot: number
  /** In which files the damage shows by itself; in all others any bit may flip. */
  shows?: (path: string) => boolean
}

/**
 * A machine's disk: it outlives processes, loses what was not synced when the power goes, can be
 * copied.
 */
export interface SimDisk {
  readonly faults: DiskFaults
  /** The disk as one process uses it. */
  mount(process: SimProcess): Fs
  /**
   * Flips a bit of a file where it lies. Returns what stood there; undefined without such a file.
   */
  damage(path: string): Uint8Array | undefined
  /**
   * The power goes: folders fall back to what was synced, each later change is kept or lost by
   * chance.
   */
  losePower(): void
  /** A copy of everything, as a backup takes it. */
  copy(): DiskImage
  /** Puts a copy in the place of everything. */
  restore(image: DiskImage): void
  /** How often it failed or lied until now. */
  readonly injuries: number
  /** All files, for oracles: nothing is simulated on the way. */
  readonly files: ReadonlyMap<string, Uint8Array>
}

/** A copy of a disk: its files by path. */
export type DiskImage = ReadonlyMap<string, SimFile>

/** A file of a simulated disk. */
export interface SimFile {
  readonly bytes: Uint8Array
  /** The time of its last change, in milliseconds since 1970. */
  readonly changedMs: number
}

/** A change of a folder's entries that was not synced yet: how it undoes itself. */
interface Unsynced {
  readonly folder: string
  readonly path: string
  readonly before: SimFile | undefined
}

/**
 * Makes a disk. Operations take a while, in which the process may die. `onReplaced` is called when
 * a file is moved to a name, with what stands there now and what stood there before.
 *
 * ```ts
 * const disk = simDisk(world.clock, world.dice('disk'))
 * const state = stateFolder('/state', { fs: disk.mount(machine), owner: machine.owner })
 * disk.faults.full = true
 * ```
 */
export function simDisk(
  clock: Clock,
  dice: Dice,
  onReplaced: (path: string, now: SimFile, before: SimFile | undefined) => void = () => {},
): SimDisk {
  let entries = new Map<string, SimFile>()
  /** Folders are there once somebody made them; losing one is not among the faults. */
  const folders = new Set<string>()
  let unsynced: Unsynced[] = []
  let injuries = 0
  const faults: DiskFaults = { full: false, failSync: 0, rot: 0 }

  const folderOf = (path: string): string => path.slice(0, path.lastIndexOf('/'))
  const change = (path: string, inode: SimFile | undefined): void => {
    unsynced.push({ folder: folderOf(path), path, before: entries.get(path) })
    if (inode === undefined) entries.delete(path)
    else entries.set(path, inode)
  }
  const syncEntries = (folder: string): void => {
    unsynced = unsynced.filter(change => change.folder !== folder)
  }

  const mount = (process: SimProcess): Fs => {
    const step = (): Promise<void> =>
      new Promise(resolve => void process.clock.after(0.05 + dice.number() * 2, resolve))
    /**
     * What the system's cache answers takes no time, mostly; now and then everybody else goes
     * first.
     */
    const glance = (): Promise<void> => (dice.chance(0.2) ? step() : Promise.resolve())
    const write = (): void => {
      if (!faults.full) return
      injuries += 1
      throw systemError('ENOSPC', 'no space left on device')
    }
    const sync = (): void => {
      if (!dice.chance(faults.failSync)) return
      injuries += 1
      throw systemError('EIO', 'i/o error')
    }
    return {
      async read(path, maxBytes) {
        await glance()
        const inode = entries.get(path)
        if (inode === undefined) return undefined
        if (inode.bytes.length > maxBytes)
          throw new NoticeboardError('too-large', 'the file is larger than allowed')
        if (!dice.chance(faults.rot)) return copyBytes(inode.bytes)
        injuries += 1
        return faults.shows?.(path) === true ? scrambled(inode.bytes) : flipped(inode.bytes, dice)
      },
      async list(path) {
        await glance()
        const names = new Set<string>()
        const prefix = `${path}/`
        for (const key of entries.keys()) {
          if (!key.startsWith(prefix)) continue
          const end = key.indexOf('/', prefix.length)
          names.add(key.slice(prefix.length, end === -1 ? undefined : end))
        }
        return [...names]
      },
      async makeFolder(path) {
        await glance()
        for (let folder = path; folder !== ''; folder = folderOf(folder)) folders.add(folder)
      },
      async create(path, bytes) {
        await step()
        write()
        if (entries.has(path)) throw systemError('EEXIST', 'file exists')
        // Half of it is there for a moment: a process that dies now leaves it so.
        change(path, {
          bytes: copyBytes(bytes.subarray(0, Math.floor(bytes.length * dice.number()))),
          changedMs: clock.now(),
        })
        await step()
        sync()
        entries.set(path, { bytes: copyBytes(bytes), changedMs: clock.now() })
      },
      async link(from, to) {
        await step()
        write()
        const inode = entries.get(from)
        if (inode === undefined) throw systemError('ENOENT', 'no such file')
        if (entries.has(to)) return 'taken'
        change(to, inode)
        return 'linked'
      },
      async rename(from, to) {
        await step()
        const inode = entries.get(from)
        if (inode === undefined) throw systemError('ENOENT', 'no such file')
        const before = entries.get(to)
        change(to, inode)
        change(from, undefined)
        onReplaced(to, inode, before)
      },
      async remove(path) {
        await step()
        if (entries.has(path)) change(path, undefined)
      },
      async syncFolder(path) {
        await step()
        sync()
        syncEntries(path)
      },
      async stat(path) {
        await glance()
        const inode = entries.get(path)
        if (inode !== undefined) return { bytes: inode.bytes.length, changedMs: inode.changedMs }
        return folders.has(path) ? { bytes: 0, changedMs: 0 } : undefined
      },
      async touch(path, changedMs) {
        await glance()
        const inode = entries.get(path)
        if (inode === undefined) throw systemError('ENOENT', 'no such file')
        entries.set(path, { ...inode, changedMs })
      },
    }
  }

  return {
    faults,
    mount,
    damage(path) {
      const inode = entries.get(path)
      if (inode === undefined || inode.bytes.length === 0) return undefined
      entries.set(path, { ...inode, bytes: flipped(inode.bytes, dice) })
      injuries += 1
      return inode.bytes
    },
    losePower() {
      // A disk may have written any part of what was not synced, but not a later change of a name
      // before an earlier one.
      const lost = new Set<string>()
      for (const { path, before } of unsynced.toReversed()) {
        if (!lost.has(path) && dice.chance(0.5)) continue
        lost.add(path)
        if (before === undefined) entries.delete(path)
        else entries.set(path, before)
      }
      unsynced = []
    },
    copy: () => new Map(entries),
    restore(image) {
      entries = new Map(image)
      unsynced = []
    },
    get injuries() {
      return injuries
    },
    get files() {
      return new Map([...entries].map(([path, { bytes }]) => [path, bytes]))
    },
  }
}

function systemError(code: string, message: string): Error {
  return Object.assign(new Error(`${code}: ${message}`), { code })
}

/** Nothing that is kept as text begins with that. */
function scrambled(bytes: Uint8Array): Uint8Array {
  const copy = copyBytes(bytes)
  if (copy.length > 0) copy[0] = 33
  return copy
}

function flipped(bytes: Uint8Array, dice: Dice): Uint8Array {
  const copy = copyBytes(bytes)
  const at = dice.between(0, copy.length - 1)
  copy[at] = (copy[at] ?? 0) ^ (1 << dice.between(0, 7))
  return copy
}
