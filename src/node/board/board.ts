import type { Clock, Hasher, Fs, Logger, Random } from '../../contracts/system.js'
import { boardFiles, type BoardFiles } from './files.js'
import { boardPaths, type BoardPaths } from './paths.js'
import { nodeFs, otherOwner } from '../disk/node-fs.js'
import type { ProcessTag } from '../disk/process-tag.js'

/** What everything that works on one board shares. */
export interface Board {
  /** For what is served. */
  readonly fs: Fs
  /** For what is not served: the same disk, with modes that keep others out. */
  readonly hiddenFs: Fs
  readonly files: BoardFiles
  readonly hiddenFiles: BoardFiles
  readonly paths: BoardPaths
  readonly clock: Clock
  readonly random: Random
  readonly hasher: Hasher
  readonly owner: ProcessTag
  readonly logger: Logger | undefined
  /**
   * Whose the board is, if this process writes to it as somebody else; nothing is known of that on
   * a disk of a test.
   */
  readonly strangersBoard: () => Promise<{ readonly uid: number; readonly ownUid: number } | undefined>
}

export interface BoardOptions {
  /** Stands for both disks. */
  readonly fs: Fs | undefined
  readonly clock: Clock
  readonly random: Random
  readonly hasher: Hasher
  readonly owner: ProcessTag
  readonly logger: Logger | undefined
}

/** A board in a folder, whose path is absolute. */
export function createBoard(folder: string, { fs, ...given }: BoardOptions): Board {
  const paths = boardPaths(folder)
  // Also where root writes what another user's server is to read and to go on with.
  const ownedAs = paths.published
  const open = fs ?? nodeFs({ fileMode: 0o644, folderMode: 0o755, symbolicLinks: 'follow', ownedAs })
  const hidden = fs ?? nodeFs({ ownedAs })
  const filesOn = (on: Fs): BoardFiles =>
    boardFiles({
      fs: on,
      random: given.random,
      temporary: paths.temporary,
      async makeTemporary() {
        await hidden.makeFolder(paths.temporary)
        await hidden.makeFolder(paths.notes)
      },
      tag: given.owner.tag,
    })
  return {
    ...given,
    paths,
    fs: open,
    hiddenFs: hidden,
    strangersBoard: async () => (fs === undefined ? otherOwner(paths.published) : undefined),
    files: filesOn(open),
    hiddenFiles: filesOn(hidden),
  }
}
