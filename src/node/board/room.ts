import type { BoardRoom } from '../../contracts/report.js'
import { MAX_SNAPSHOT_BYTES, RESERVE_BYTES } from '../../core/limits.js'
import type { Board } from './board.js'

/**
 * What the disk of a board has left, where that is too little; undefined where it has room, where
 * nobody writes (a mirror), and where the disk does not say.
 *
 * ```ts
 * await boardRoom(board) // 'none' on a full disk whose reserve is spent
 * ```
 */
export async function boardRoom({
  hiddenFs: fs,
  paths,
}: Pick<Board, 'hiddenFs' | 'paths'>): Promise<BoardRoom | undefined> {
  try {
    // A mirror has no such folder.
    const free = await fs.freeBytes?.(paths.temporary)
    if (free === undefined || free >= RESERVE_BYTES) return undefined
    const reserve = await fs.stat(paths.reserve)
    if (reserve?.bytes !== RESERVE_BYTES) return 'none'
    return free < MAX_SNAPSHOT_BYTES ? 'reserve' : undefined
  } catch {
    // The private half is for those who write, and some file systems do not tell their size: a look
    // that fails must not keep reports from anybody.
    return undefined
  }
}
