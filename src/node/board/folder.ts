import { join } from 'node:path'
import { NoticeboardError } from '../../contracts/errors.js'
import { encodeText } from '../../core/json/text.js'
import type { Board } from './board.js'
import { writerOf } from './files.js'
import type { BoardReserve } from './reserve.js'
import { inWords, isDiskFull, systemErrorCode, takesNoLinks } from '../disk/system-error.js'
import { ABANDONED_MS } from '../../core/limits.js'

/**
 * Makes a folder ready to be written to: its own folders, old temporary files removed, links tried,
 * the reserve kept.
 */
export async function openBoardFolder(board: Board, reserve: BoardReserve): Promise<void> {
  const { fs, hiddenFs, paths, logger } = board
  try {
    const stranger = await board.strangersBoard()
    if (stranger !== undefined)
      logger?.warn(
        `the board in ${paths.root} belongs to user ${stranger.uid}, and this process writes to it as user ${stranger.ownUid}: a server of the owner may be kept out of what is written now; run as the owner`,
      )
    // In this order, so that the folder itself gets the mode of what is served.
    await fs.makeFolder(paths.published)
    await hiddenFs.makeFolder(paths.temporary)
    await hiddenFs.makeFolder(paths.notes)
  } catch (error) {
    throw inWords(error, `use ${paths.root} as a board`)
  }
  await removeOld(board)
  await tryLink(board)
  if (!(await reserve.keep())) {
    logger?.warn(
      'there is no room for the reserve that lets a rollback be written to a full disk; free some space',
      { folder: paths.root },
    )
  }
}

async function removeOld({ hiddenFs, clock, paths, owner }: Board): Promise<void> {
  for (const name of await hiddenFs.list(paths.temporary)) {
    const writer = writerOf(name)
    if (writer === undefined || writer === owner.tag) continue
    const path = join(paths.temporary, name)
    const stat = await hiddenFs.stat(path)
    if (stat === undefined) continue
    if (owner.isGone(writer) || clock.now() - stat.changedMs > ABANDONED_MS) await hiddenFs.remove(path)
  }
}

/**
 * Two processes can only be kept from writing one position by a file system that links; said now
 * and not at the first publish.
 */
async function tryLink({ hiddenFs, paths, hiddenFiles }: Board): Promise<void> {
  let file: string
  try {
    file = await hiddenFiles.temporary(encodeText('link'), 'trial')
  } catch (error) {
    // A full disk must not keep a rollback from the reserve; whether links work shows at the
    // release itself.
    if (isDiskFull(error)) return
    throw inWords(error, `write to the board in ${paths.root}`)
  }
  const second = file.replace(/trial$/, 'second')
  try {
    await hiddenFs.link(file, second)
  } catch (error) {
    if (isDiskFull(error)) return
    if (!takesNoLinks(error)) throw inWords(error, `link a file on the board in ${paths.root}`)
    throw new NoticeboardError(
      'unsupported',
      `the file system of ${paths.root} does not take hard links (${systemErrorCode(error)}), without which two publishers could overwrite each other; put the board on a file system that does (ext4, xfs, btrfs, tmpfs, apfs, ntfs, nfs)`,
      { cause: error },
    )
  } finally {
    await hiddenFiles.discard(second)
    await hiddenFiles.discard(file)
  }
}
