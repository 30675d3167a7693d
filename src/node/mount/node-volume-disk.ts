import { readlink, stat } from 'node:fs/promises'
import { nodeFs } from '../disk/node-fs.js'
import { isMissing, systemErrorCode } from '../disk/system-error.js'
import type { VolumeDisk } from './volume.js'

/** What says that something else than a link stands at a path. */
const NO_LINK: ReadonlySet<string> = new Set(['EINVAL', 'UNKNOWN'])

/** The machine's disk. */
export function nodeVolumeDisk(): VolumeDisk {
  return {
    read: nodeFs({ symbolicLinks: 'follow' }).read,

    async readLink(path) {
      try {
        return await readlink(path)
      } catch (error) {
        if (isMissing(error) || NO_LINK.has(systemErrorCode(error) ?? '')) return undefined
        throw error
      }
    },

    async kindOf(path) {
      try {
        return (await stat(path)).isDirectory() ? 'folder' : 'file'
      } catch (error) {
        if (isMissing(error)) return 'missing'
        throw error
      }
    },
  }
}
