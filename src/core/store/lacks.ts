import type { Digest } from '../../contracts/names.js'

/**
 * What is the case with a board that cannot give a document which clients should run, and the ways
 * out, in one line.
 *
 * ```ts
 * logger.error(sayLacks(digest), { namespace })
 * ```
 */
export function sayLacks(digest: Digest): string {
  return `the board has no whole copy of the snapshot ${digest.slice(0, 12)}… which its newest release names, so new clients start without it; publish the same document once more, or copy ${digest.slice(0, 12)}….json from the state folder of a client that runs it to snapshots/ of the board`
}
