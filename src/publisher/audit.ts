import { MAX_AUDIT_BYTES, MAX_REASON_BYTES } from '../core/limits.js'
import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Json, JsonObject } from '../contracts/json.js'
import type { Digest } from '../contracts/names.js'
import type { Hasher, Random } from '../contracts/system.js'
import { canonicalize } from '../core/json/canonical.js'
import { digestOf, toHex } from '../core/release/digest.js'
import { readStepEvidence, type StepEvidence } from '../core/release/step-evidence.js'
import { shapeOf } from '../core/json/shape.js'
import { parseCanonical } from '../core/json/strict-parse.js'
import { encodeText } from '../core/json/text.js'

/** Who changed something and why. Kept beside the log, where readers are not admitted. */
export interface AuditRecord {
  readonly author?: string
  readonly reason: string
  /** What a step of a rollout was decided on. */
  readonly evidence?: StepEvidence
}

/**
 * The bytes of an audit record. Throws `invalid-option` without a reason, or with one that is too
 * long, and `too-large` for evidence that is: leave out exceptions then. The nonce keeps readers,
 * who know the record's digest, from testing their guesses at author and reason.
 *
 * ```ts
 * const audit = encodeAudit(context, { author: 'ada', reason: 'more load' })
 * ```
 */
export function encodeAudit(
  { random, author: usual }: { readonly random: Random; readonly author: string | undefined },
  { author = usual, reason, evidence, belowFloor }: AuditDetails,
): Uint8Array<ArrayBuffer> {
  assertAuthor('the audit record', author)
  if (typeof reason !== 'string' || reason.trim() === '') {
    throw new NoticeboardError(
      'invalid-option',
      'the reason is missing: pass { reason: "why" }, which the history shows',
    )
  }
  const said = encodeText(canonicalize({ author, reason })).length
  if (said > MAX_REASON_BYTES) {
    throw new NoticeboardError(
      'invalid-option',
      `author and reason take ${said} bytes; ${MAX_REASON_BYTES} are allowed: shorten the reason`,
    )
  }
  const bytes = encodeText(
    canonicalize({ v: 1, nonce: toHex(random.bytes(16)), author, reason, evidence, belowFloor }),
  )
  if (bytes.length > MAX_AUDIT_BYTES) {
    throw new NoticeboardError(
      'too-large',
      `the audit record takes ${bytes.length} bytes; ${MAX_AUDIT_BYTES} are allowed: name fewer exceptions`,
    )
  }
  if (evidence !== undefined)
    readStepEvidence(shapeOf(evidence as unknown as Json, 'the evidence of an audit record'))
  return bytes
}

/**
 * Throws `invalid-option` for an author that is no text. `whose` says where it is given:
 * `createPublisher()`.
 *
 * ```ts
 * assertAuthor('createPublisher()', 'ada')
 * ```
 */
export function assertAuthor(whose: string, author: unknown): void {
  if (author !== undefined && typeof author !== 'string')
    throw new NoticeboardError('invalid-option', `${whose}: author must be a text, such as "ada"`)
}

/** What is said of a release beside it. */
export interface AuditDetails {
  /** Default: the publisher's own author. */
  readonly author?: string | undefined
  readonly reason?: unknown
  readonly evidence?: StepEvidence | undefined
  /** Set where the reason says why a publish is looser than the floor of its namespace. */
  readonly belowFloor?: true | undefined
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
  const evidence = evidenceIn(record)
  return {
    ...(typeof author === 'string' && { author }),
    reason,
    ...(evidence !== undefined && { evidence }),
  }
}

/**
 * What a step rests on; undefined where nothing is said, or in another form than this version
 * reads.
 */
function evidenceIn({ evidence }: JsonObject): StepEvidence | undefined {
  if (evidence === undefined) return undefined
  try {
    return readStepEvidence(shapeOf(evidence, 'the evidence of an audit record'))
  } catch (error) {
    if (isNoticeboardError(error)) return undefined
    throw error
  }
}
