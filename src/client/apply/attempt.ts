import { NoticeboardError } from '../../contracts/errors.js'
import type { Identity } from '../../contracts/identity.js'
import type { Digest } from '../../contracts/names.js'
import type { SavedSnapshot } from '../../contracts/state.js'
import type { Hasher } from '../../contracts/system.js'
import { unknownCritical, type Release } from '../../core/release/release.js'
import { target } from '../../core/release/target.js'
import type { AttemptEnd } from './events.js'
import type { Pending } from './pending.js'
import { prepareChange, type Change, type Course, type PrepareContext } from './prepare-change.js'
import type { Refusals } from './refusals.js'

/** What every attempt of a client is made with. */
export interface AttemptContext<Value> extends PrepareContext<Value> {
  readonly identity: Identity
  readonly hasher: Hasher
  readonly refusals: Refusals
}

/**
 * Takes what is pending to its end: target, bytes, digest, strict parse, overrides, validation, the
 * time of activation, prepare. The commit is not its business. A snapshot that is refused here is
 * told, and the next preference is tried. Rejects once the signal aborts.
 */
export async function attempt<Value>(
  pending: Pending,
  context: AttemptContext<Value>,
  course: Course,
): Promise<AttemptEnd<Change<Value>>> {
  const unsupported = pending.type === 'saved-version' ? undefined : unsupportedBy(pending.release)
  if (unsupported !== undefined) return { type: 'unsupported', error: unsupported }

  const refusedHere = new Set<Digest>()
  for (;;) {
    const wanted = wantedBy(
      pending,
      context,
      digest => refusedHere.has(digest) || context.refusals.has(digest),
    )
    if (wanted === undefined) return { type: 'kept' }
    // One digest is one document, wherever it came from: what was restored from disk is confirmed
    // without a change.
    if (context.current.applied?.running.digest === wanted.digest) return { type: 'unchanged', saved: wanted }
    const end = await prepareChange(wanted, pending, context, course)
    if (end.type !== 'refused') return end
    refusedHere.add(wanted.digest)
    course.progress(end)
  }
}

/** The snapshot that is asked of this client, of those that it has not refused. */
function wantedBy<Value>(
  pending: Pending,
  { identity, hasher }: AttemptContext<Value>,
  refused: (digest: Digest) => boolean,
): SavedSnapshot | undefined {
  if (pending.type === 'saved-version') return refused(pending.saved.digest) ? undefined : pending.saved
  const wanted = target(pending.release, { identity, refused, hasher })
  if (wanted.arm === 'keep') return undefined
  const { digest, version, bytes } = wanted
  return { digest, version, bytes }
}

function unsupportedBy(release: Release): NoticeboardError | undefined {
  const member = unknownCritical(release)
  return member === undefined
    ? undefined
    : new NoticeboardError(
        'unsupported',
        `the release needs "${member}", which this version of noticeboard does not know; what runs goes on. Update noticeboard here`,
      )
}
