import { MAX_AUDIT_BYTES } from '../core/limits.js'
import { NoticeboardError } from '../contracts/errors.js'
import type { JsonObject } from '../contracts/json.js'
import type { Digest } from '../contracts/names.js'
import type { Hasher, Random } from '../contracts/system.js'
import { canonicalize } from '../core/json/canonical.js'
import { digestOf, toHex } from '../core/release/digest.js'
import { parseCanonical } from '../core/json/strict-parse.js'
import { encodeText } from '../core/json/text.js'

/** Who changed something and why. Kept beside the log, where readers are not admitted. */
export interface AuditRecord {
  readonly author?: string
  readonly reason: string
}

/**
 * The bytes of an audit record. Throws `invalid-option` without a reason, or with one that is too
 * long. The nonce keeps readers, who know the record's digest, from testing their guesses at author
 * and reason.
 *
 * ```ts
 * const audit = encodeAudit(context, { author: 'ada', reason: 'more load' })
 * ```
 */
export function encodeAudit(
  { random, author: usual }: { readonly random: Random; readonly author: string | undefined },
  { author = usual, reason }: { readonly author?: string | undefined; readonly reason?: unknown },
): Uint8Array<ArrayBuffer> {
  if (typeof reason !== 'string' || reason.trim() === '') {
    throw new NoticeboardError(
      'invalid-option',
      'a reason is missing: pass { reason: "why" }, for the readers of the history',
    )
  }
  const bytes = encodeText(canonicalize({ v: 1, nonce: toHex(random.bytes(16)), author, reason }))
  if (bytes.length > MAX_AUDIT_BYTES) {
    throw new NoticeboardError(
      'invalid-option',
      `author and reason take ${bytes.length} bytes; ${MAX_AUDIT_BYTES} are allowed`,
    )
  }
  return bytes
}

/**
 * What an audit record says; undefined when there is none, or when it is not the one that the
 * release names.
 *
 * ```ts
 * const record = decodeAudit(hasher, entry.audit, release.audit)
 * ```
 */
export function decodeAudit(
  hasher: Hasher,
  bytes: Uint8Array | undefined,
  expected: Digest | undefined,
): AuditRecord | undefined {
  if (bytes === undefined || expected === undefined || digestOf(hasher, bytes) !== expected) return undefined
  const record = parseCanonical(bytes, { what: 'the audit record', maxBytes: MAX_AUDIT_BYTES }) as JsonObject
  const { author, reason } = record
  if (typeof reason !== 'string') return undefined
  return { ...(typeof author === 'string' && { author }), reason }
}
