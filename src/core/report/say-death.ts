import type { PreviousLife } from '../../contracts/report.js'

/**
 * That the instance before a client's newest one ended abruptly, and on what, for people.
 *
 * ```ts
 * sayDeath({ instanceId: 'i1', digest: '207dd4cb856f…', end: 'abrupt', ranMs: 33 })
 * // the one before it ended abruptly on 207dd4cb856f
 * ```
 */
export function sayDeath({ digest = '' }: PreviousLife): string {
  return `the one before it ended abruptly on ${digest.slice(0, 12)}`
}
