import type { NoticeboardError } from '../../contracts/errors.js'
import type { Logger } from '../../contracts/system.js'
import type { FileStore } from '../../node/index.js'
import { asError } from '../exit.js'

/** How many namespaces are read at the start to see whether the board can be read. */
const TRIED_NAMESPACES = 8

/**
 * Tries the disk before anybody is told that it is served. What cannot be read is thrown. A board
 * that can be read and not written is served all the same, since most of a fleet reads, and said in
 * a line of its own.
 */
export async function tryBoard(
  store: FileStore,
  {
    readOnly,
    logger,
    signal,
  }: { readonly readOnly: boolean; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  let refused: NoticeboardError | undefined
  if (!readOnly)
    await store.open().catch((error: unknown) => {
      refused = asError(error)
      if (refused.code !== 'unavailable') throw refused
    })
  const namespaces = (await store.namespaces(signal)).slice(0, TRIED_NAMESPACES)
  const reads = await Promise.allSettled(namespaces.map(namespace => store.latest({ namespace }, signal)))
  const failed = reads.filter(read => read.status === 'rejected')
  if (failed.length > 0 && failed.length === reads.length) throw failed[0]?.reason
  for (const { reason } of failed) logger.error(asError(reason).message)
  if (refused !== undefined) logger.error(`nothing can be published here: ${refused.message}`)
}
