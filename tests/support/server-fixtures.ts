import type { Namespace } from '../../src/contracts/names.js'
import type { Epoch } from '../../src/contracts/position.js'
import type { Json } from '../../src/contracts/json.js'
import { canonicalize } from '../../src/core/json/canonical.js'
import { digestOf } from '../../src/core/release/digest.js'
import { encodeRelease, type Release, releaseDigest } from '../../src/core/release/release.js'
import { encodeText } from '../../src/core/json/text.js'
import type { Store } from '../../src/contracts/transport.js'
import { systemHasher } from '../../src/system/system.js'

export const NAMESPACE = 'checkout/prod'
export const EPOCH: Epoch = '1-9f3a01bc'
export const TOKEN = 'a-token-for-writing'

export const never = new AbortController().signal

export interface Published {
  readonly bytes: Uint8Array<ArrayBuffer>
  readonly snapshot: Uint8Array<ArrayBuffer>
  readonly digest: string
  readonly release: Release
}

/** A document and the release that names it. */
export function makeRelease(document: Json, options: Partial<Release> = {}): Published {
  const snapshot = encodeText(canonicalize(document))
  const digest = digestOf(systemHasher, snapshot)
  const sequence = options.sequence ?? 1
  const release: Release = {
    v: 1,
    namespace: NAMESPACE,
    epoch: EPOCH,
    sequence,
    issuedAt: '2026-11-21T09:30:00.000Z',
    cause: 'publish',
    stable: { version: sequence, variants: [{ digest, bytes: snapshot.length }] },
    prev: null,
    ...options,
  }
  return { bytes: encodeRelease(release), snapshot, digest, release }
}

/** Puts documents into a store one after another, each as the next release of its namespace. */
export async function publish(
  store: Store,
  document: Json,
  namespace: Namespace = NAMESPACE,
): Promise<Published> {
  const latest = await store.latest({ namespace }, never)
  const before =
    latest.type === 'release'
      ? (JSON.parse(new TextDecoder().decode(latest.bytes)) as { release: Release }).release
      : undefined
  const published = makeRelease(document, {
    namespace,
    sequence: (before?.sequence ?? 0) + 1,
    prev: latest.type === 'release' ? releaseDigest(systemHasher, latest.bytes) : null,
  })
  await store.put({ namespace, digest: published.digest, bytes: published.snapshot }, never)
  const { epoch, sequence } = published.release
  const outcome = await store.append({ namespace, at: { epoch, sequence }, bytes: published.bytes }, never)
  if (outcome !== 'appended') throw new Error(`the release was ${outcome}`)
  return published
}
