import type { Json } from '../contracts/json.js'
import type { Schema } from '../contracts/schema.js'

/** The namespace of every comparison. */
export const NAMESPACE = 'compare/fleet'

/** Takes any document: what a schema of one's own costs is nobody's difference. */
export const ANY_DOCUMENT: Schema<Json> = {
  '~standard': { version: 1, vendor: 'noticeboard', validate: value => ({ value: value as Json }) },
}

/** Rounds begin here, so that all documents have one length. */
const FIRST_ROUND = 1_000_000

/** What a document holds besides its padding: braces, names and the number of the round. */
const FRAME_BYTES = '{"padding":"","round":1000000}'.length

/**
 * A document of so many bytes as it travels, 64 at least, another one each round.
 *
 * ```ts
 * documentOf(20_480, 1)
 * ```
 */
export function documentOf(bytes: number, round: number): Json {
  return { padding: 'x'.repeat(Math.max(0, bytes - FRAME_BYTES)), round: FIRST_ROUND + round }
}

/**
 * The round of a document that {@link documentOf} made.
 *
 * ```ts
 * roundOf(documentOf(20_480, 1)) // 1
 * ```
 */
export function roundOf(document: Json): number {
  return (document as { readonly round: number }).round - FIRST_ROUND
}
