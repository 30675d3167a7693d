import { join } from 'node:path'
import { MAX_SEGMENTS, namespaceProblem, type Namespace } from '../../contracts/names.js'
import type { Board } from './board.js'
import type { BoardLog } from './log.js'

/**
 * The namespaces on a board that hold at least one release, in order. Namespaces nest, so a folder
 * may be both one and on the way to others.
 */
export async function findNamespaces({ fs, paths }: Board, log: BoardLog): Promise<readonly Namespace[]> {
  const found: Namespace[] = []

  const visit = async (folder: string, segments: readonly string[]): Promise<void> => {
    for (const name of [...(await fs.list(folder))].sort()) {
      const namespace = [...segments, name].join('/')
      // Files beside the folders, and whatever else somebody put there, have no such name.
      if (namespaceProblem(namespace) !== undefined) continue
      if ((await log.epochs(namespace)).length > 0) found.push(namespace)
      if (segments.length + 1 < MAX_SEGMENTS) await visit(join(folder, name), [...segments, name])
    }
  }

  await visit(paths.published, [])
  return found
}
