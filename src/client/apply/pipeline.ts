import { isNoticeboardError, type NoticeboardError, type Issue } from '../../contracts/errors.js'
import type { Identity } from '../../contracts/identity.js'
import type { Json } from '../../contracts/json.js'
import type { Digest } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'
import type { Schema } from '../../contracts/schema.js'
import type { InlineSnapshot, Transport } from '../../contracts/transport.js'
import type { Validator } from '../../contracts/validator.js'
import { positionOf, unknownCritical, type Release } from '../../core/release/release.js'
import { parseCanonical } from '../../core/json/strict-parse.js'
import { target, type Target } from '../../core/release/target.js'
import { validateDocument } from '../../core/schema/validate.js'
import { freezePlain } from './freeze.js'
import type { Wanted } from './fetch-snapshot.js'
import type { Overrides } from './overrides.js'
import type { Participants } from './participants.js'
import type { Refusals } from './refusals.js'
import type { Origin, Running } from '../running.js'
import { unlessAborted } from './unless-aborted.js'

/** A verified release on its way to being applied. */
export interface Pending {
  readonly release: Release
  readonly from: Transport | undefined
  readonly inline: readonly InlineSnapshot[]
  readonly origin: Origin
}

/** How it ended. Whatever it is, the client goes on with what it has. */
export type Outcome =
  /** Committed: the snapshot runs now. */
  | {
      readonly type: 'applied'
      readonly digest: Digest
      readonly version: number
      readonly bytes: Uint8Array
    }
  /** The snapshot that runs already is the one that is asked for. */
  | {
      readonly type: 'unchanged'
      readonly digest: Digest
      readonly version: number
      readonly bytes: number
    }
  /** Everything that the release asks of this client was refused here before, or just now. */
  | { readonly type: 'kept' }
  /** A participant refused; to be tried again on a sweep. */
  | { readonly type: 'vetoed'; readonly error: NoticeboardError; readonly digest: Digest }
  | { readonly type: 'unsupported'; readonly member: string }
  /** There was only the disk to ask, and it does not have the snapshot. */
  | { readonly type: 'missing' }
  /** A newer release came, or the client closed, before the commit. */
  | { readonly type: 'superseded' }

export interface PipelineContext<Value> {
  readonly identity: Identity
  readonly hasher: Hasher
  readonly schema: Schema<unknown, Value> | undefined
  readonly validators: readonly Validator<Value>[]
  readonly overrides: Overrides | undefined
  readonly maxSnapshotBytes: number
  readonly refusals: Refusals
  readonly participants: Participants<Value>
  /** What runs now, if anything. */
  readonly running: () => { readonly view: Running<Value>; readonly document: Json } | undefined
  readonly obtain: (wanted: Wanted, signal: AbortSignal) => Promise<Uint8Array | undefined>
  /** Waits for the release's time; tells the fleet that this client is ready. */
  readonly activation: (release: Release, signal: AbortSignal) => Promise<void>
  readonly onRejected: (rejection: Rejection) => void
  /** What the release asks of this client first of all was refused here before. */
  readonly onRefusedBefore: (digest: Digest) => void
  /** Makes the view what readers see; called inside the commit tick, before participants switch. */
  readonly commit: (view: Running<Value>, release: Release, document: Json) => void
}

export interface Rejection {
  readonly release: Release
  readonly digest: Digest
  readonly version: number
  readonly code: string
  readonly issues: readonly Issue[]
  /** Whether this client's own overrides had a part in it: then another start may see it differently. */
  readonly overridden: boolean
}

/**
 * Takes a verified release to its end: target, bytes, digest, strict parse, overrides, validation, activation, prepare, and a commit in
 * one tick, all or nothing. A snapshot that is refused here is remembered, and the next preference is tried. Nothing after
 * the signal aborts has an effect, except a commit that had begun.
 */
