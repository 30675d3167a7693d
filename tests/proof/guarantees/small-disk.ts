import type { Fs } from '../../../src/contracts/system.js'
import type { SimDisk } from '../../../src/sim/disk.js'

/** How much a disk holds. */
export interface Quota {
  /** Undefined: as much as anybody wants. */
  limitBytes: number | undefined
  /** What the files on it take. */
  readonly usedBytes: number
  /** The disk with the limit. */
  readonly over: (disk: Fs) => Fs
}

/** A disk that can be full to the last byte, and takes again what a removed file gives back. */
export function quotaOf(disk: SimDisk): Quota {
  const used = (): number => {
    // A file with two names is one.
    let bytes = 0
    for (const file of new Set(disk.files.values())) bytes += file.length
    return bytes
  }
  const quota: Quota = {
    limitBytes: undefined,
    get usedBytes() {
      return used()
    },
    over: plain => ({
      ...plain,
      async create(path, bytes) {
        if (quota.limitBytes !== undefined && used() + bytes.length > quota.limitBytes)
          throw Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' })
        await plain.create(path, bytes)
      },
    }),
  }
  return quota
}
