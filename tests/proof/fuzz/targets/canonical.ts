import type { ErrorCode } from '../../../../src/contracts/errors.js'
import type { Json } from '../../../../src/contracts/json.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { decodeMark, encodeMark } from '../../../../src/core/release/mark.js'
import { decodeRelease, encodeRelease, releaseDigest } from '../../../../src/core/release/release.js'
import { parseCanonical } from '../../../../src/core/json/strict-parse.js'
import { encodeText, sameBytes } from '../../../../src/core/json/text.js'
import {
  decodeClientFile,
  decodeStateFile,
  encodeClientFile,
  encodeStateFile,
} from '../../../../src/node/state/state-file.js'
import { systemHasher } from '../../../../src/system/system.js'
import { attempt, violation } from '../oracle.js'
import { clientFiles, documents, marks, releases, states } from '../seeds.js'
import { same } from '../same.js'
import { damagedJson, type Target } from '../target.js'
import { MAX_MARK_BYTES, MAX_RELEASE_BYTES, MAX_STATE_BYTES } from '../../../../src/core/limits.js'

const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * What the strict reader is by definition: the value that JSON.parse reads, if its canonical text
 * is this very text.
 */
function canonicalValue(bytes: Uint8Array, maxBytes: number): { readonly value: Json } | undefined {
  if (bytes.length > maxBytes) return undefined
  try {
    const text = decoder.decode(bytes)
    const value = JSON.parse(text) as Json
    return canonicalize(value) === text ? { value } : undefined
  } catch {
    // No UTF-8, no JSON, or a value that has no canonical text.
    return undefined
  }
}

function isFrozenThrough(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isFrozenThrough)
}

const CODES: readonly ErrorCode[] = ['invalid-data', 'too-large']

const snapshot: Target = {
  name: 'snapshot',
  weight: 20,
  draw: damagedJson(documents),
  check(bytes, chance) {
    const maxBytes = chance.oneIn(20) ? 200 : 1_048_576
    const ours = attempt(() => parseCanonical(bytes, { what: 'the snapshot', maxBytes }), CODES)
    const theirs = canonicalValue(bytes, maxBytes)
    if (ours.type === 'refused') {
      if (theirs !== undefined) throw violation('a canonical document is refused')
      if ((ours.error.code === 'too-large') !== bytes.length > maxBytes)
        throw violation('too-large does not mean too large')
      return
    }
    if (theirs === undefined) throw violation('a document that is not canonical is accepted')
    if (!same(ours.value, theirs.value))
      throw violation('a document reads as another value than JSON.parse gives')
    if (!isFrozenThrough(ours.value)) throw violation('a document is not frozen')
    if (!sameBytes(encodeText(canonicalize(ours.value)), bytes))
      throw violation('a document is written as other bytes')
  },
}

const release: Target = {
  name: 'release',
  weight: 14,
  draw: damagedJson(releases),
  check(bytes, chance) {
    const ours = attempt(() => decodeRelease(bytes), [...CODES, 'unsupported'])
    const theirs = canonicalValue(bytes, MAX_RELEASE_BYTES)
    if (ours.type === 'refused') return
    if (theirs === undefined) throw violation('a release file that is not canonical is accepted')
    const { release: read, signatures, bytes: kept } = ours.value
    if (!sameBytes(kept, bytes)) throw violation('the bytes of a release are not passed on as they came')
    const statement = (theirs.value as { release: Record<string, Json> }).release
    for (const [name, member] of Object.entries(read)) {
      if (!holdsOnlyWhatIs(member, statement[name]))
        throw violation(`the member ${name} of a release does not come from its file`)
    }
    // Members that are not known here are left out, so the first encoding may be shorter; from
    // there on it is stable.
    const encoded = encodeRelease(read, signatures)
    const again = decodeRelease(encoded)
    if (!same(again.release, read)) throw violation('a release that is written again reads as another one')
    if (chance.oneIn(8) && releaseDigest(systemHasher, bytes).length !== 64)
      throw violation('a release has no digest')
  },
}

/**
 * Whether everything that was read also stands in the file. A reader leaves out, such as ids that
 * are no texts; what it adds is an empty list for a condition that it does not understand, or a
 * word that there was one: both describe nobody.
 */
function holdsOnlyWhatIs(read: unknown, written: unknown): boolean {
  if (Array.isArray(read)) {
    if (read.length === 0) return true
    if (!Array.isArray(written)) return false
    return read.length === written.length
      ? read.every((item, index) => holdsOnlyWhatIs(item, written[index]))
      : read.every(item => written.includes(item))
  }
  // A word of a later version.
  if (read === 'other' && typeof written === 'string') return true
  if (typeof read !== 'object' || read === null) return Object.is(read, written)
  if (typeof written !== 'object' || written === null) return false
  const file = written as Readonly<Record<string, unknown>>
  return Object.entries(read).every(
    ([key, member]) => key === 'unknown' || (Object.hasOwn(file, key) && holdsOnlyWhatIs(member, file[key])),
  )
}

const mark: Target = {
  name: 'mark',
  weight: 14,
  draw: damagedJson(marks),
  check(bytes) {
    const ours = attempt(() => decodeMark(bytes), CODES)
    if (ours.type === 'refused') return
    if (canonicalValue(bytes, MAX_MARK_BYTES) === undefined)
      throw violation('a mark that is not canonical is accepted')
    if (!same(decodeMark(encodeMark(ours.value)), ours.value))
      throw violation('a mark that is written again reads as another one')
    if (Date.parse(ours.value.validUntil) < Date.parse(ours.value.asOf))
      throw violation('a mark ends before it begins')
  },
}

const stateFile: Target = {
  name: 'state file',
  weight: 10,
  draw: damagedJson(states),
  check(bytes) {
    const ours = attempt(() => decodeStateFile(bytes), CODES)
    if (ours.type === 'refused' || ours.value === undefined) return
    if (canonicalValue(bytes, MAX_STATE_BYTES) === undefined)
      throw violation('a state file that is not canonical is accepted')
    const { damaged: _, ...whole } = ours.value
    const again = decodeStateFile(encodeStateFile(whole))
    if (!same(again, whole)) throw violation('a state file that is written again reads as another one')
  },
}

const clientFile: Target = {
  name: 'client.json',
  weight: 6,
  draw: damagedJson(clientFiles),
  check(bytes) {
    const ours = attempt(() => decodeClientFile(bytes), CODES)
    if (ours.type === 'refused') return
    const { clientId } = ours.value
    if (clientId !== undefined && decodeClientFile(encodeClientFile(clientId)).clientId !== clientId)
      throw violation("a client's name that is written again reads as another one")
  },
}

/** Formats that are canonical JSON: the reader must agree with JSON.parse and with the writer. */
export const canonicalTargets: readonly Target[] = [snapshot, release, mark, stateFile, clientFile]
