import { NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import { digestsOf, variantsOf, type Release } from '../../core/release/release.js'
import { sameBytes } from '../../core/json/text.js'
import type { Board } from './board.js'
import { isForbidden, isUnfit, systemErrorCode } from '../disk/system-error.js'
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
  /**
   * Forgets a snapshot, after `before`. Throws `forbidden` when it was written or touched within
   * the hour.
   */
  remove(query: {
    readonly namespace: Namespace
    readonly digest: Digest
    readonly before: () => Promise<void>
  }): Promise<void>
  /**
   * A snapshot that a release names and that is not here in its full length. Those that are here
   * and old are touched, so that retention leaves them alone until the release is in place.
   */
  secure(namespace: Namespace, release: Release): Promise<Digest | undefined>
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

  const isYoung = (stat: { readonly changedMs: number } | undefined): boolean =>
    stat !== undefined && clock.now() - stat.changedMs < ABANDONED_MS

  /** Whether the file is still there. One that belongs to somebody else keeps its time. */
  const touch = async (path: string): Promise<boolean> => {
    try {
      await fs.touch(path, clock.now())
      return true
    } catch (error) {
      if (systemErrorCode(error) === 'ENOENT') return false
      if (isForbidden(error)) return true
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

    async remove({ namespace, digest, before }) {
      const path = paths.snapshot(namespace, digest)
      // A young one is not moved, since somebody may be about to read it.
      if (isYoung(await fs.stat(path))) throw tooYoung(digest)
      await before()
      const aside = await files.moveAside(path)
      if (aside === undefined) return
      // Somebody touched it in between: a release that names it may be on its way.
      const isWanted = isYoung(await fs.stat(aside))
      // Where somebody wrote it again in the meantime, that one stays.
      if (isWanted) await fs.link(aside, path)
      await files.discard(aside)
      await fs.syncFolder(paths.snapshots(namespace))
      if (isWanted) throw tooYoung(digest)
    },

    async secure(namespace, release) {
      const lengths = new Map(variantsOf(release).map(({ digest, bytes }) => [digest, bytes]))
      for (const digest of digestsOf(release)) {
        const path = paths.snapshot(namespace, digest)
        const stat = await fs.stat(path)
        if (stat === undefined || stat.bytes !== lengths.get(digest)) return digest
        if (clock.now() - stat.changedMs >= ABANDONED_MS / 2 && !(await touch(path))) return digest
      }
      return undefined
    },
  }
}

function tooYoung(digest: Digest): NoticeboardError {
  return new NoticeboardError(
    'forbidden',
    `the snapshot ${digest.slice(0, 12)}… was written within the hour, and a release may be about to name it; remove it later`,
  )
}

/** The refusal of a release whose snapshots are not all here. */
export function missingSnapshot(digest: Digest): NoticeboardError {
  return new NoticeboardError(
    'invalid-data',
    `the release names the snapshot ${digest.slice(0, 12)}…, which is not here in its full length; put it first`,
  )
}
