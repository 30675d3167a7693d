import type { Arguments } from './arguments.js'
import { usageError } from './exit.js'
import { msOf } from './quantities.js'
import { shortTime } from './references.js'

/**
 * A date, a time of day and a zone, as `date -Is`, `date --rfc-3339=s` and `date +%FT%T%z` print
 * them; without a zone it would be another instant on each machine.
 */
const WRITTEN = /^(\d{4}-\d{2}-\d{2})[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,3})?)?(?:Z|([+-]\d{2}):?(\d{2})?)$/

const FROM_NOW = /^\+(\d{1,6}(?:s|min|h|d))$/

/**
 * A time to come as people write it: with its zone, or as a distance from now. Throws a usage
 * error, also for a time that is past.
 *
 * ```ts
 * readInstant(args, 'activate-at', clock.now()) // of 2026-11-21T10:30:00+01:00, or +10min
 * ```
 */
export function readInstant(args: Arguments, name: string, nowMs: number): Date | undefined {
  const written = args.text(name)
  if (written === undefined) return undefined
  const ms = instantOf(written, nowMs)
  if (ms === undefined)
    throw usageError(
      `--${name} must be a time with its zone, such as 2026-11-21T09:30:00Z or 2026-11-21T10:30:00+01:00, or a distance such as +10min`,
    )
  if (ms < nowMs)
    throw usageError(
      `--${name} is in the past: ${sayInstant(new Date(ms).toISOString(), nowMs)}; drop it to switch at once`,
    )
  return new Date(ms)
}

function instantOf(written: string, nowMs: number): number | undefined {
  const [, distance = ''] = FROM_NOW.exec(written) ?? []
  const distanceMs = msOf(distance)
  if (distanceMs !== undefined) return nowMs + distanceMs
  const [, date, minutes, seconds = ':00', zoneHours, zoneMinutes = '00'] = WRITTEN.exec(written) ?? []
  if (date === undefined) return undefined
  const zone = zoneHours === undefined ? 'Z' : `${zoneHours}:${zoneMinutes}`
  const ms = Date.parse(`${date}T${minutes}${seconds}${zone}`)
  // A day or an hour that there is not is moved to one that there is.
  const plain = Date.parse(`${date}T${minutes}${seconds}Z`)
  const isReal = !Number.isNaN(ms) && new Date(plain).toISOString().startsWith(`${date}T${minutes}`)
  return isReal ? ms : undefined
}

/**
 * A time with its distance, for people.
 *
 * ```ts
 * sayInstant('2026-11-21T09:30:00.000Z', nowMs) // 2026-11-21 09:30:00Z, in 12 min 4 s
 * ```
 */
export function sayInstant(instant: string, nowMs: number): string {
  const ms = Date.parse(instant) - nowMs
  return `${shortTime(instant)}, ${ms < 0 ? `${sayLength(-ms)} ago` : `in ${sayLength(ms)}`}`
}

/**
 * When a document comes into force for whom, for people.
 *
 * ```ts
 * sayActivation('2026-11-21T09:30:00.000Z', { isStaged: false, nowMs }) // clients switch together at …
 * ```
 */
export function sayActivation(
  activateAt: string,
  { isStaged, nowMs }: { readonly isStaged: boolean; readonly nowMs: number },
): string {
  return `${isStaged ? 'the last stage switches' : 'clients switch'} together at ${sayInstant(activateAt, nowMs)}`
}

const STEPS = [
  ['d', 86_400],
  ['h', 3_600],
  ['min', 60],
  ['s', 1],
] as const

/**
 * A length of time in its two largest units, for people.
 *
 * ```ts
 * sayLength(7_500_000) // 2 h 5 min
 * ```
 */
export function sayLength(ms: number): string {
  let left = Math.round(ms / 1000)
  const parts: string[] = []
  for (const [unit, seconds] of STEPS) {
    const count = Math.floor(left / seconds)
    left -= count * seconds
    if (count > 0 || (parts.length === 0 && unit === 's')) parts.push(`${count} ${unit}`)
    else if (parts.length > 0) break
    if (parts.length === 2) break
  }
  return parts.join(' ')
}

/**
 * A range of lengths for people; two that read alike are one.
 *
 * ```ts
 * sayRange(7_100, 68_000) // 7 s to 1 min 8 s
 * ```
 */
export function sayRange(leastMs: number, mostMs: number): string {
  const [least, most] = [sayLength(leastMs), sayLength(mostMs)]
  return least === most ? least : `${least} to ${most}`
}
