import type { Clock, Crypto, Disk, Logger, Random } from '../contracts/ports.js'
import { boardFiles, type BoardFiles } from './board-files.js'
import { boardPaths, type BoardPaths } from './board-paths.js'
import { nodeDisk } from './disk-port.js'
import type { ProcessTag } from './process-tag.js'

/** What everything that works on one board shares. */
export interface Board {
  /** For what is served. */
  readonly disk: Disk
  /** For what is not served: the same disk, with modes that keep others out. */
  readonly hiddenDisk: Disk
  readonly files: BoardFiles
  readonly hiddenFiles: BoardFiles
  readonly paths: BoardPaths
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly owner: ProcessTag
  readonly logger: Logger | undefined
}

export interface BoardOptions {
  /** Stands for both disks. */
  readonly disk: Disk | undefined
  readonly clock: Clock
  readonly random: Random
  readonly crypto: Crypto
  readonly owner: ProcessTag
  readonly logger: Logger | undefined
}

/** A board in a folder, whose path is absolute. */
export function createBoard(folder: string, { disk, ...ports }: BoardOptions): Board {
  const paths = boardPaths(folder)
  const open = disk ?? nodeDisk({ fileMode: 0o644, folderMode: 0o755, symbolicLinks: 'follow' })
  const hidden = disk ?? nodeDisk()
  const filesOn = (on: Disk): BoardFiles =>
    boardFiles({
      disk: on,
      random: ports.random,
      temporary: paths.temporary,
      makeTemporary: () => hidden.makeFolder(paths.temporary),
      tag: ports.owner.tag,
    })
  return {
    ...ports,
    paths,
    disk: open,
    hiddenDisk: hidden,
    files: filesOn(open),
    hiddenFiles: filesOn(hidden),
  }
}
