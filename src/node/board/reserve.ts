import type { Board } from './board.js'
import { isDiskFull, systemErrorCode } from '../disk/system-error.js'
import { RESERVE_BYTES } from '../../core/limits.js'

const CHUNK_BYTES = 65_536

/** Room that is kept so that a rollback can be written to a full disk. */
export interface BoardReserve {
  /** Makes the reserve if it is missing; false when there is no room for it. */
  keep(): Promise<boolean>
  /** Runs work; when the disk is full gives up the reserve and runs it once more. */
  use<Result>(work: () => Promise<Result>): Promise<Result>
}

export function boardReserve({ hiddenFs: fs, random, paths: { reserve: path } }: Board): BoardReserve {
  return {
    async keep() {
      const found = await fs.stat(path)
      if (found?.bytes === RESERVE_BYTES) return true
      // Zeros would take no room on a file system that compresses.
      const bytes = new Uint8Array(RESERVE_BYTES)
      for (let at = 0; at < RESERVE_BYTES; at += CHUNK_BYTES) bytes.set(random.bytes(CHUNK_BYTES), at)
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
        await fs.remove(path)
        return work()
      }
    },
  }
}
