import { dirname, join } from 'node:path'
import type { Namespace } from '../contracts/names.js'
import { epochNumber, type Position } from '../contracts/position.js'
import { decodeRelease, MAX_RELEASE_BYTES, positionOf } from '../core/release.js'
import { sameBytes } from '../core/text.js'
import type { Board } from './board.js'
import type { BoardLog } from './board-log.js'

export interface BoardOpening {
  open(query: { readonly namespace: Namespace; readonly at: Position; readonly bytes: Uint8Array; readonly changedMs: number }): Promise<'linked' | 'taken'>
}

/**
 * Opens an epoch. The names of two epochs with one number differ, so linking `1.json` into its folder decides nothing between
 * processes that open one at the same time. Therefore the release first takes the number: its file is linked to
 * `private/epochs/<namespace>/<n>.json`. Whoever finds it taken brings the taker's release to its place, in case the taker died,
 * and has lost. When the release stands in its place the number is given up.
 */
export function boardOpening({ disk, hiddenDisk, paths, files, hiddenFiles }: Board, log: BoardLog): BoardOpening {
  const complete = async (namespace: Namespace, { at, bytes, changedMs }: First): Promise<'linked' | 'taken'> => {
    await disk.makeFolder(paths.releases({ namespace, epoch: at.epoch }))
    return files.claim(paths.release(namespace, at), bytes, { changedMs })
  }

  return {
    async open({ namespace, at, bytes, changedMs }) {
      const number = join(paths.openings(namespace), `${epochNumber(at.epoch)}.json`)
      await hiddenDisk.makeFolder(dirname(number))
      if ((await hiddenFiles.claim(number, bytes)) === 'taken') {
        const theirs = await hiddenDisk.read(number, MAX_RELEASE_BYTES)
        if (theirs === undefined) return 'taken'
        await complete(namespace, { at: positionOf(decodeRelease(theirs).release), bytes: theirs, changedMs })
        await hiddenFiles.discard(number)
        return sameBytes(theirs, bytes) ? 'linked' : 'taken'
      }
      // The number may have been taken, used and given up between our look at the log and now.
      const epochs = await log.epochs(namespace)
      const lost = epochs.some(epoch => epoch !== at.epoch && epochNumber(epoch) >= epochNumber(at.epoch))
      const outcome = lost ? 'taken' : await complete(namespace, { at, bytes, changedMs })
      await hiddenFiles.discard(number)
      return outcome
    },
  }
}

interface First {
  readonly at: Position
  readonly bytes: Uint8Array
  readonly changedMs: number
}
