import { isNoticeboardError } from '../../contracts/errors.js'
import type { Board } from './board.js'
import { isForbidden } from '../disk/system-error.js'

/** Whether what this process writes to a board is refused for want of a permission. */
export interface BoardWriting {
  /** Does what writes, and remembers how it ended. */
  watch<Result>(write: () => Promise<Result>): Promise<Result>
  /**
   * Whether a write was refused, and is still: the file system is read-only, or the folder belongs
   * to somebody else. False before the first write.
   */
  isRefused(): Promise<boolean>
}

/**
 * Remembers how the last write to a board ended. Whoever only reads finds out nothing: a reader
 * without the permission is no fault.
 */
export function boardWriting({ hiddenFiles }: Pick<Board, 'hiddenFiles'>): BoardWriting {
  let refused = false
  return {
    async watch(write) {
      try {
        const result = await write()
        refused = false
        return result
      } catch (error) {
        const cause = isNoticeboardError(error) ? error.cause : error
        if (isForbidden(cause)) refused = true
        throw error
      }
    },
    async isRefused() {
      if (!refused) return false
      try {
        // Somebody may have mended it since.
        await hiddenFiles.discard(await hiddenFiles.temporary(new Uint8Array(), 'trial'))
        refused = false
      } catch (error) {
        refused = isForbidden(error)
      }
      return refused
    },
  }
}
