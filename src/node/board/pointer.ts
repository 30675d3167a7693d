import { createSerial } from '../../async/serial.js'
import type { Namespace } from '../../contracts/names.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import { sameBytes } from '../../core/json/text.js'
import type { Board } from './board.js'
import { positionIn } from './release-link.js'
import type { BoardLog } from './log.js'
import type { Entry } from './places.js'
import { isUnfit } from '../disk/system-error.js'
import { MAX_RELEASE_BYTES } from '../../core/limits.js'

/** The pointer `release.json`, which follows the log. */
export interface BoardPointer {
  /**
   * Brings the pointer to the newest release, and never knowingly to a lower one. False when there
   * is one behind it that cannot be told of yet.
   */
  repair(namespace: Namespace): Promise<boolean>
}

export function boardPointer({ fs, clock, paths, files }: Board, log: BoardLog): BoardPointer {
  const inTurn = createSerial()
  const current = async (namespace: Namespace): Promise<Pointer | undefined> => {
    const stat = await fs.stat(paths.pointer(namespace))
    if (stat === undefined) return undefined
    try {
      const bytes = await fs.read(paths.pointer(namespace), MAX_RELEASE_BYTES)
      return bytes && { changedMs: stat.changedMs, bytes, position: positionIn(bytes) }
    } catch (error) {
      // A damaged pointer is written anew from the log.
      if (isUnfit(error)) return { changedMs: stat.changedMs }
      throw error
    }
  }

  const move = async (
    namespace: Namespace,
    { position, bytes }: Entry,
    pointer: Pointer | undefined,
  ): Promise<void> => {
    // The log's files have times a whole second apart, in the order of the log, so racing writers
    // give one release one time.
    const release = await fs.stat(paths.release(namespace, position))
    await files.replace(paths.pointer(namespace), bytes, {
      changedMs: wholeSecondAfter(pointer?.changedMs, release?.changedMs ?? clock.now()),
    })
  }

  const catchUp = async (namespace: Namespace): Promise<boolean> => {
    for (;;) {
      const { newest, withheld, damage } = await log.read({ namespace })
      const pointer = await current(namespace)
      if (newest === undefined || !isBehind(pointer, newest)) return withheld === undefined
      // Neither the log nor the pointer can be read to its end: the pointer may name a later
      // release than what is left of the log.
      if (damage !== undefined && pointer !== undefined && pointer.position === undefined) return true
      await move(namespace, newest, pointer)
      // Whoever wrote a newer one in the meantime was overwritten just now, so the log is asked
      // again.
    }
  }

  return {
    // Two at a time could give two releases one time: one of them writes a damaged pointer anew, a
    // second later than the damage.
    repair: namespace => inTurn(namespace, () => catchUp(namespace)),
  }
}

/**
 * A time on a whole second: the given one, or the second after a predecessor's where that is later.
 * Web servers and rsync tell versions apart by whole seconds and size.
 */
export function wholeSecondAfter(predecessorMs: number | undefined, timeMs: number): number {
  const seconds = Math.floor(timeMs / 1000)
  return (
    1000 * (predecessorMs === undefined ? seconds : Math.max(seconds, Math.floor(predecessorMs / 1000) + 1))
  )
}

interface Pointer {
  readonly changedMs: number
  readonly bytes?: Uint8Array
  readonly position?: Position | undefined
}

function isBehind(pointer: Pointer | undefined, { position, bytes }: Entry): boolean {
  if (pointer?.position === undefined || pointer.bytes === undefined) return true
  const order = comparePositions(position, pointer.position)
  return order === 'newer' || (order === 'same' && !sameBytes(bytes, pointer.bytes))
}
