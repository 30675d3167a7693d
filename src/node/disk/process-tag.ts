import { createHash, randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import { ownBootId } from './boot-id.js'

/**
 * Who writes: part of the names of temporary files and the text of locks, so that what a dead
 * process left behind can be told from what a live one is still using.
 */
export interface ProcessTag {
  /** `[0-9a-z-]`, another one in each process. */
  readonly tag: string
  /** The boot of its machine and the start of the process, where they are known. */
  readonly bootId?: string
  /**
   * Whether the process of a tag is certainly gone; false when that cannot be known, as on another
   * machine.
   */
  isGone(tag: string): boolean
}

const TAG = /^([0-9a-f]{8})-([0-9]{1,10})-[0-9a-f]{8}$/

let own: ProcessTag | undefined

/** This process: `<machine>-<pid>-<chance>`. */
export function processTag(): ProcessTag {
  own ??= createTag()
  return own
}

/** The machine and the process number in a tag; nothing where it is not of that form. */
export function splitTag(tag: string): readonly [machine?: string, pid?: string] {
  const [, machine, pid] = TAG.exec(tag) ?? []
  return machine === undefined || pid === undefined ? [] : [machine, pid]
}

function createTag(): ProcessTag {
  const machine = createHash('sha256').update(hostname()).digest('hex').slice(0, 8)
  const tag = `${machine}-${process.pid}-${randomBytes(4).toString('hex')}`
  return {
    tag,
    bootId: ownBootId(),
    isGone(other) {
      const [where, pid] = splitTag(other)
      // The same number with another chance may be a worker thread of this process, or an earlier
      // life of a container: not known.
      if (where !== machine || pid === undefined || Number(pid) === process.pid) return false
      return !exists(Number(pid))
    },
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    // EPERM: it exists and belongs to somebody else.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
