import { comparePositions, formatPosition, type Position } from '../../src/contracts/position.js'
import { decodeRelease, positionOf } from '../../src/core/release.js'
import type { DiskImage } from './disk.js'
import type { Violate } from './truth.js'

interface Written {
  readonly bytes: Uint8Array
  readonly changedMs: number
}

/** Looks at each change of the pointer on the board's disk. */
export function watchPointer(
  path: string,
  violate: Violate,
): (changed: string, now: Written, before: Written | undefined) => void {
  return (changed, now, before) => {
    if (changed !== path || before === undefined) return
    const [to, from] = [placeOf(now.bytes), placeOf(before.bytes)]
    // Writers may overtake each other for a moment; whoever goes on from there is later again.
    if (to === undefined || from === undefined || comparePositions(to, from) !== 'newer') return
    if (Math.floor(now.changedMs / 1_000) <= Math.floor(before.changedMs / 1_000)) {
      violate(
        'pointer-has-a-later-second',
        `the pointer went from ${formatPosition(from)} to ${formatPosition(to)} within one second of its modification time`,
      )
    }
  }
}

/** Where a release file says that it stands. */
export function placeOf(bytes: Uint8Array): Position | undefined {
  try {
    return positionOf(decodeRelease(bytes).release)
  } catch {
    // Torn, which others look at.
    return undefined
  }
}

/** Whether a disk holds releases that a backup lacks: whoever restores that has to open a new epoch. */
export function isBehind(image: DiskImage, files: ReadonlyMap<string, Uint8Array>): boolean {
  for (const path of files.keys()) if (path.includes('/releases/') && !image.has(path)) return true
  return false
}
