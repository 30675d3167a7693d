import type { Digest } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'
import type { SavedSnapshot } from '../../contracts/state.js'
import type { InlineSnapshot, Transport } from '../../contracts/transport.js'
import type { Release } from '../../core/release/release.js'
import { armOf } from '../../core/release/target.js'
import type { Origin, Running } from '../running.js'

/** What a client is to run next, and where that wish comes from. */
export type Pending = ReceivedRelease | SavedRelease | SavedVersion

/** A verified release that a transport brought. */
export interface ReceivedRelease {
  readonly type: 'release'
  readonly release: Release
  readonly position: Position
  /** Where to fetch what it names. */
  readonly from: Transport
  readonly inline: readonly InlineSnapshot[]
  /** `unmanaged`: a bare document, whose positions are of its own making. */
  readonly origin: 'network' | 'unmanaged'
}

/** The newest release of an earlier life, which had applied it; evaluated anew, from disk alone. */
export interface SavedRelease {
  readonly type: 'saved-release'
  readonly release: Release
  readonly position: Position
}

/** A snapshot that an earlier life ran, or had earned as last-known-good. */
export interface SavedVersion {
  readonly type: 'saved-version'
  readonly saved: SavedSnapshot
  /** Where it was applied; undefined for what came from a bare document. */
  readonly position: Position | undefined
}

/** Which part of the fleet a client belongs to that runs a snapshot because of it. */
export function partOf(pending: Pending, digest: Digest): Pick<Running<unknown>, 'arm' | 'rolloutId'> {
  if (pending.type === 'saved-version') return { arm: undefined, rolloutId: undefined }
  const { release } = pending
  return { arm: armOf(release, digest), rolloutId: release.rollout?.id }
}

/** Where a value comes from that is made of it. */
export function originOf(pending: Pending): Origin {
  return pending.type === 'release' ? pending.origin : 'state'
}
