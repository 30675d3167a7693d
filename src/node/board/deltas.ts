import { join } from 'node:path'
import type { DeltaCodec, Deltas, HeldSnapshot } from '../../contracts/deltas.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'
import type { AppendQuery, DeltaQuery } from '../../contracts/transport.js'
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
  /**
   * The delta: of one that is being made as soon as it is, before it is on disk. Undefined where
   * there is none.
   */
  read(query: DeltaQuery): Promise<Uint8Array | undefined>
  /**
   * Makes those that a release is worth, once it is appended. Called before that, so that whoever
   * hears of the release and asks for one waits for it, and makes none as well. Never rejects: what
   * cannot be made is missing.
   */
  follow(query: AppendQuery, appended: Promise<'appended' | 'taken'>): Promise<void>
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
  const [chooseInTurn, makeInTurn, writeInTurn] = [createSerial(), createSerial(), createSerial()]
  /** Until it is known which of them a release is worth, by namespace. */
  const choosing = new Map<Namespace, Promise<unknown>>()
  /** Those that are not on disk yet, by their files. */
  const coming = new Map<string, Promise<Uint8Array | undefined>>()

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
  ): Promise<Uint8Array | undefined> => {
    if ((await fs.stat(paths.delta(namespace, { base, digest }))) !== undefined) return undefined
    const [from, to] = [await held(namespace, base), await held(namespace, digest)]
    if (from === undefined || to === undefined) return undefined
    // Each takes about a millisecond, and others want their turn.
    await clock.turn()
    return codec.encode({ base: from, bytes: to.bytes })
  }

  /** Says that something could not be made. */
  const missing =
    (namespace: Namespace) =>
    (error: unknown): undefined => {
      logger?.debug('deltas could not be made; clients fetch whole snapshots', {
        namespace,
        ...forLog(error, `write a delta of ${namespace}`),
      })
    }

  /** Begins to make one, and resolves when it is on disk. */
  const begin = async (namespace: Namespace, pair: DeltaPair, codec: DeltaCodec): Promise<void> => {
    const path = paths.delta(namespace, pair)
    if (coming.has(path)) return
    const making = makeInTurn(namespace, () => make(namespace, pair, codec)).catch(missing(namespace))
    coming.set(path, making)
    const delta = await making
    if (delta !== undefined)
      await writeInTurn(namespace, () => files.replace(path, delta)).catch(missing(namespace))
    coming.delete(path)
  }

  /** Begins to make all that a release is worth, and resolves when it is known which those are. */
  const beginAll = async (namespace: Namespace, bytes: Uint8Array): Promise<readonly Promise<void>[]> => {
    const { release } = decodeRelease(bytes)
    if (deltas === undefined || !mayHaveDeltas(release)) return []
    const codec = await deltas.codec()
    if (codec === undefined) return []
    const pairs = deltaPairs(release, await before(namespace, positionOf(release)))
    return pairs.map(pair => begin(namespace, pair, codec))
  }

  return {
    async read({ namespace, digest, base, maxBytes }) {
      const path = paths.delta(namespace, { base, digest })
      await choosing.get(namespace)
      const made = await coming.get(path)
      if (made !== undefined) return made.length <= maxBytes ? made : undefined
      try {
        return await fs.read(path, maxBytes)
      } catch (error) {
        // Too long, or no file: as if there were none.
        if (isUnfit(error)) return undefined
        throw error
      }
    },

    async follow({ namespace, bytes }, appended) {
      const outcome = appended.catch(() => 'failed')
      const beginning = chooseInTurn(namespace, async () =>
        (await outcome) === 'appended' ? beginAll(namespace, bytes) : [],
      ).catch(missing(namespace))
      choosing.set(namespace, beginning)
      const written = await beginning
      if (choosing.get(namespace) === beginning) choosing.delete(namespace)
      await Promise.all(written ?? [])
    },

    async forget(namespace, digest) {
      const folder = paths.snapshots(namespace)
      for (const delta of deltasIn(await fs.list(folder)))
        if (delta.digest === digest || delta.base === digest) await fs.remove(join(folder, delta.name))
    },
  }
}
