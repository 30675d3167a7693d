import { join } from 'node:path'
import type { Fs } from '../../contracts/system.js'

/** What an operator asks for on this machine by a file that is named for it. */
export interface Asked<What> {
  readonly what: What
  /** When the file was changed last, in milliseconds since 1970. */
  readonly atMs: number
}

/** What the files in a folder ask for; a name that `read` makes nothing of asks for nothing. */
export async function readAsked<What>(
  fs: Pick<Fs, 'list' | 'stat'>,
  folder: string,
  read: (name: string) => What | undefined,
): Promise<readonly Asked<What>[]> {
  const found: Asked<What>[] = []
  for (const name of await fs.list(folder)) {
    const what = read(name)
    if (what === undefined) continue
    const stat = await fs.stat(join(folder, name))
    if (stat !== undefined) found.push({ what, atMs: stat.changedMs })
  }
  return found
}
