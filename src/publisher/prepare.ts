import { isNoticeboardError, NoticeboardError, type Issue } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import type { Digest } from '../contracts/names.js'
import { canonicalize } from '../core/json/canonical.js'
import { checkOptions } from '../core/options.js'
import { digestOf } from '../core/release/digest.js'
import { sayMatch, type LabelMatch } from '../core/release/labels.js'
import type { Arm, Release, Variant } from '../core/release/release.js'
import { pairVariants } from '../core/release/variant-pairs.js'
import { parseCanonical } from '../core/json/strict-parse.js'
import { encodeText } from '../core/json/text.js'
import { sayIssues } from '../core/say-issues.js'
import { sayUnknownKeys, unknownKeys } from '../core/schema/unknown-keys.js'
import { MAX_ISSUES, validateDocument } from '../core/schema/validate.js'
import type { PublisherContext } from './context.js'
import { retried } from './retry.js'

/** A document for the clients that carry some labels; the others get the main one. */
export interface VariantDocument<Input = unknown> {
  /** For each label the values it may have; several labels are an *and*. At least one. */
  readonly when: LabelMatch
  readonly document: Input
}

/** A snapshot, ready to be stored. */
export interface Prepared {
  readonly when?: LabelMatch
  readonly document: Json
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly digest: string
}

/**
 * Documents in their canonical form, in the order of an arm's variants. Throws `invalid-data` or
 * `too-large`.
 *
 * ```ts
 * const prepared = prepareAll(context, document, [{ when: { region: ['eu'] }, document: other }])
 * ```
 */
export function prepareAll(
  context: PublisherContext,
  main: unknown,
  variants: readonly VariantDocument[],
): readonly [Prepared, ...Prepared[]] {
  const prepared = variants.map(variant => {
    checkOptions('a variant of publish()', variant, { when: true, document: true })
    return { when: checkedMatch(variant.when), ...prepare(context, variant.document) }
  })
  const last = prepare(context, main)
  const [first, ...rest] = prepared
  return first === undefined ? [last] : [first, ...rest, last]
}

function prepare({ hasher, maxSnapshotBytes, namespace }: PublisherContext, document: unknown): Prepared {
  if (document === undefined)
    throw new NoticeboardError(
      'invalid-option',
      'there is no document to publish: it is undefined; pass a JSON value',
    )
  const bytes = encodeText(canonicalize(document))
  if (bytes.length > maxSnapshotBytes) {
    throw new NoticeboardError(
      'too-large',
      `the document for ${namespace} has ${bytes.length} bytes; ${maxSnapshotBytes} are allowed: make it smaller, or split the namespace`,
    )
  }
  // Read back as every client will read it, so that what is validated is exactly what travels.
  return {
    document: parseCanonical(bytes, { what: 'the document', maxBytes: maxSnapshotBytes }),
    bytes,
    digest: digestOf(hasher, bytes),
  }
}

/**
 * Throws `invalid-document`, with the issues, unless every document passes the schema and the
 * validators, which compare it with what the same clients run: the stable arm of `newest`, unless
 * that is nothing to compare with. Resolves to warnings: which keys the schema does not know.
 *
 * ```ts
 * const warnings = await validateAll(context, prepared, { newest: head?.release, signal })
 * ```
 */
export async function validateAll(
  context: PublisherContext,
  prepared: readonly [Prepared, ...Prepared[]],
  { newest, signal }: { readonly newest: Release | undefined; readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const { schema, validators, namespace } = context
  const variants = variantsOf(prepared)
  const pairs = newest === undefined ? [] : pairVariants(newest.stable, { variants })
  const documents = new Map<Digest, Json | undefined>()
  for (const { before } of pairs)
    if (!documents.has(before.digest))
      documents.set(before.digest, await readPrevious(context, before.digest, signal))
  const warnings: string[] = []
  const issues: Issue[] = []
  for (const [index, { when, document }] of prepared.entries()) {
    const replaced = pairs.filter(({ after }) => after === variants[index]).map(({ before }) => before.digest)
    const compared = replaced.length === 0 ? [undefined] : [...new Set(replaced)]
    const found = new Map<string, Issue>()
    let value: unknown
    for (const digest of compared) {
      const previous = digest === undefined ? undefined : documents.get(digest)
      const asked = { schema, validators, document, previous, forAuthor: true, signal }
      const result = await validateDocument(asked)
      signal.throwIfAborted()
      if (result.type === 'valid') value = result.value
      else for (const issue of result.issues) found.set(JSON.stringify(issue), issue)
    }
    for (const issue of found.values()) issues.push({ ...issue, ...(when !== undefined && { when }) })
    if (found.size > 0) continue
    const clients = when === undefined ? '' : ` for clients with ${sayMatch(when)}`
    warnings.push(...sayUnknownKeys(await unknownKeys(schema, { document, value }), clients))
    signal.throwIfAborted()
  }
  if (issues.length > 0) throw refusal(namespace, issues.slice(0, MAX_ISSUES))
  return warnings
}

/**
 * The variants of an arm that names the prepared snapshots.
 *
 * ```ts
 * const stable = variantsOf(prepareAll(context, document, []))
 * ```
 */
export function variantsOf(prepared: readonly [Prepared, ...Prepared[]]): Arm['variants'] {
  const [first, ...rest] = prepared
  return [asVariant(first), ...rest.map(asVariant)]
}

function asVariant({ when, digest, bytes }: Prepared): Variant {
  return { ...(when !== undefined && { when }), digest, bytes: bytes.length }
}

/**
 * The error of a document that did not pass: its message quotes the first three issues, its
 * `issues` hold all of them.
 *
 * ```ts
 * throw refusal('checkout/prod', issues)
 * ```
 */
export function refusal(
  subject: string,
  issues: readonly Issue[],
  verdict = 'was not published',
): NoticeboardError {
  return new NoticeboardError('invalid-document', `${subject} ${verdict}: ${sayIssues(issues)}`, { issues })
}

/**
 * A document that runs now, for validators that compare; undefined when it cannot be read, which
 * is logged and stops no publish.
 */
async function readPrevious(
  context: PublisherContext,
  digest: Digest,
  signal: AbortSignal,
): Promise<Json | undefined> {
  const { store, namespace, hasher, maxReadBytes: maxSnapshotBytes, logger } = context
  try {
    const bytes = await retried(() => store.snapshot({ namespace, digest, maxSnapshotBytes }, signal), {
      ...context,
      signal,
    })
    if (digestOf(hasher, bytes) !== digest)
      throw new NoticeboardError(
        'digest-mismatch',
        `the snapshot ${digest.slice(0, 12)} of ${namespace} is damaged in the store; publish it again to repair it`,
      )
    return parseCanonical(bytes, { what: 'the snapshot', maxBytes: maxSnapshotBytes })
  } catch (error) {
    signal.throwIfAborted()
    logger.warn('the running document cannot be read; validators compare with nothing', {
      namespace,
      digest,
      code: isNoticeboardError(error) ? error.code : 'internal',
    })
    return undefined
  }
}

function checkedMatch(when: LabelMatch): LabelMatch {
  const entries = typeof when === 'object' && when !== null ? Object.entries(when) : []
  const sound = ([, values]: [string, readonly string[]]): boolean =>
    Array.isArray(values) && values.length > 0 && values.every(value => typeof value === 'string')
  if (entries.length > 0 && entries.every(sound)) return when
  throw new NoticeboardError(
    'invalid-option',
    'a variant needs { when: { label: ["value", …] } } with at least one label and value',
  )
}
