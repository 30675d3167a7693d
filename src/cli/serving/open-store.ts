import { fileStore, type FileStore } from '../../node/index.js'
import { assertBoard } from '../boards.js'
import type { CommandContext } from '../command.js'
import type { ServePlan } from './plan.js'
import { tryBoard } from './try-board.js'

/**
 * Opens the board of a plan, works with it and closes it. Throws as {@link tryBoard} does, and
 * `not-found` where there is no board.
 */
export async function withServedStore<T>(
  { io }: Pick<CommandContext, 'io'>,
  { folder, create, readOnly, options: { system, logger } }: ServePlan,
  work: (store: FileStore) => Promise<T>,
): Promise<T> {
  if (!create) await assertBoard(folder)
  const store = fileStore(folder, { ...(system !== undefined && { system }), logger })
  try {
    await tryBoard(store, { readOnly, logger, signal: io.signal })
    return await work(store)
  } finally {
    await store.close()
  }
}
