import { isNoticeboardError } from '../../contracts/errors.js'
import { isForbidden } from '../disk/system-error.js'

/** Whether what this process writes to a board is refused for want of a permission. */
export interface BoardWriting {
  /** Does what writes, and remembers how it ended. */
  watch<Result>(write: () => Promise<Result>): Promise<Result>
  /**
   * Whether the last write was refused: the file system is read-only, or the folder belongs to
   * somebody else. False before the first.
   */
  readonly isRefused: boolean
}

/**
 * Remembers how the last write to a board ended. Whoever only reads finds out nothing: a reader
 * without the permission is no fault.
 */
export function boardWriting(): BoardWriting {
  let isRefused = false
  return {
    async watch(write) {
      try {
        const result = await write()
        isRefused = false
        return result
      } catch (error) {
        const cause = isNoticeboardError(error) ? error.cause : error
        if (isForbidden(cause)) isRefused = true
        throw error
      }
    },
    get isRefused() {
      return isRefused
    },
  }
}
