import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach } from 'vitest'
import type { Digest, Namespace } from '../../src/contracts/names.js'
import type { Position } from '../../src/contracts/position.js'
import type { Store } from '../../src/contracts/transport.js'
import { canonicalize } from '../../src/core/json/canonical.js'
import { digestOf } from '../../src/core/release/digest.js'
import { decodeRelease, encodeRelease, releaseDigest, type Release } from '../../src/core/release/release.js'
import { encodeText } from '../../src/core/json/text.js'
import { systemHasher } from '../../src/system/system.js'

export const EPOCH = '1-9f3a01bc'
export const NAMESPACE = 'checkout/prod'
export const never: AbortSignal = new AbortController().signal

const folders: string[] = []
const permanent: string[] = []
const closers: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const close of closers.splice(0)) await close()
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true })
})

afterAll(async () => {
  for (const folder of permanent.splice(0)) await rm(folder, { recursive: true, force: true })
})

/** A new folder that is removed after the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-test-'))
  folders.push(folder)
  return folder
}

/** A new folder that is removed after the file's last test. */
export async function permanentFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-test-'))
  permanent.push(folder)
  return folder
}

/** Closes a thing after the test. */
export function closeLater<Thing extends { close(): Promise<unknown> }>(thing: Thing): Thing {
  closers.push(() => thing.close())
  return thing
}

/** A document as a snapshot. */
export function snapshotOf(document: unknown): { readonly digest: Digest; readonly bytes: Uint8Array } {
  const bytes = encodeText(canonicalize(document))
  return { digest: digestOf(systemHasher, bytes), bytes }
}

/** A release of one snapshot. */
export function releaseOf(
  { digest, bytes }: { readonly digest: Digest; readonly bytes: Uint8Array },
  {
    namespace = NAMESPACE,
    at,
    prev = null,
    ...more
  }: Partial<Release> & { readonly at: Position; readonly prev?: Digest | null },
): Uint8Array {
  return encodeRelease({
    v: 1,
    namespace,
    epoch: at.epoch,
    sequence: at.sequence,
    issuedAt: '2026-11-21T09:30:00.000Z',
    cause: 'publish',
    stable: { version: at.sequence, variants: [{ digest, bytes: bytes.length }] },
    prev,
    ...more,
  })
}

export function digestOfRelease(bytes: Uint8Array): Digest {
  return releaseDigest(systemHasher, bytes)
}

/** Puts a document and appends a release of it after the newest one. */
export async function publish(
  store: Store,
  document: unknown,
  {
    namespace = NAMESPACE,
    epoch,
    urgent,
    audit,
  }: {
    readonly namespace?: Namespace
    readonly epoch?: string
    readonly urgent?: boolean
    readonly audit?: Uint8Array
  } = {},
): Promise<{ readonly at: Position; readonly bytes: Uint8Array; readonly outcome: 'appended' | 'taken' }> {
  const snapshot = snapshotOf(document)
  await store.put({ namespace, ...snapshot }, never)
  const latest = await store.latest({ namespace }, never)
  const newest = latest.type === 'release' ? decodeRelease(latest.bytes).release : undefined
  const opens = newest === undefined || (epoch !== undefined && epoch !== newest.epoch)
  const at = opens
    ? { epoch: epoch ?? EPOCH, sequence: 1 }
    : { epoch: newest.epoch, sequence: newest.sequence + 1 }
  const prev = latest.type === 'release' ? digestOfRelease(latest.bytes) : null
  const bytes = releaseOf(snapshot, {
    namespace,
    at,
    prev,
    ...(audit && { audit: digestOf(systemHasher, audit) }),
  })
  const outcome = await store.append({ namespace, at, bytes, audit, urgent }, never)
  return { at, bytes, outcome }
}

/** The next thing that comes out of an iterable. */
export async function nextOf<Value>(iterator: AsyncIterator<Value>): Promise<Value> {
  const { value, done } = await iterator.next()
  if (done === true) throw new Error('it ended')
  return value
}
