import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

/** How much a board takes of the disk, in bytes. @param {string} path @returns {Promise<number>} */
export async function bytesIn(path) {
  let sum = 0
  for (const entry of await readdir(path, { recursive: true, withFileTypes: true })) {
    // A file that is just being written takes the place of another, and one that is renamed counts
    // when it is there again.
    if (!entry.isFile() || entry.parentPath.endsWith('/tmp')) continue
    const found = await stat(join(entry.parentPath, entry.name)).catch(() => undefined)
    sum += found?.size ?? 0
  }
  return sum
}
