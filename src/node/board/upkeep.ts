import type { Namespace } from '../../contracts/names.js'
import type { Board } from './board.js'
import type { BoardAudit } from './audit.js'
import type { BoardLacking } from './lacking.js'
import type { BoardOpening } from './opening.js'
import type { BoardPointer } from './pointer.js'
import type { BoardReserve } from './reserve.js'
import { forLog, isForbidden } from '../disk/system-error.js'

/**
 * What keeps a board in order beside its log. None of it throws: the log is what counts, and the
 * next time repairs the rest.
 */
export interface BoardUpkeep {
  /**
   * Brings what follows the log back in step with it. Only where the private half is: a mirror in
   * the middle of a copy looks as if it needed repair. Readers without the permission leave it to
   * those who write.
   */
  repair(namespace: Namespace): Promise<void>
  /** After an append. */
  follow(namespace: Namespace): Promise<void>
  /**
   * Whether something could not be put in order, and may be now, so that a repair should not wait
   * for the next sweep.
   */
  isBehind(namespace: Namespace): boolean
  /** Makes the reserve again that an urgent release gave up, when there is room. */
  restock(): Promise<void>
}

export interface UpkeepParts {
  readonly audit: BoardAudit
  readonly opening: BoardOpening
  readonly lacking: BoardLacking
  readonly pointer: BoardPointer
  readonly reserve: BoardReserve
}

export function boardUpkeep(
  { hiddenFs, paths, logger }: Board,
  { audit, opening, lacking, pointer, reserve }: UpkeepParts,
): BoardUpkeep {
  const behind = new Set<Namespace>()

  const movePointer = async (namespace: Namespace): Promise<void> => {
    if (await pointer.repair(namespace)) behind.delete(namespace)
    else behind.add(namespace)
  }

  return {
    isBehind: namespace => behind.has(namespace),

    async repair(namespace) {
      try {
        if ((await hiddenFs.stat(paths.temporary)) === undefined) return
        await opening.finish(namespace)
        await movePointer(namespace)
        await audit.repair(namespace)
        // Nobody can repair that from here, but it is told.
        await lacking.of(namespace)
      } catch (error) {
        // A full or broken disk gets well again; a permission that is missing is somebody else's to
        // use.
        if (!isForbidden(error)) behind.add(namespace)
        logger?.debug('the board could not be repaired from here', {
          namespace,
          ...forLog(error, 'repair the board'),
        })
      }
    },

    async follow(namespace) {
      try {
        await movePointer(namespace)
      } catch (error) {
        behind.add(namespace)
        logger?.warn('the release is in the log, but the pointer to it could not be moved yet', {
          namespace,
          ...forLog(error, 'write release.json'),
        })
      }
    },

    async restock() {
      try {
        if (await reserve.keep()) return
        logger?.warn('there is no room for the reserve of the board; free some space', { folder: paths.root })
      } catch (error) {
        logger?.warn('the reserve of the board is missing', {
          folder: paths.root,
          ...forLog(error, 'keep the reserve of the board'),
        })
      }
    },
  }
}