export async function runPipeline<Value>(
  pending: Pending,
  context: PipelineContext<Value>,
  signal: AbortSignal,
): Promise<Outcome> {
  const { release } = pending
  const member = unknownCritical(release)
  if (member !== undefined) return { type: 'unsupported', member }

  const { identity, hasher, refusals } = context
  const first = target(release, { identity, refused: () => false, hasher })
  if (first.arm !== 'keep' && refusals.has(first.digest)) context.onRefusedBefore(first.digest)

  for (;;) {
    if (signal.aborted) return { type: 'superseded' }
    const wanted = target(release, { identity, refused: refusals.has, hasher })
    if (wanted.arm === 'keep') return { type: 'kept' }
    const { digest, version, bytes } = wanted
    // One digest is one document, wherever it came from: what was restored from disk is confirmed without a change.
    if (context.running()?.view.digest === digest) return { type: 'unchanged', digest, version, bytes }
    const outcome = await tryTarget(wanted, pending, context, signal)
    if (outcome !== 'refused') return outcome
  }
}

async function tryTarget<Value>(
  wanted: Exclude<Target, { arm: 'keep' }>,
  pending: Pending,
  context: PipelineContext<Value>,
  signal: AbortSignal,
): Promise<Outcome | 'refused'> {
  const { release } = pending
  const { digest, version } = wanted
  const refuse = (code: string, issues: readonly Issue[], overridden = false): 'refused' => {
    context.onRejected({ release, digest, version, code, issues, overridden })
    return 'refused'
  }

  if (wanted.bytes > context.maxSnapshotBytes) {
    return refuse('too-large', [
      {
        path: '',
        message: `it has ${wanted.bytes} bytes; ${context.maxSnapshotBytes} are allowed here`,
        validator: 'size',
      },
    ])
  }
  const running = context.running()
  const bytes = await context.obtain(
    {
      digest,
      bytes: wanted.bytes,
      inline: pending.inline,
      from: pending.from,
      have: running?.view.digest,
      // A client that has nothing at all does not wait for its turn.
      spreadMs: running?.view.digest === undefined ? 0 : (release.spreadMs ?? 0),
    },
    signal,
  )
  if (bytes === undefined) return signal.aborted ? { type: 'superseded' } : { type: 'missing' }

  let document: Json
  try {
    document = parseCanonical(bytes, { what: 'the snapshot', maxBytes: context.maxSnapshotBytes })
  } catch (error) {
    if (!isNoticeboardError(error)) throw error
    return refuse(error.code, [{ path: '', message: error.message, validator: 'format' }])
  }

  const overlaid = context.overrides?.apply(document) ?? { document, paths: [] }
  const checked = await unlessAborted(
    validateDocument<unknown, Value>({
      schema: context.schema,
      validators: context.validators,
      document: overlaid.document,
      previous: running?.document,
      signal,
    }),
    signal,
  )
  if (checked === undefined || signal.aborted) return { type: 'superseded' }
  if (checked.type === 'invalid') return refuse('invalid-document', checked.issues, overlaid.paths.length > 0)

  await context.activation(release, signal)
  if (signal.aborted) return { type: 'superseded' }

  const value = freezePlain(checked.value)
  const view: Running<Value> = {
    value,
    digest,
    version,
    position: positionOf(release),
    origin: pending.origin,
    overridden: overlaid.paths,
  }
  try {
    const change = await context.participants.prepare(value, signal)
    if (signal.aborted) {
      change.discard()
      return { type: 'superseded' }
    }
    // From here to the end of this tick nothing is awaited: readers and participants see the change at once, or not at all.
    context.commit(view, release, overlaid.document)
    change.commit()
    return { type: 'applied', digest, version, bytes }
  } catch (error) {
    if (signal.aborted) return { type: 'superseded' }
    if (isNoticeboardError(error, 'vetoed')) return { type: 'vetoed', error, digest }
    throw error
  }
}
