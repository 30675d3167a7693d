import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Random } from '../../contracts/system.js'
import type { Board } from './board.js'
import { isDiskFull, systemErrorCode } from '../disk/system-error.js'
import { RESERVE_BYTES } from '../../core/limits.js'

/** Room that is kept so that a rollback can be written to a full disk. */
export interface BoardReserve {
  /** Makes the reserve if it is missing; false when there is no room for it. */
  keep(): Promise<boolean>
  /**
   * Runs work; when the disk is full gives up the reserve and runs it once more. Throws
   * `unavailable` where the reserve is spent and the disk still full.
   */
  use<Result>(work: () => Promise<Result>): Promise<Result>
}

export function boardReserve({ hiddenFs: fs, random, paths: { reserve: path } }: Board): BoardReserve {
  return {
    async keep() {
      const found = await fs.stat(path)
      if (found?.bytes === RESERVE_BYTES) return true
      const bytes = incompressible(random)
      try {
        if (found !== undefined) await fs.remove(path)
        await fs.create(path, bytes)
        return true
      } catch (error) {
        // Another process made it in the meantime.
        if (systemErrorCode(error) === 'EEXIST') return true
        if (isDiskFull(error)) return false
        throw error
      }
    },

    async use(work) {
      try {
        return await work()
      } catch (error) {
        if (!isDiskFull(error)) throw error
        if ((await fs.stat(path)) === undefined) throw spent(error)
        await fs.remove(path)
        return work().catch((again: unknown) => {
          throw isDiskFull(again) ? spent(again) : again
        })
      }
    },
  }
}

function spent(error: unknown): NoticeboardError {
  const cause = isNoticeboardError(error) ? error.cause : error
  return new NoticeboardError(
    'unavailable',
    `the disk is full and the reserve of the board is spent; free some space and repeat (${systemErrorCode(cause)})`,
    { cause },
  )
}

/** Bytes without a pattern: zeros would take no room on a file system that compresses. */
function incompressible(random: Random): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(RESERVE_BYTES / 4)
  // xorshift (Marsaglia, 2003), which must not begin with 0.
  let word = new DataView(random.bytes(4).slice().buffer).getUint32(0) || 1
  for (let at = 0; at < words.length; at += 1) {
    word ^= word << 13
    word ^= word >>> 17
    word ^= word << 5
    words[at] = word
  }
  return new Uint8Array(words.buffer)
}
