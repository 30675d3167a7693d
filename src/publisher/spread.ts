import { NoticeboardError } from '../contracts/errors.js'
import type { HeardReports } from '../contracts/report.js'
import { MAX_SPREAD_MS } from '../core/limits.js'
import type { Arm, Release } from '../core/release/release.js'
import { isLive, summarizeFleet } from '../fleet/summary.js'

/**
 * Over how long clients spread their fetches: a time, or what the way to them may carry. Neither is 0.
 */
export interface Spreading {
  /** Clients spread their fetches over this many milliseconds, 3,600,000 at most. Default 0. */
  readonly spreadMs?: number
  /**
   * In place of `spreadMs`: how many bytes a second the way to the clients may carry. The spread
   * follows from the size of the document and the number of live instances, an hour at most.
   */
  readonly bytesPerSecond?: number
}

/** A spread in milliseconds; `notes` are for people. */
export interface Spread {
  readonly spreadMs: number | undefined
  readonly notes: readonly string[]
}

/**
 * Throws `invalid-option` for a spread that makes no sense.
 *
 * ```ts
 * assertSpreading({ bytesPerSecond: 12_500_000 })
 * ```
 */
export function assertSpreading({ spreadMs, bytesPerSecond }: Spreading): void {
  const refuse = (problem: string): never => {
    throw new NoticeboardError('invalid-option', problem)
  }
  if (spreadMs !== undefined && !(Number.isInteger(spreadMs) && spreadMs >= 0 && spreadMs <= MAX_SPREAD_MS))
    refuse('spreadMs must be a whole number of milliseconds from 0 to 3600000')
  if (bytesPerSecond === undefined) return
  if (!(Number.isSafeInteger(bytesPerSecond) && bytesPerSecond > 0))
    refuse('bytesPerSecond must be a whole number of bytes from 1')
  if (spreadMs !== undefined) refuse('spreadMs and bytesPerSecond exclude each other; drop one')
}

/**
 * The spread that was asked for. By bandwidth it is what it takes until every live instance has
 * fetched the document, of several variants the largest.
 *
 * ```ts
 * const { spreadMs, notes } = spreadFor({ bytesPerSecond: 1_000_000 }, { variants, heard, newest })
 * ```
 */
export function spreadFor(
  { spreadMs, bytesPerSecond }: Spreading,
  {
    variants,
    heard,
    newest,
  }: {
    readonly variants: Arm['variants']
    readonly heard: HeardReports | undefined
    readonly newest: Release | undefined
  },
): Spread {
  if (bytesPerSecond === undefined) return { spreadMs, notes: [] }
  const fleet = heard === undefined ? undefined : summarizeFleet(heard, newest)
  if (fleet?.type !== 'known')
    return {
      spreadMs: undefined,
      notes: ['no client reports here, so it is unknown how many fetch the document, and nothing is spread'],
    }
  const instances = fleet.members.filter(isLive).length
  const bytes = Math.max(...variants.map(variant => variant.bytes))
  const neededMs = Math.ceil((1_000 * instances * bytes) / bytesPerSecond)
  const most = neededMs > MAX_SPREAD_MS ? ', the most there is' : ''
  const spread = Math.min(neededMs, MAX_SPREAD_MS)
  return {
    spreadMs: spread,
    notes: [
      `${instances} live instances fetch ${bytes} bytes each, spread over ${(spread / 1_000).toFixed(1)} s${most}`,
    ],
  }
}
