import { resolve } from 'node:path'
import { refuseIfAborted } from '../../async/signals.js'
import { NoticeboardError } from '../../contracts/errors.js'
import { parseDigest, parseNamespace } from '../../contracts/names.js'
import type { System } from '../../contracts/system.js'
import type { Latest, WatchTransport } from '../../contracts/transport.js'
import { MAX_RELEASE_BYTES } from '../../core/limits.js'
import { checkOptions, checkPositive } from '../../core/options.js'
import { decodeRelease, digestsOf } from '../../core/release/release.js'
import { releaseKey, snapshotKey } from '../../kubernetes/keys.js'
import { readSystem } from '../../system/system.js'
import { nodeFolderWatch, type FolderWatch } from '../disk/folder-watch.js'
import { doing } from '../disk/system-error.js'
import { nodeVolumeDisk } from './node-volume-disk.js'
import { volumeIn, type VolumeDisk } from './volume.js'
import { watchVolume } from './watch-volume.js'

/** How a mounted board is read; everything has a default. */
export interface MountedBoardOptions {
  /**
   * How often the volume is looked at, for changes that the system does not tell of, in
   * milliseconds. Default 5,000; a kubelet takes up to two minutes to bring one.
   */
  readonly pollIntervalMs?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
}

/**
 * A board in a ConfigMap or a Secret that is mounted as a volume, as
 * `noticeboard export --kubernetes` and `configMapMirror()` write it. `folder` is the `mountPath`
 * of the container. The kubelet swaps the whole volume at once; every read is of one generation of
 * it, and a watch tells of the next one.
 *
 * It only reads. Reports go to a server where there is one:
 * `hybrid(fallback([mountedBoard('/etc/config'), http(url)]))`; where there is none, publish with
 * `timed()`. Calls throw `unsupported` when the folder is no such volume or was mounted with
 * `subPath`, which never changes, and `unavailable` while there is no folder. Throws
 * `invalid-option`.
 *
 * ```ts
 * const config = createClient({ namespace, schema, strategy: hybrid(mountedBoard('/etc/config')) })
 * ```
 */
export function mountedBoard(folder: string, options: MountedBoardOptions = {}): WatchTransport {
  return boardOnVolume(folder, options, { disk: nodeVolumeDisk(), folderWatch: nodeFolderWatch })
}

/** What a mounted board stands on. */
export interface MountTools {
  readonly disk: VolumeDisk
  readonly folderWatch: FolderWatch | undefined
}

/** The same, on another disk than the machine's. */
export function boardOnVolume(
  folder: string,
  options: MountedBoardOptions,
  { disk, folderWatch }: MountTools,
): WatchTransport {
  checkOptions('mountedBoard()', options, { pollIntervalMs: true, system: true })
  const { pollIntervalMs = 5_000 } = options
  checkPositive('mountedBoard()', { pollIntervalMs })
  const { clock } = readSystem('mountedBoard()', options.system)
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0'))
    throw new NoticeboardError(
      'invalid-option',
      'mountedBoard() needs the path of a folder, the mountPath of a ConfigMap or Secret, such as "/etc/config"',
    )
  const root = resolve(folder)
  const volume = volumeIn(root, disk)

  const enter = (namespace: unknown, signal: AbortSignal): void => {
    parseNamespace(namespace)
    refuseIfAborted(signal)
  }

  return {
    name: `mounted ${root}`,

    async latest({ namespace, tag }, signal) {
      enter(namespace, signal)
      return doing(`read the mounted board of ${namespace}`, () =>
        volume.read(async (generation): Promise<Latest> => {
          if (tag === generation.name) return { type: 'unchanged' }
          const bytes = await generation.read(releaseKey(namespace), MAX_RELEASE_BYTES)
          return bytes === undefined ? { type: 'none' } : { type: 'release', bytes, tag: generation.name }
        }),
      )
    },

    async snapshot({ namespace, digest, maxSnapshotBytes }, signal) {
      enter(namespace, signal)
      parseDigest(digest)
      const bytes = await doing(`read a snapshot of ${namespace}`, () =>
        volume.read(async generation => {
          // Namespaces that share a volume are kept apart: only what its release names is answered.
          const release = await generation.read(releaseKey(namespace), MAX_RELEASE_BYTES)
          const isNamed = release !== undefined && digestsOf(decodeRelease(release).release).includes(digest)
          return isNamed ? generation.read(snapshotKey(digest), maxSnapshotBytes) : undefined
        }),
      )
      if (bytes !== undefined) return bytes
      throw new NoticeboardError(
        'not-found',
        `the volume in ${root} has no snapshot ${digest.slice(0, 12)}… of ${namespace}; it holds those of its release alone, which may be a newer one by now`,
      )
    },

    async *watch({ namespaces }, signal) {
      if (signal.aborted) return
      for (const namespace of namespaces) enter(namespace, signal)
      yield* watchVolume({ volume, folder: root, namespaces, clock, pollIntervalMs, folderWatch }, signal)
    },
  }
}
