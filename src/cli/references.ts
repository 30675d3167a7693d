import { parsePosition } from '../contracts/position.js'
import type { ReleaseRef } from '../publisher/index.js'
import { usageError } from './exit.js'

/**
 * What `current`, `7`, `1-9f3a01bc:9` or the first 8 digits of a digest name. Digits alone are a
 * version.
 */
export function parseReference(text: string): ReleaseRef {
  if (text === 'current') return text
  if (/^[0-9]{1,15}$/.test(text)) return Number(text)
  if (/^[0-9a-f]{8,64}$/.test(text)) return text
  if (text.includes(':')) return parsePosition(text)
  throw usageError(
    'name a version (7), a position (1-9f3a01bc:9), the first 8 digits of a digest, or "current"',
  )
}

/** Twelve digits tell snapshots apart well enough for people. */
export function shortDigest(digest: string): string {
  return digest.slice(0, 12)
}

/** `2026-11-21 09:30:00Z`. */
export function shortTime(instant: string): string {
  return `${instant.slice(0, 19).replace('T', ' ')}Z`
}
