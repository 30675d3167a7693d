import { isNoticeboardError, type Issue } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Digest } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'
import type { ProbeAnswer } from '../../contracts/report.js'
import type { Schema } from '../../contracts/schema.js'
import type { SavedSnapshot, TrialAnswer } from '../../contracts/state.js'
import type { Clock, Logger } from '../../contracts/system.js'
import type { Validator } from '../../contracts/validator.js'
import { abortable } from '../../async/signals.js'
import { parseCanonical } from '../../core/json/strict-parse.js'
import { sayUnknownKeys, unknownKeys } from '../../core/schema/unknown-keys.js'
import type { HealthWatch } from '../health/watch.js'
import type { FleetClock } from '../receive/fleet-clock.js'
import { waitForActivation } from './activation.js'
import type { Applied, Current } from './applied.js'
import type { AttemptEnd, AttemptProgress, RefusedSnapshot } from './events.js'
import type { FetchSnapshot } from './fetch-snapshot.js'
import { freezeValue } from './freeze.js'
import { mayTry, type TryContext } from './may-try.js'
import type { Overrides } from './overrides.js'
import type { Participants, PreparedChange } from './participants.js'
import { originOf, partOf, type Pending } from './pending.js'
import type { SnapshotQuery } from './snapshot-query.js'
import { validateOverlaid } from './validate-overlaid.js'

/** A change that only waits for its commit. */
export interface Change<Value> {
  readonly next: Applied<Value>
  /** The snapshot as it travels. */
  readonly bytes: Uint8Array
  readonly participants: PreparedChange
  /** What the probe said before. */
  readonly before: ProbeAnswer
}

/** What a snapshot is taken as far as a commit with. */
export interface PrepareContext<Value> extends TryContext {
  readonly clock: Clock
  readonly fleetClock: FleetClock
  readonly schema: Schema<unknown, Value> | undefined
  readonly validators: readonly Validator<Value>[]
  readonly overrides: Overrides | undefined
  readonly logger: Logger
  readonly maxSnapshotBytes: number
  readonly participants: Participants<Value>
  readonly current: Current<Value>
  readonly fetchSnapshot: FetchSnapshot
  /** Whether a probe may take a snapshot back. */
  readonly mayRevert: (pending: Pending, digest: Digest) => boolean
  /** Asks whether the application is well. */
  readonly health: Pick<HealthWatch, 'ask' | 'health'>
}

/** A snapshot that is to be taken as far as a commit, and why. */
export interface Wanted {
  readonly saved: SavedSnapshot
  readonly pending: Pending
  /** Whether something else runs, or could. */
  readonly hasOther: boolean
  /** Whether it comes in the place of what the release asks for. */
  readonly isFallback: boolean
  /** As of which release it runs; undefined for what came from a bare document. */
  readonly position: Position | undefined
}

/** One attempt's own way to be ended and to tell of its steps. */
export interface Course {
  readonly signal: AbortSignal
  readonly progress: (step: AttemptProgress) => void
}

/** How far one snapshot came. */
type Prepared<Value> =
  | Extract<AttemptEnd<Change<Value>>, { readonly type: 'prepared' | 'vetoed' | 'missing' }>
  | Refused
  | Barred

/** It may not be tried now; that passes by itself, but for a quarantine. */
interface Barred {
  readonly type: 'barred'
  readonly why: Exclude<TrialAnswer, 'go'>
  readonly bytes: Uint8Array
}

interface Refused {
  readonly type: 'refused'
  readonly refused: RefusedSnapshot
}

/**
 * Takes one snapshot as far as a commit: bytes, leave to try it, strict parse, overrides,
 * validation, the time of activation, participants. Rejects once the signal aborts.
 */
export async function prepareChange<Value>(
  wanted: Wanted,
  context: PrepareContext<Value>,
  course: Course,
): Promise<Prepared<Value>> {
  const { saved, pending, hasOther } = wanted
  const { maxSnapshotBytes } = context
  if (saved.bytes > maxSnapshotBytes) {
    const message = `it has ${saved.bytes} bytes; this client allows ${maxSnapshotBytes} (maxSnapshotBytes)`
    return refuse(saved, 'too-large', [{ path: '', message, validator: 'size' }])
  }
  const bytes = await context.fetchSnapshot(queryFor(wanted, context), course.signal)
  course.signal.throwIfAborted()
  if (bytes === undefined) return { type: 'missing' }

  const why = await mayTry(saved, { pending, hasOther, context, progress: course.progress })
  if (why !== 'go') return { type: 'barred', why, bytes }
  let prepared = false
  try {
    const end = await change(wanted, bytes, context, course)
    prepared = end.type === 'prepared'
    return end
  } finally {
    if (!prepared) context.protection?.drop(saved.digest)
  }
}

