import type { Deltas } from '../contracts/deltas.js'
import { NoticeboardError } from '../contracts/errors.js'

/**
 * The option `deltas` of a client, a store or a server: the given ones, the default for nothing,
 * none for false. `who` begins the message: `createClient()`. Throws `invalid-option`.
 */
export function readDeltas(
  who: string,
  given: Deltas | false | undefined,
  byDefault: Deltas | undefined,
): Deltas | undefined {
  if (given === undefined) return byDefault
  if (given === false) return undefined
  if (typeof given === 'object' && typeof given?.codec === 'function') return given
  throw new NoticeboardError(
    'invalid-option',
    `${who}: deltas must be false, or what zstdDeltas() of noticeboard/deltas returns`,
  )
}
