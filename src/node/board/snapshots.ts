import { NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import { digestsOf, variantsOf, type Release } from '../../core/release/release.js'
import { sameBytes } from '../../core/json/text.js'
import type { Board } from './board.js'
import { isUnfit, systemErrorCode } from '../disk/system-error.js'
import { ABANDONED_MS } from '../../core/limits.js'

/** Snapshots of a board, each in a file named by its digest. */
export interface BoardSnapshots {
  read(query: {
    readonly namespace: Namespace
    readonly digest: Digest
    readonly maxSnapshotBytes: number
  }): Promise<Uint8Array | undefined>
  /** Keeps a snapshot, durable before it resolves; the caller has checked its digest. */
  write(query: {
    readonly namespace: Namespace
    readonly digest: Digest
    readonly bytes: Uint8Array
  }): Promise<void>
  /** Forgets a snapshot. Throws `forbidden` when it was written within the hour. */
  remove(query: { readonly namespace: Namespace; readonly digest: Digest }): Promise<void>
  /** A snapshot that a release names and that is not here in its full length. */
  missing(namespace: Namespace, release: Release): Promise<Digest | undefined>
}

export function boardSnapshots({ fs, clock, files, paths }: Board): BoardSnapshots {
  const holds = async (path: string, bytes: Uint8Array): Promise<boolean> => {
    try {
      const occupant = await fs.read(path, bytes.length)
      return occupant !== undefined && sameBytes(occupant, bytes)
    } catch (error) {
      // Too large, or a link to nowhere: damaged, and replaced. A folder in its place makes the
      // rename fail, in words.
      if (isUnfit(error)) return false
      throw error
    }
  }

  return {
    read: async ({ namespace, digest, maxSnapshotBytes }) =>
      fs.read(paths.snapshot(namespace, digest), maxSnapshotBytes),

    async write({ namespace, digest, bytes }) {
      const path = paths.snapshot(namespace, digest)
      await fs.makeFolder(paths.snapshots(namespace))
      if (await holds(path, bytes)) {
        try {
          await fs.touch(path, clock.now())
          // Whoever wrote it may have died before its name was durable. Its bytes were, before it
          // had that name.
          return await fs.syncFolder(paths.snapshots(namespace))
        } catch (error) {
          // Retention moved it away in this moment.
          if (systemErrorCode(error) !== 'ENOENT') throw error
        }
      }
      await files.replace(path, bytes)
    },

    async remove({ namespace, digest }) {
      const path = paths.snapshot(namespace, digest)
      const aside = await files.moveAside(path)
      if (aside === undefined) return
      const stat = await fs.stat(aside)
      // A release that names it may be on its way.
      const isYoung = stat !== undefined && clock.now() - stat.changedMs < ABANDONED_MS
      // Where somebody wrote it again in the meantime, that one stays.
      if (isYoung) await fs.link(aside, path)
      await files.discard(aside)
      await fs.syncFolder(paths.snapshots(namespace))
      if (isYoung)
        throw new NoticeboardError(
          'forbidden',
          `the snapshot ${digest.slice(0, 12)}… was written within the hour, and a release may be about to name it; remove it later`,
        )
    },

    async missing(namespace, release) {
      const lengths = new Map(variantsOf(release).map(({ digest, bytes }) => [digest, bytes]))
      for (const digest of digestsOf(release)) {
        const stat = await fs.stat(paths.snapshot(namespace, digest))
        if (stat === undefined || stat.bytes !== lengths.get(digest)) return digest
      }
      return undefined
    },
  }
}

/** The refusal of a release whose snapshots are not all here. */
export function missingSnapshot(digest: Digest): NoticeboardError {
  return new NoticeboardError(
    'invalid-data',
    `the release names the snapshot ${digest.slice(0, 12)}…, which is not here in its full length; put it first`,
  )
}
