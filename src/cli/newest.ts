import { NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import type { SignedRelease } from '../core/release/release.js'
import { readNewest } from '../publisher/read-head.js'
import { readSystem } from '../system/system.js'
import { CLI_RETRIES, type OpenBoard } from './boards.js'
import type { Io } from './io.js'

/** Which namespace of which board is read. */
export interface NewestQuery {
  readonly io: Pick<Io, 'system' | 'signal'>
  readonly store: OpenBoard['store']
  readonly namespace: Namespace
}

/**
 * The newest release of a namespace, for a command that is nothing without one. Throws `not-found` where
 * there is none.
 *
 * ```ts
 * const { release } = await newestFor('get', { io, store, namespace })
 * ```
 */
export async function newestFor(
  command: string,
  { io, store, namespace }: NewestQuery,
): Promise<SignedRelease> {
  const { clock, random } = readSystem(command, io.system)
  const reading = { store, namespace, clock, random, retries: CLI_RETRIES }
  const newest = await readNewest(reading, io.signal)
  if (newest !== undefined) return newest
  throw new NoticeboardError(
    'not-found',
    `nothing was published in ${namespace}, or it is not for you to read: check the name and the address`,
  )
}
