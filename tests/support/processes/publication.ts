import { canonicalize } from '../../../src/core/json/canonical.js'
import { digestOf } from '../../../src/core/release/digest.js'
import { decodeRelease, encodeRelease, releaseDigest } from '../../../src/core/release/release.js'
import { encodeText } from '../../../src/core/json/text.js'
import type { Position } from '../../../src/contracts/position.js'
import type { FileStore } from '../../../src/node/board/file-store.js'
import { systemHasher } from '../../../src/system/system.js'
import { RACE_NAMESPACE as namespace } from '../../proof/board/board-check.js'

/** A document, and a release of it for the place after the newest one. */
export interface Publication {
  readonly snapshot: { readonly digest: string; readonly bytes: Uint8Array }
  readonly release: { readonly at: Position; readonly bytes: Uint8Array; readonly audit: Uint8Array }
}

/**
 * What a publisher makes of the board as it stands. It begins the epoch where there is no release,
 * or none that it may continue.
 */
export async function publicationOn(
  store: FileStore,
  {
    epoch,
    round,
    mayContinue = () => true,
  }: { epoch: string; round: number; mayContinue?: (epoch: string) => boolean },
): Promise<Publication> {
  const document = encodeText(canonicalize({ pid: process.pid, round }))
  const digest = digestOf(systemHasher, document)
  const latest = await store.latest({ namespace }, new AbortController().signal)
  const newest = latest.type === 'release' ? decodeRelease(latest.bytes).release : undefined
  const at =
    newest !== undefined && mayContinue(newest.epoch)
      ? { epoch: newest.epoch, sequence: newest.sequence + 1 }
      : { epoch, sequence: 1 }
  const audit = encodeText(canonicalize({ nonce: digest.slice(0, 32), reason: `round ${round}`, v: 1 }))
  const bytes = encodeRelease({
    v: 1,
    namespace,
    ...at,
    issuedAt: '2026-11-21T09:30:00.000Z',
    cause: 'publish',
    stable: { version: at.sequence, variants: [{ digest, bytes: document.length }] },
    prev: latest.type === 'release' ? releaseDigest(systemHasher, latest.bytes) : null,
    audit: digestOf(systemHasher, audit),
  })
  return { snapshot: { digest, bytes: document }, release: { at, bytes, audit } }
}
