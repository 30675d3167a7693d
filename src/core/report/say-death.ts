import type { PreviousLife } from '../../contracts/report.js'

/**
 * That the process before a client's newest one died, what that had applied, and how long it ran
 * that at least, for people. One that ran it for no time died before it had applied it.
 *
 * ```ts
 * sayDeath({ digest: '207dd4cb856f…', ranMs: 2_100 })
 * // the process before this one died at least 2.1 s after it applied 207dd4cb856f
 * ```
 */
export function sayDeath({
  digest = '',
  ranMs,
}: Pick<PreviousLife, 'digest'> & { readonly ranMs?: number | undefined }): string {
  const what = digest.slice(0, 12)
  if (ranMs === undefined) return `the process before this one died after it applied ${what}`
  if (ranMs === 0) return `the process before this one died while it tried ${what}`
  return `the process before this one died at least ${sayRan(ranMs)} after it applied ${what}`
}

/**
 * How long something ran at least, for people: never rounded up.
 *
 * ```ts
 * sayRan(2_190) // 2.1 s
 * ```
 */
export function sayRan(ms: number): string {
  if (ms < 1_000) return `${ms} ms`
  if (ms < 120_000) return `${Math.floor(ms / 100) / 10} s`
  return `${Math.floor(ms / 60_000)} min`
}