/** What the bytes of a snapshot make of what runs. */
async function change<Value>(
  { saved, pending, position }: Wanted,
  bytes: Uint8Array,
  context: PrepareContext<Value>,
  { signal, progress }: Course,
): Promise<Exclude<Prepared<Value>, Barred>> {
  signal.throwIfAborted()
  // A bare document was written where this program runs, by who reads what is wrong with it.
  const forAuthor = originOf(pending) === 'unmanaged'
  const checked = await check({ saved, bytes, forAuthor }, context, signal)
  signal.throwIfAborted()
  if (checked.type === 'refused') return checked

  // A release that ran before has had its time.
  if (pending.type === 'release') {
    const onWait = (): void => progress({ type: 'staged' })
    await waitForActivation(pending.release, { ...context, onWait }, signal)
    signal.throwIfAborted()
  }

  const { value, document, overridden } = checked
  const { digest, version } = saved
  // What cannot be taken back does not wait for a probe.
  const isOnTrial = context.mayRevert(pending, digest)
  const before = isOnTrial ? await context.health.ask(signal) : (context.health.health?.now ?? 'none')
  signal.throwIfAborted()
  try {
    const participants = await context.participants.prepare(value, signal)
    const running = {
      value,
      digest,
      version,
      position,
      origin: originOf(pending),
      ...partOf(pending, digest),
      overridden,
    }
    return {
      type: 'prepared',
      saved,
      change: { next: { running, document, saved }, bytes, participants, before },
      confirm: isOnTrial && before === 'healthy',
    }
  } catch (error) {
    if (isNoticeboardError(error, 'vetoed')) return { type: 'vetoed', error, digest }
    throw error
  }
}

/** What a snapshot is for this client: parsed, overlaid and validated, or refused. */
async function check<Value>(
  { saved, bytes, forAuthor }: Checking,
  context: PrepareContext<Value>,
  signal: AbortSignal,
): Promise<Refused | Checked<Value>> {
  let parsed: Json
  try {
    parsed = parseCanonical(bytes, { what: 'the snapshot', maxBytes: context.maxSnapshotBytes })
  } catch (error) {
    if (!isNoticeboardError(error)) throw error
    return refuse(saved, error.code, [{ path: '', message: error.message, validator: 'format' }])
  }
  // A schema or validator that never answers must not stand in the way of a newer release.
  const { result, document, overridden } = await abortable(
    validateOverlaid<Value>({
      schema: context.schema,
      validators: context.validators,
      overrides: context.overrides,
      logger: context.logger,
      document: parsed,
      previous: context.current.applied?.document,
      forAuthor,
      signal,
    }),
    signal,
  )
  if (result.type === 'invalid') {
    const { refused } = refuse(saved, 'invalid-document', result.issues, overridden.length > 0)
    return { type: 'refused', refused: { ...refused, path: result.path } }
  }
  if (forAuthor && context.schema !== undefined) {
    const { schema, logger } = context
    const unknown = unknownKeys(schema as Schema, { document: parsed, value: result.value })
    for (const warning of sayUnknownKeys(await abortable(unknown, signal))) logger.warn(warning)
  }
  // Where the schema gave the parsed document back, parsing has frozen every part of it.
  if ((result.value as unknown) === parsed)
    return { type: 'checked', value: result.value, document, overridden }
  return { type: 'checked', value: freezeValue(result.value), document, overridden }
}

/** What is checked. */
interface Checking {
  readonly saved: SavedSnapshot
  readonly bytes: Uint8Array
  /** Whether what is wrong is told to who wrote it. */
  readonly forAuthor: boolean
}

interface Checked<Value> {
  readonly type: 'checked'
  readonly value: Value
  readonly document: Json
  readonly overridden: readonly string[]
}

function refuse(
  { digest, version }: SavedSnapshot,
  code: string,
  issues: readonly Issue[],
  overridden = false,
): Refused {
  return { type: 'refused', refused: { digest, version, code, issues, overridden } }
}

function queryFor<Value>(
  { saved: { digest, bytes }, pending, isFallback }: Wanted,
  { current }: PrepareContext<Value>,
): SnapshotQuery {
  const have = current.applied?.running.digest
  if (pending.type !== 'release') return { digest, bytes, inline: [], from: undefined, have, spreadMs: 0 }
  const { inline, from, release } = pending
  // A client that has nothing at all does not wait for its turn.
  const spreadMs = have === undefined ? 0 : (release.spreadMs ?? 0)
  return { digest, bytes, inline, from, have, spreadMs, isFallback }
}
