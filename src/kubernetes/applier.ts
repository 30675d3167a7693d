import { createLinkedAbortController, type LinkedAbortController } from '../async/signals.js'
import { withDeadline } from '../async/deadline.js'
import { createSerial } from '../async/serial.js'
import { asNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Digest, Namespace } from '../contracts/names.js'
import { comparePositions, formatPosition, type Position } from '../contracts/position.js'
import type { Clock, Hasher } from '../contracts/system.js'
import type { Mirror } from '../contracts/transport.js'
import { MAX_VARIANTS } from '../core/limits.js'
import { assertDigest } from '../core/release/digest.js'
import { decodeRelease, digestsOf, positionOf } from '../core/release/release.js'
import { boardManifest, type BoardManifest, type BoardManifestOptions } from './manifest.js'

/** Brings a manifest to the cluster. Rejects when it could not; heeds the signal where it can. */
export type ApplyManifest = (manifest: BoardManifest, signal: AbortSignal) => unknown

export interface ApplierOptions {
  readonly apply: ApplyManifest
  readonly manifest: (namespace: Namespace) => BoardManifestOptions
  readonly timeoutMs: number
  readonly clock: Clock
  readonly hasher: Hasher
}

/** Applies boards one at a time, the newest of each namespace. */
export interface Applier extends Pick<Mirror, 'put' | 'announce'> {
  /** Whether a snapshot was put already. */
  holds(query: { readonly namespace: Namespace; readonly digest: Digest }): boolean
}

/** What is known of one namespace. */
interface Desk {
  newest: Position | undefined
  readonly snapshots: Map<Digest, Uint8Array>
  attempt: LinkedAbortController | undefined
}

/** How many snapshots wait for a release that names them: those of two arms, of two releases. */
const MOST_SNAPSHOTS = 4 * MAX_VARIANTS

/**
 * Makes an {@link Applier}. A newer release ends the attempt of an older one, and one that waits
 * behind it is passed over; two attempts of a namespace never overlap, unless one goes on after its
 * signal has aborted.
 *
 * ```ts
 * const { put, announce } = createApplier({ apply, manifest, timeoutMs: 30_000, clock, hasher })
 * ```
 */
export function createApplier({ apply, manifest, timeoutMs, clock, hasher }: ApplierOptions): Applier {
  const desks = new Map<Namespace, Desk>()
  const inTurn = createSerial()

  const deskOf = (namespace: Namespace): Desk => {
    const desk = desks.get(namespace) ?? { newest: undefined, snapshots: new Map(), attempt: undefined }
    desks.set(namespace, desk)
    return desk
  }

  return {
    holds: ({ namespace, digest }) => desks.get(namespace)?.snapshots.has(digest) === true,

    async put({ namespace, digest, bytes }, signal) {
      signal.throwIfAborted()
      assertDigest(hasher, { bytes, digest, what: `a snapshot of ${namespace}` })
      const { snapshots } = deskOf(namespace)
      snapshots.delete(digest)
      snapshots.set(digest, bytes)
      for (const oldest of snapshots.keys()) if (snapshots.size > MOST_SNAPSHOTS) snapshots.delete(oldest)
    },

    async announce({ namespace, bytes }, signal) {
      signal.throwIfAborted()
      const desk = deskOf(namespace)
      const { release } = decodeRelease(bytes)
      const position = positionOf(release)
      if (release.namespace !== namespace)
        throw new NoticeboardError(
          'invalid-data',
          `a release of ${release.namespace} was announced as one of ${namespace}, and is not applied; check the address of the store and any rewriting in between`,
        )
      const order = desk.newest && comparePositions(position, desk.newest)
      if (order === 'older') return
      if (order === 'fork')
        throw new NoticeboardError(
          'fork',
          `${namespace} has two epochs with one number, so two stores publish it; ${formatPosition(position)} is not applied. Open a new epoch in the right one: noticeboard epoch`,
        )
      const snapshots = [...desk.snapshots].map(([digest, snapshot]) => ({ digest, bytes: snapshot }))
      const made = boardManifest({ release: bytes, snapshots }, { ...manifest(namespace), hasher })
      if (order !== 'same') {
        desk.newest = position
        desk.attempt?.abort()
      }
      const isPassed = (): boolean =>
        desk.newest !== undefined && comparePositions(desk.newest, position) === 'newer'
      await inTurn(namespace, async () => {
        if (isPassed()) return
        const attempt = createLinkedAbortController(signal)
        desk.attempt = attempt
        try {
          const what = `applying the ${made.kind} ${made.metadata.name}`
          await withDeadline({ clock, signal: attempt.signal, timeoutMs, what }, async own =>
            apply(made, own),
          )
        } catch (error) {
          // Whoever announced the newer one waits for that.
          if (isPassed()) return
          throw asNoticeboardError(
            error,
            'unavailable',
            `the ${made.kind} ${made.metadata.name} could not be applied`,
          )
        } finally {
          attempt.finish()
        }
        const named = new Set(digestsOf(release))
        for (const digest of desk.snapshots.keys()) if (!named.has(digest)) desk.snapshots.delete(digest)
      })
    },
  }
}
