import type { Random } from '../contracts/system.js'

/**
 * Where in an interval a client has its place: evenly spread over all names, and the same each time. A fleet that
 * starts together is spread out by it.
 */
export function phaseOf(name: string, intervalMs: number): number {
  return (hash(name) / 2 ** 32) * intervalMs
}

/** The length, give or take: uniform within the share on both sides. `jitter(30_000, 0.1, random)` is 27 to 33 seconds. */
export function jitter(lengthMs: number, share: number, random: Random): number {
  return lengthMs * (1 + share * (2 * random.number() - 1))
}

/** FNV-1a over UTF-16 code units, finished as murmur3 does, since FNV's high bits alone are poor for short names. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let index = 0; index < text.length; index += 1) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193)
  }
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b)
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35)
  return (value ^ (value >>> 16)) >>> 0
}
