import type { Fs } from '../../../src/contracts/system.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { systemError } from '../../../src/node/disk/system-error.js'

/**
 * A disk in memory: files by their path. One that is a string instead of bytes fails to be read
 * with that code of the system.
 */
export function memoryDisk(files: Map<string, Uint8Array | string>): Fs {
  const changed = new Map<string, number>()
  const bytesOf = (path: string): Uint8Array | undefined => {
    const found = files.get(path)
    if (typeof found === 'string') throw systemError(found, path)
    return found
  }
  return {
    async read(path, maxBytes) {
      const bytes = bytesOf(path)
      if (bytes !== undefined && bytes.length > maxBytes)
        throw new NoticeboardError('too-large', 'the file is too large')
      return bytes
    },
    async list(path) {
      const names = [...files.keys()]
        .filter(file => file.startsWith(`${path}/`))
        .map(file => file.slice(path.length + 1).split('/')[0]!)
      return [...new Set(names)]
    },
    async makeFolder() {},
    async create(path, bytes) {
      if (files.has(path)) throw systemError('EEXIST', path)
      files.set(path, bytes)
    },
    async link(from, to) {
      if (files.has(to)) return 'taken'
      files.set(to, bytesOf(from)!)
      return 'linked'
    },
    async rename(from, to) {
      if (typeof files.get(to) === 'string') throw systemError('EISDIR', to)
      files.set(to, bytesOf(from)!)
      files.delete(from)
    },
    async remove(path) {
      files.delete(path)
    },
    async syncFolder() {},
    async stat(path) {
      const found = files.get(path)
      return found === undefined ? undefined : { bytes: found.length, changedMs: changed.get(path) ?? 0 }
    },
    async touch(path, changedMs) {
      changed.set(path, changedMs)
    },
  }
}
