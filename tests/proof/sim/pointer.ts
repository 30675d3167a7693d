import { comparePositions, formatPosition, type Position } from '../../../src/contracts/position.js'
import { decodeRelease, positionOf, type Release } from '../../../src/core/release/release.js'
import { NAMESPACE } from './client-actor.js'
import type { DiskImage, SimDisk } from '../../../src/sim/disk.js'
import type { ServerActor } from './server-actor.js'
import type { World } from './world.js'

/** Where the pointer lies on the board's disk. */
export const POINTER = `/board/public/v1/${NAMESPACE}/release.json`

interface Written {
  readonly bytes: Uint8Array
  readonly changedMs: number
}

/**
 * How long a writer may take from its look at the log to its change of the pointer, and to its next
 * look: some operations of a disk.
 */
const RACE_MS = 1_000

/**
 * Looks at each change of the pointer on the board's disk, but for those that come with a lost
 * power or a restored backup: whoever writes makes it later. Only of writers that race may one put
 * it back, for the moment in which it looks at the log again.
 */
export function watchPointer(
  path: string,
  { world: { clock, truth }, disk, servers }: PointerContext,
): (changed: string, now: Written, before: Written | undefined) => void {
  /** What was written last, and since when the pointer stands there or later. */
  let last: { readonly at: Position; readonly sinceMs: number } | undefined

  /**
   * Whoever put it back, and neither died nor met a broken disk, has to have brought it to where it
   * stood.
   */
  const mustReturn = (from: Position): void => {
    const alive = (): string => servers.map(({ process }) => process?.alive === true && process.name).join()
    const [writers, injuries] = [alive(), disk.injuries]
    clock.after(RACE_MS, () => {
      if (alive() !== writers || disk.injuries > injuries) return
      const bytes = disk.files.get(path)
      const place = bytes && placeOf(bytes)
      if (place === undefined || comparePositions(place, from) !== 'older') return
      truth.violate(
        'pointer-only-grows',
        `the pointer was put back to ${formatPosition(place)} from ${formatPosition(from)}, and stays there`,
      )
    })
  }

  return (changed, now, before) => {
    if (changed !== path) return
    const nowMs = clock.monotonic()
    const to = placeOf(now.bytes)
    const from = before && placeOf(before.bytes)
    const order = to && from && comparePositions(to, from)
    const sinceMs =
      last !== undefined && from !== undefined && comparePositions(from, last.at) === 'same'
        ? last.sinceMs
        : 0
    if (to !== undefined) last = { at: to, sinceMs: nowMs }
    if (before === undefined || to === undefined || from === undefined) return
    if (order === 'older') {
      if (nowMs - sinceMs <= RACE_MS) return mustReturn(from)
      truth.violate(
        'pointer-only-grows',
        `the pointer was put back from ${formatPosition(from)}, where it stood for a while, to ${formatPosition(to)}`,
      )
    }
    if (order === 'newer' && Math.floor(now.changedMs / 1_000) <= Math.floor(before.changedMs / 1_000)) {
      truth.violate(
        'pointer-has-a-later-second',
        `the pointer went from ${formatPosition(from)} to ${formatPosition(to)} within one second of its modification time`,
      )
    }
  }
}

interface PointerContext {
  readonly world: Pick<World, 'clock' | 'truth'>
  readonly disk: Pick<SimDisk, 'files' | 'injuries'>
  readonly servers: readonly Pick<ServerActor, 'process'>[]
}

/** Where a release file says that it stands. */
export function placeOf(bytes: Uint8Array): Position | undefined {
  const release = releaseIn(bytes)
  return release && positionOf(release)
}

/** What stands in a release file; undefined where it is torn, which others look at. */
export function releaseIn(bytes: Uint8Array): Release | undefined {
  try {
    return decodeRelease(bytes).release
  } catch {
    return undefined
  }
}

/**
 * Whether a disk holds releases that a backup lacks: whoever restores that has to open a new epoch.
 */
export function isBehind(image: DiskImage, files: ReadonlyMap<string, Uint8Array>): boolean {
  for (const path of files.keys()) if (path.includes('/releases/') && !image.has(path)) return true
  return false
}
