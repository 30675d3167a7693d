import type { Digest, Namespace } from '../../contracts/names.js'
import { comparePositions } from '../../contracts/position.js'
import { digestOf } from '../../core/release/digest.js'
import { decodeRelease, variantsOf, type Release } from '../../core/release/release.js'
import { sayLacks } from '../../core/store/lacks.js'
import type { Board } from './board.js'
import type { BoardLog } from './log.js'
import { isUnfit } from '../disk/system-error.js'

/** Tells which documents that clients should run now a board cannot give them. */
export interface BoardLacking {
  /**
   * The first snapshot which the newest release names that is missing here or damaged; undefined
   * where all are whole, and where the disk does not say. A change is logged.
   */
  of(namespace: Namespace): Promise<Digest | undefined>
}

/** How many namespaces are remembered; past it all are forgotten, and read again. */
const MAX_KNOWN = 10_000

/**
 * Looks for the snapshots of the newest release. The bytes of each are read and hashed once, and
 * again when its file has another time or length; a look at one that did not change is one `stat`.
 */
export function boardLacking(
  { fs, hasher, paths, logger }: Pick<Board, 'fs' | 'hasher' | 'paths' | 'logger'>,
  log: Pick<BoardLog, 'read'>,
): BoardLacking {
  /** By namespace: what the files of its snapshots looked like when they were whole. */
  const whole = new Map<Namespace, ReadonlyMap<Digest, string>>()
  const told = new Map<Namespace, Digest>()

  const isWhole = async (path: string, digest: Digest, bytes: number): Promise<boolean> => {
    try {
      const found = await fs.read(path, bytes)
      return found?.length === bytes && digestOf(hasher, found) === digest
    } catch (error) {
      if (isUnfit(error)) return false
      throw error
    }
  }

  const lookFor = async (namespace: Namespace, release: Release): Promise<Digest | undefined> => {
    const before = whole.get(namespace)
    const now = new Map<Digest, string>()
    let lacks: Digest | undefined
    for (const { digest, bytes } of variantsOf(release)) {
      const path = paths.snapshot(namespace, digest)
      const stat = await fs.stat(path)
      const stamp = stat && `${stat.bytes} ${stat.changedMs}`
      if (stamp === undefined) lacks ??= digest
      else if (before?.get(digest) === stamp || (await isWhole(path, digest, bytes))) now.set(digest, stamp)
      else lacks ??= digest
    }
    if (before === undefined && whole.size >= MAX_KNOWN) {
      whole.clear()
      told.clear()
    }
    whole.set(namespace, now)
    return lacks
  }

  const find = async (namespace: Namespace): Promise<Digest | undefined> => {
    const { newest } = await log.read({ namespace })
    if (newest === undefined) return undefined
    const lacks = await lookFor(namespace, decodeRelease(newest.bytes).release)
    if (lacks === undefined) return undefined
    // Another release may have come meanwhile, after which nobody needs this one's.
    const again = (await log.read({ namespace })).newest
    const isSame = again !== undefined && comparePositions(again.position, newest.position) === 'same'
    return isSame ? lacks : undefined
  }

  return {
    async of(namespace) {
      try {
        const lacks = await find(namespace)
        const before = told.get(namespace)
        if (lacks !== undefined) told.set(namespace, lacks)
        else told.delete(namespace)
        if (lacks !== undefined && lacks !== before) logger?.error(sayLacks(lacks), { namespace })
        if (lacks === undefined && before !== undefined)
          logger?.info('the board has every document of its newest release again', { namespace })
        return lacks
      } catch {
        // A release of another version, or a disk that fails: whoever reads the board says so.
        return undefined
      }
    },
  }
}
