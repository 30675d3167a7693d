import type { Clock, Hasher, Fs, Logger, Random } from '../../contracts/system.js'
import { boardFiles, type BoardFiles } from './files.js'
import { boardPaths, type BoardPaths } from './paths.js'
import { nodeFs } from '../disk/node-fs.js'
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
  const open = fs ?? nodeFs({ fileMode: 0o644, folderMode: 0o755, symbolicLinks: 'follow' })
  const hidden = fs ?? nodeFs()
  const filesOn = (on: Fs): BoardFiles =>
    boardFiles({
      fs: on,
      random: given.random,
      temporary: paths.temporary,
      makeTemporary: () => hidden.makeFolder(paths.temporary),
      tag: given.owner.tag,
    })
  return {
    ...given,
    paths,
    fs: open,
    hiddenFs: hidden,
    files: filesOn(open),
    hiddenFiles: filesOn(hidden),
  }
}
