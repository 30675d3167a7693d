import type { Random } from '../contracts/system.js'

/**
 * A length of time, more or less: uniform within the share on both sides, so that what begins
 * together does not stay in step.
 *
 * ```ts
 * jitter(30_000, 0.1, random) // 27,000 to 33,000
 * ```
 */
export function jitter(lengthMs: number, share: number, random: Random): number {
  return lengthMs * (1 + share * (2 * random.number() - 1))
}

/**
 * A client's own place in an interval, in milliseconds from 0 up to `intervalMs`: evenly spread
 * over all names, and the same each time. It spreads out a fleet that starts together.
 *
 * ```ts
 * const firstPollMs = phaseOf(identity.clientId, 30_000)
 * ```
 */
export function phaseOf(name: string, intervalMs: number): number {
  return (hash(name) / 2 ** 32) * intervalMs
}

/**
 * FNV-1a over UTF-16 code units, finished as murmur3 does, since FNV's high bits alone are poor for
 * short names.
 */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
