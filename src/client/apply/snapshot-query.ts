import type { Digest } from '../../contracts/names.js'
import type { InlineSnapshot, Transport } from '../../contracts/transport.js'

/** Which snapshot is wanted, and where it may come from. */
export interface SnapshotQuery {
  readonly digest: Digest
  readonly bytes: number
  readonly inline: readonly InlineSnapshot[]
  /** Where to fetch it; undefined while there is only the disk to ask. */
  readonly from: Transport | undefined
  /** The snapshot that runs, for transports that send differences. */
  readonly have: Digest | undefined
  /** Over how many milliseconds the fleet spreads its fetches. */
  readonly spreadMs: number
  /** Whether there are others that do as well, so that one that nobody has is not waited for. */
  readonly isFallback?: boolean
}
