import type { Clock } from '../contracts/system.js'

/** How much of something may come in a time; see {@link createBucket}. */
export interface Bucket {
  /** What may come now; below zero where more came than might. */
  readonly left: number
  /** Something came, which may be more than was left: as much as the bucket holds may be owed. */
  spend(amount: number): void
  /** How long it is until one may come, in milliseconds; 0 while one may. */
  readonly waitMs: number
}

/**
 * Makes a bucket that is full at first, and that `perSecond` fills up to `burst`.
 *
 * ```ts
 * const bucket = createBucket({ clock, perSecond: 1_000, burst: 10_000 })
 * bucket.spend(lines)
 * if (bucket.left < 0) throw new NoticeboardError('unavailable', 'the stream brings too much')
 * ```
 */
export function createBucket({
  clock,
  perSecond,
  burst,
}: {
  readonly clock: Pick<Clock, 'monotonic'>
  readonly perSecond: number
  readonly burst: number
}): Bucket {
  let kept = burst
  let atMs = clock.monotonic()
  const left = (): number => Math.min(burst, kept + ((clock.monotonic() - atMs) / 1_000) * perSecond)

  return {
    get left() {
      return left()
    },
    spend(amount) {
      kept = Math.max(-burst, left() - amount)
      atMs = clock.monotonic()
    },
    get waitMs() {
      const now = left()
      return now >= 1 ? 0 : Math.ceil(((1 - now) / perSecond) * 1_000)
    },
  }
}
