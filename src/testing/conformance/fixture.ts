import type { Json } from '../../contracts/json.js'
import type { Identity } from '../../contracts/identity.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Epoch, Position } from '../../contracts/position.js'
import type { ClientReport } from '../../contracts/report.js'
import { canonicalize } from '../../core/json/canonical.js'
import { digestOf, toHex } from '../../core/release/digest.js'
import { encodeRelease, releaseDigest, type Release } from '../../core/release/release.js'
import { encodeText } from '../../core/json/text.js'
import { systemHasher, systemRandom } from '../../system/system.js'

/** The bytes of one document, and their name. */
export interface SampleSnapshot {
  readonly digest: Digest
  readonly bytes: Uint8Array
}

/** A release with the snapshot that it names, as a case wants it published. */
export interface SampleRelease {
  readonly namespace: Namespace
  readonly at: Position
  /** The release file. */
  readonly bytes: Uint8Array
  readonly snapshot: SampleSnapshot
  /** What the snapshot says, for transports that are made of bare documents. */
  readonly document: Json
  /** The audit record that the release names, where it does. */
  readonly audit?: Uint8Array
}

export interface SampleOptions {
  readonly epoch?: Epoch
  readonly sequence?: number
  readonly document?: Json
  readonly audit?: Uint8Array
  /** Fills the release up to that many bytes. */
  readonly bytes?: number
}

/** Makes releases that follow each other, without publishing them. */
export interface SampleLog {
  /** The next release; everything that is not told follows from the one before. */
  next(options?: SampleOptions): SampleRelease
  /** A release that would come next as well, without becoming the one before. */
  rival(options?: SampleOptions): SampleRelease
}

/**
 * Text that goes wrong where bytes are read as something else: line breaks, quotes, several planes
 * of Unicode, a separator of lines.
 */
export const AWKWARD = 'Grüße\n世界\r\n🛰 "\\" \u0001\u007f\u2028 \ufeff<&%00 data: event:'

let made = 0

export function sampleLog(namespace: Namespace, epoch: Epoch = '1-9f3a01bc'): SampleLog {
  let before: SampleRelease | undefined
  const rival = (options: SampleOptions = {}): SampleRelease =>
    sampleAfter(namespace, before, before === undefined ? { epoch, ...options } : options)
  return {
    rival,
    next(options) {
      before = rival(options)
      return before
    },
  }
}

/** A release that comes right after another one, or is the first. */
export function sampleAfter(
  namespace: Namespace,
  before: Pick<SampleRelease, 'at' | 'bytes'> | undefined,
  options: SampleOptions = {},
): SampleRelease {
  const { epoch = before?.at.epoch ?? '1-9f3a01bc', sequence, document, audit, bytes = 0 } = options
  made += 1
  const at: Position = {
    epoch,
    sequence: sequence ?? (before?.at.epoch === epoch ? before.at.sequence + 1 : 1),
  }
  const said = document ?? { made, text: AWKWARD }
  const snapshot = sampleSnapshot(said)
  const release: Release = {
    v: 1,
    namespace,
    epoch: at.epoch,
    sequence: at.sequence,
    issuedAt: '2026-11-21T09:30:00.000Z',
    cause: 'publish',
    stable: { version: at.sequence, variants: [{ digest: snapshot.digest, bytes: snapshot.bytes.length }] },
    prev: before === undefined ? null : releaseDigest(systemHasher, before.bytes),
    ...(audit !== undefined && { audit: digestOf(systemHasher, audit) }),
    // What nobody knows yet is part of the bytes as well.
    ...{ later: { made, text: AWKWARD } },
  }
  return {
    namespace,
    at,
    snapshot,
    bytes: filled(release, { bytes, encode: encodeRelease }),
    document: said,
    ...(audit !== undefined && { audit }),
  }
}

/** A document as it is kept and named. */
export function sampleSnapshot(document: Json): SampleSnapshot {
  const bytes = encodeText(canonicalize(document))
  return { digest: digestOf(systemHasher, bytes), bytes }
}

/** A snapshot of exactly that many bytes. */
export function sampleOfSize(length: number): { readonly document: Json; readonly snapshot: SampleSnapshot } {
  const document = 'x'.repeat(length - 2)
  return { document, snapshot: sampleSnapshot(document) }
}

/**
 * An audit record: canonical, with a nonce as docs/formats.md wants it; filled up to that many
 * bytes.
 */
export function sampleAudit(bytes = 0): Uint8Array {
  const record = { author: 'ada', nonce: toHex(systemRandom.bytes(16)), reason: 'Grüße 🛰', v: 1 }
  return filled(record, { bytes, encode: said => encodeText(canonicalize(said)) })
}

/**
 * A record as it is kept, with one more member that fills it up to that many bytes where it has
 * fewer.
 */
function filled<Said extends object>(
  record: Said,
  { bytes, encode }: { readonly bytes: number; readonly encode: (said: Said) => Uint8Array },
): Uint8Array {
  const missing = bytes - encode({ ...record, more: '' }).length
  return encode(missing < 0 ? record : { ...record, more: 'x'.repeat(missing) })
}

/** Who reads, where it matters to nobody who that is. */
export const SAMPLE_IDENTITY: Identity = {
  clientId: 'host-a',
  instanceId: 'instance-0001',
  ephemeral: false,
  labels: { region: 'eu' },
}

export function sampleReport(namespace: Namespace, more: Partial<ClientReport> = {}): ClientReport {
  return {
    v: 1,
    namespace,
    clientId: 'host-a',
    instanceId: 'instance-0001',
    ephemeral: false,
    labels: { region: 'eu', größe: 'XL 🛰' },
    strategy: 'push',
    lookMs: 300_000,
    count: 1,
    upMs: 5_000,
    phase: 'applied',
    sinceMs: 1_000,
    protection: 'none',
    nextReportWithinMs: 60_000,
    ...more,
  }
}

/** A namespace that nobody else uses, so that cases may share a transport. */
export function uniqueNamespace(): Namespace {
  return `conformance/n${toHex(systemRandom.bytes(6))}`
}
