import { createWakeable } from '../../async/wakeable.js'
import { isNoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import type { Clock } from '../../contracts/system.js'
import type { Delivery } from '../../contracts/transport.js'
import { defaultPeriods } from '../../core/defaults.js'
import { MAX_RELEASE_BYTES } from '../../core/limits.js'
import { decodeRelease, positionOf } from '../../core/release/release.js'
import { releaseKey } from '../../kubernetes/keys.js'
import type { FolderWatch } from '../disk/folder-watch.js'
import { doing } from '../disk/system-error.js'
import type { Volume } from './volume.js'

/** How often a watch shows that it lives while nothing changes, in milliseconds. */
const HEARTBEAT_MS = defaultPeriods.heartbeatMs

export interface VolumeWatchOptions {
  readonly volume: Volume
  readonly folder: string
  readonly namespaces: readonly Namespace[]
  readonly clock: Clock
  readonly pollIntervalMs: number
  /** Tells sooner than the poll; not every file system does, and none is relied upon. */
  readonly folderWatch: FolderWatch | undefined
}

/**
 * Follows a volume until the signal aborts: looks at it when the system tells of a change, and at
 * intervals in any case. Throws when it cannot be read. What went back in it is not told.
 *
 * ```ts
 * yield* watchVolume({ volume, folder, namespaces, clock, pollIntervalMs, folderWatch }, signal)
 * ```
 */
export async function* watchVolume(
  { volume, folder, namespaces, clock, pollIntervalMs, folderWatch }: VolumeWatchOptions,
  signal: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  const news = createWakeable(clock)
  const told = new Map<Namespace, Position>()
  let looked: string | undefined
  // Before the first look, so that no change falls between the two.
  const stop = folderWatch?.(folder, news.wake, () => {})

  /** The releases of a generation that was not looked at yet, all of the same one. */
  const look = (): Promise<readonly Found[]> =>
    volume.read(async ({ name, read }) => {
      if (name === looked) return []
      const found: Found[] = []
      for (const namespace of namespaces) {
        const bytes = await read(releaseKey(namespace), MAX_RELEASE_BYTES)
        if (bytes !== undefined) found.push({ namespace, bytes, name })
      }
      return found
    })

  try {
    let saidMs = clock.monotonic()
    for (let first = true; !signal.aborted; first = false) {
      news.clear()
      const found = await doing(`read the volume in ${folder}`, look)
      for (const { namespace, bytes, name } of found) {
        looked = name
        if (!isNews(told, namespace, bytes)) continue
        saidMs = clock.monotonic()
        yield { type: 'release', namespace, bytes }
        if (signal.aborted) return
      }
      const isSilent = clock.monotonic() - saidMs >= HEARTBEAT_MS
      if (isSilent || (first && told.size < namespaces.length)) {
        saidMs = clock.monotonic()
        yield { type: 'alive', heartbeatMs: HEARTBEAT_MS }
      }
      const untilHeartbeatMs = HEARTBEAT_MS - (clock.monotonic() - saidMs)
      await news.wait(Math.max(1, Math.min(pollIntervalMs, untilHeartbeatMs)), signal)
    }
  } finally {
    stop?.()
  }
}

interface Found {
  readonly namespace: Namespace
  readonly bytes: Uint8Array
  /** The generation. */
  readonly name: string
}

/**
 * Whether a release is newer than what was told; one that cannot be read is told, so that its
 * reader says so.
 */
function isNews(told: Map<Namespace, Position>, namespace: Namespace, bytes: Uint8Array): boolean {
  const before = told.get(namespace)
  try {
    const position = positionOf(decodeRelease(bytes).release)
    if (before !== undefined && comparePositions(position, before) !== 'newer') return false
    told.set(namespace, position)
    return true
  } catch (error) {
    if (!isNoticeboardError(error)) throw error
    return true
  }
}
