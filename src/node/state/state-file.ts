import type { Json, JsonObject } from '../../contracts/json.js'
import { isDigest, type Digest } from '../../contracts/names.js'
import type { Refusal, SavedSnapshot, SavedState } from '../../contracts/state.js'
import { canonicalize } from '../../core/json/canonical.js'
import { digestOf } from '../../core/release/digest.js'
import { isInstant } from '../../core/release/instant.js'
import { readPosition } from '../../core/release/read-position.js'
import { shapeOf, type Shape } from '../../core/json/shape.js'
import { decodeText, parseCanonical } from '../../core/json/strict-parse.js'
import { encodeText, isLine } from '../../core/json/text.js'
import { systemHasher } from '../../system/system.js'
import {
  MAX_GOOD,
  MAX_READMITTED,
  MAX_REFUSALS,
  MAX_RELEASE_BYTES,
  MAX_STATE_BYTES,
} from '../../core/limits.js'
import { ifReadable, isBuild } from './entries.js'
import { readReadmission } from './readmitted.js'

/** What one instance knows, as its file says it (docs/formats.md). */
export interface StateFile {
  readonly savedAt: string
  readonly state: SavedState
  /** Kept as they are, for versions that read them. */
  readonly attempts: readonly Json[]
  readonly quarantined: readonly Json[]
  readonly pardoned: readonly Json[]
  /** Who wrote it; undefined where that is not known. */
  readonly life?: Json | undefined
  /**
   * It is not what was written. Only its snapshots are left then, since those are checked one by
   * one.
   */
  readonly damaged?: true
}

/** The bytes of an instance file. */
export function encodeStateFile({
  savedAt,
  state,
  attempts,
  quarantined,
  pardoned,
  life,
}: StateFile): Uint8Array {
  const { release, seen, applied, current, good, readmitted = [] } = state
  // The longest refusals that are read add up to more than a file may hold; the latest ones stay
  // then.
  for (
    let refused = state.refused.slice(-MAX_REFUSALS);
    ;
    refused = refused.slice(Math.ceil(refused.length / 2))
  ) {
    const bytes = encode(refused)
    if (bytes.length <= MAX_STATE_BYTES || refused.length === 0) return bytes
  }

  function encode(refused: readonly Refusal[]): Uint8Array {
    const file = {
      v: 1,
      savedAt,
      release: release && decodeText(release, 'the release'),
      seen,
      applied,
      current,
      good: good.slice(0, MAX_GOOD),
      refused,
      readmitted: readmitted.length === 0 ? undefined : readmitted.slice(-MAX_READMITTED),
      attempts: attempts.slice(-MAX_REFUSALS),
      quarantined: quarantined.slice(-MAX_REFUSALS),
      pardoned: pardoned.length === 0 ? undefined : pardoned.slice(-MAX_REFUSALS),
      life,
    }
    return encodeText(canonicalize({ ...file, check: checkOf(file) }))
  }
}

/** The digest of the file without its check. */
function checkOf(file: object): Digest {
  return digestOf(systemHasher, encodeText(canonicalize(file)))
}

/**
 * Reads an instance file. Throws `invalid-data` when it is not one; undefined when another version
 * wrote it. One without a check is believed.
 */
export function decodeStateFile(bytes: Uint8Array): StateFile | undefined {
  const parsed = parseCanonical(bytes, { what: 'the state file', maxBytes: MAX_STATE_BYTES })
  const file = shapeOf(parsed, 'the state file')
  if (file.member('v') !== 1) return undefined
  const { check, ...unchecked } = parsed as JsonObject
  const savedAt = file.string('savedAt', isInstant)
  const current = file.has('current') ? readSnapshot(file.object('current')) : undefined
  const good = file.objects('good', MAX_GOOD).map(readSnapshot)
  if (check !== undefined && check !== checkOf(unchecked)) {
    const snapshots = current === undefined ? good : [current, ...good].slice(0, MAX_GOOD)
    const state = { good: snapshots, refused: [] }
    return { savedAt, damaged: true, attempts: [], quarantined: [], pardoned: [], state }
  }
  return {
    savedAt,
    attempts: file.has('attempts') ? file.list('attempts', MAX_REFUSALS) : [],
    quarantined: file.has('quarantined') ? file.list('quarantined', MAX_REFUSALS) : [],
    pardoned: file.has('pardoned') ? file.list('pardoned', MAX_REFUSALS) : [],
    ...file.optional('life', name => file.member(name)),
    state: {
      ...(file.has('release') && {
        release: encodeText(file.string('release', text => text.length <= MAX_RELEASE_BYTES)),
      }),
      ...(file.has('seen') && { seen: readPosition(file.object('seen')) }),
      ...(file.has('applied') && { applied: readPosition(file.object('applied')) }),
      ...(current && { current }),
      good,
      refused: file.objects('refused', MAX_REFUSALS).flatMap(shape => ifReadable(() => refusalIn(shape))),
      ...(file.has('readmitted') && {
        readmitted: file.list('readmitted', MAX_READMITTED).flatMap(readReadmission),
      }),
    },
  }
}

/**
 * What a `client.json` says. That of a later version names the client by the same member, and where
 * it does not, its name is not known here. Throws `invalid-data`.
 */
export function decodeClientFile(bytes: Uint8Array): { readonly clientId: string | undefined } {
  const file = shapeOf(
    parseCanonical(bytes, { what: 'client.json', maxBytes: MAX_STATE_BYTES }),
    'client.json',
  )
  const version = file.integer('v', 1, Number.MAX_SAFE_INTEGER)
  if (version === 1) return { clientId: file.string('clientId', isLine) }
  const named = file.has('clientId') ? file.member('clientId') : undefined
  return { clientId: typeof named === 'string' && isLine(named) ? named : undefined }
}

/** The bytes of a `client.json`. */
export function encodeClientFile(clientId: string): Uint8Array {
  const file: JsonObject = { clientId, v: 1 }
  return encodeText(canonicalize(file))
}

function readSnapshot(shape: Shape): SavedSnapshot {
  return {
    digest: shape.string('digest', isDigest),
    version: shape.integer('version', 1, Number.MAX_SAFE_INTEGER),
    bytes: shape.integer('bytes', 1, Number.MAX_SAFE_INTEGER),
    ...shape.flag('candidate'),
  }
}

function refusalIn(shape: Shape): Refusal {
  return {
    digest: shape.string('digest', isDigest),
    build: shape.string('build', isBuild),
    code: shape.string('code', isLine),
    at: shape.string('at', isInstant),
    ...shape.flag('reverted'),
    ...(shape.has('validator') && { validator: shape.string('validator', isLine) }),
    ...(shape.has('path') && { path: shape.string('path', text => text === '' || isLine(text, 1_024)) }),
  }
}
