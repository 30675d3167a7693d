import { join } from 'node:path'
import type { DeltaCodec, Deltas, HeldSnapshot } from '../../contracts/deltas.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'
import type { DeltaQuery } from '../../contracts/transport.js'
import { createSerial } from '../../async/serial.js'
import { deltaPairs, mayHaveDeltas, type DeltaPair } from '../../core/release/delta-pairs.js'
import { digestOf } from '../../core/release/digest.js'
import { decodeRelease, positionOf, type Release } from '../../core/release/release.js'
import { DELTA_RELEASES } from '../../core/limits.js'
import { forLog, isUnfit } from '../disk/system-error.js'
import type { Board } from './board.js'
import type { BoardLog } from './log.js'
import { deltasIn } from './paths.js'
import type { BoardSnapshots } from './snapshots.js'

/** Deltas of a board, each in a file named by the two snapshots. Nothing depends on one. */
export interface BoardDeltas {
  /** The delta, once those that are being made are there; undefined where there is none. */
  read(query: DeltaQuery): Promise<Uint8Array | undefined>
  /**
   * Makes those that a release is worth, after it was appended. Never rejects: what cannot be made
   * is missing.
   */
  follow(namespace: Namespace, bytes: Uint8Array): Promise<void>
  /** Removes those to and from a snapshot that goes. */
  forget(namespace: Namespace, digest: Digest): Promise<void>
}

export interface BoardDeltasOptions {
  readonly log: Pick<BoardLog, 'bytesAt'>
  readonly snapshots: Pick<BoardSnapshots, 'read'>
  /** Undefined where none are made. */
  readonly deltas: Deltas | undefined
  readonly maxSnapshotBytes: number
}

export function boardDeltas(
  { fs, files, paths, clock, hasher, logger }: Board,
  { log, snapshots, deltas, maxSnapshotBytes }: BoardDeltasOptions,
): BoardDeltas {
  const inTurn = createSerial()
  const making = new Map<Namespace, Promise<void>>()

  /**
   * The releases right before a position, the latest first, as far as they are there and can be
   * read.
   */
  const before = async (namespace: Namespace, { epoch, sequence }: Position): Promise<readonly Release[]> => {
    const found: Release[] = []
    for (let back = 1; back <= DELTA_RELEASES && sequence - back >= 1; back += 1) {
      const bytes = await log.bytesAt(namespace, { epoch, sequence: sequence - back })
      if (bytes === undefined) break
      found.push(decodeRelease(bytes).release)
    }
    return found
  }

  const held = async (namespace: Namespace, digest: Digest): Promise<HeldSnapshot | undefined> => {
    const bytes = await snapshots.read({ namespace, digest, maxSnapshotBytes })
    return bytes !== undefined && digestOf(hasher, bytes) === digest ? { digest, bytes } : undefined
  }

  const make = async (
    namespace: Namespace,
    { base, digest }: DeltaPair,
    codec: DeltaCodec,
  ): Promise<void> => {
    const path = paths.delta(namespace, { base, digest })
    if ((await fs.stat(path)) !== undefined) return
    const [from, to] = [await held(namespace, base), await held(namespace, digest)]
    if (from === undefined || to === undefined) return
    const delta = codec.encode({ base: from, bytes: to.bytes })
    if (delta !== undefined) await files.replace(path, delta)
  }

  const makeAll = async (namespace: Namespace, bytes: Uint8Array): Promise<void> => {
    const { release } = decodeRelease(bytes)
    if (deltas === undefined || !mayHaveDeltas(release)) return
    const codec = await deltas.codec()
    if (codec === undefined) return
    for (const pair of deltaPairs(release, await before(namespace, positionOf(release)))) {
      await make(namespace, pair, codec)
      // Each takes about a millisecond, and others want their turn.
      await clock.turn()
    }
  }

  return {
    async read({ namespace, digest, base, maxBytes }) {
      await making.get(namespace)
      try {
        return await fs.read(paths.delta(namespace, { base, digest }), maxBytes)
      } catch (error) {
        // Too long, or no file: as if there were none.
        if (isUnfit(error)) return undefined
        throw error
      }
    },

    async follow(namespace, bytes) {
      const mine = inTurn(namespace, () => makeAll(namespace, bytes)).catch((error: unknown) => {
        logger?.debug('deltas could not be made; clients fetch whole snapshots', {
          namespace,
          ...forLog(error, `write a delta of ${namespace}`),
        })
      })
      making.set(namespace, mine)
      await mine
      if (making.get(namespace) === mine) making.delete(namespace)
    },

    async forget(namespace, digest) {
      const folder = paths.snapshots(namespace)
      for (const delta of deltasIn(await fs.list(folder)))
        if (delta.digest === digest || delta.base === digest) await fs.remove(join(folder, delta.name))
    },
  }
}
