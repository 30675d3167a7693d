import { createBucket, type Bucket } from '../async/bucket.js'
import type { Clock } from '../contracts/system.js'
import { REPORTS_A_SECOND, REPORTS_AT_ONCE } from '../core/limits.js'

/** How much each address may bring in a time. */
export interface Allowance {
  /**
   * How long an address has to wait before it brings anything, in milliseconds; 0 while it need
   * not.
   */
  waitMs(address: string): number
  /**
   * Notes that an address brought so much, which may be more than it had left: it owes `burst` at
   * most.
   */
  spend(address: string, amount: number): void
}

/**
 * Of how many addresses it is remembered what they brought; beyond them the one that brought
 * something longest ago is forgotten.
 */
const MAX_ACCOUNTS = 10_000

/**
 * What an address may bring of reports without a token.
 *
 * ```ts
 * const allowance = reportAllowance(clock)
 * ```
 */
export function reportAllowance(clock: Clock): Allowance {
  return createAllowance({ clock, perSecond: REPORTS_A_SECOND, burst: REPORTS_AT_ONCE })
}

/**
 * Makes an allowance of `perSecond` for each address, of which `burst` gather while it brings
 * nothing. An address that has gathered all of it is forgotten.
 *
 * ```ts
 * const allowance = createAllowance({ clock, perSecond: 500, burst: 10_000 })
 * if (allowance.waitMs(address) === 0) allowance.spend(address, reports.length)
 * ```
 */
export function createAllowance({
  clock,
  perSecond,
  burst,
}: {
  readonly clock: Clock
  readonly perSecond: number
  readonly burst: number
}): Allowance {
  /** The one that spent something longest ago first. */
  const buckets = new Map<string, Bucket>()

  const forget = (): void => {
    for (const [address, { left }] of buckets) {
      if (buckets.size <= MAX_ACCOUNTS && left < burst) return
      buckets.delete(address)
    }
  }

  return {
    waitMs: address => buckets.get(address)?.waitMs ?? 0,
    spend(address, amount) {
      const bucket = buckets.get(address) ?? createBucket({ clock, perSecond, burst })
      bucket.spend(amount)
      buckets.delete(address)
      buckets.set(address, bucket)
      forget()
    },
  }
}
