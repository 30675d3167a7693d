import { basename, dirname, join } from 'node:path'
import { isNoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import { epochNumber, type Position } from '../../contracts/position.js'
import { decodeRelease } from '../../core/release/release.js'
import { sameBytes } from '../../core/json/text.js'
import type { Board } from './board.js'
import type { BoardLog } from './log.js'
import type { BoardNotes } from './notes.js'
import { positionIn } from './release-link.js'
import { MAX_RELEASE_BYTES } from '../../core/limits.js'

/**
 * Opens epochs. The names of two epochs with one number differ, so linking `1.json` into its folder
 * decides nothing between processes that open one at the same time. Therefore the release first
 * takes the number: its file is linked to `private/epochs/<namespace>/<n>.json`. Whoever finds it
 * taken brings the taker's release to its place, in case the taker died, and has lost. When the
 * release stands in its place the number is given up.
 */
export interface BoardOpening {
  /** Puts the first release of an epoch in place. `changedMs` becomes the time of its file. */
  open(namespace: Namespace, first: FirstRelease): Promise<'linked' | 'taken'>
  /** Brings releases whose writers died in the middle to their place. */
  finish(namespace: Namespace): Promise<void>
}

export interface FirstRelease {
  readonly at: Position
  readonly bytes: Uint8Array
  readonly changedMs: number
}

const NUMBER = /^[1-9][0-9]{0,8}\.json$/

export function boardOpening(
  { fs, hiddenFs, clock, paths, files, hiddenFiles }: Board,
  { log, notes }: { readonly log: BoardLog; readonly notes: BoardNotes },
): BoardOpening {
  /**
   * Completes what took a number, and gives the number up. A number that was used and given up
   * before it was taken again is not free: its `1.json` stands by then, so looking for that after
   * reading the taker is enough.
   */
  const settle = async (
    namespace: Namespace,
    taken: string,
    first: FirstRelease,
  ): Promise<'linked' | 'taken'> => {
    const number = epochNumber(first.at.epoch)
    const epochs = await log.epochs(namespace)
    let outcome: 'linked' | 'taken' = 'taken'
    if (!epochs.some(epoch => epoch !== first.at.epoch && epochNumber(epoch) >= number)) {
      await fs.makeFolder(paths.releases({ namespace, epoch: first.at.epoch }))
      outcome = await files.claim(paths.release(namespace, first.at), first.bytes, {
        changedMs: first.changedMs,
        before: file => notes.note(namespace, file),
      })
    }
    await hiddenFiles.discard(taken)
    return outcome
  }

  /** The release that took a number; undefined when it was given up again, or is none. */
  const takerOf = async (taken: string, changedMs: number): Promise<FirstRelease | undefined> => {
    const bytes = await hiddenFs.read(taken, MAX_RELEASE_BYTES)
    if (bytes === undefined) return undefined
    const at = isRelease(bytes) ? positionIn(bytes) : undefined
    if (at?.sequence === 1 && basename(taken) === `${epochNumber(at.epoch)}.json`)
      return { at, bytes, changedMs }
    await hiddenFiles.discard(taken)
    return undefined
  }

  return {
    async open(namespace, first) {
      const taken = join(paths.openings(namespace), `${epochNumber(first.at.epoch)}.json`)
      await hiddenFs.makeFolder(dirname(taken))
      if ((await hiddenFiles.claim(taken, first.bytes)) === 'linked') return settle(namespace, taken, first)
      const taker = await takerOf(taken, first.changedMs)
      const outcome = taker === undefined ? 'taken' : await settle(namespace, taken, taker)
      return taker !== undefined && sameBytes(taker.bytes, first.bytes) ? outcome : 'taken'
    },

    async finish(namespace) {
      for (const name of await hiddenFs.list(paths.openings(namespace))) {
        if (!NUMBER.test(name)) continue
        const taken = join(paths.openings(namespace), name)
        const taker = await takerOf(taken, 1000 * Math.floor(clock.now() / 1000))
        if (taker !== undefined) await settle(namespace, taken, taker)
      }
    },
  }
}

/**
 * Whether it can stand in a log. One of a later version keeps its number too: its writer is about
 * to put it in its place.
 */
function isRelease(bytes: Uint8Array): boolean {
  try {
    decodeRelease(bytes)
    return true
  } catch (error) {
    if (!isNoticeboardError(error)) throw error
    return error.code === 'unsupported'
  }
}
