import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { loadWorkload, type WorkloadInput } from '../../../src/compare/index.js'
import type { Json } from '../../../src/contracts/json.js'
import { temporaryFolder } from '../../support/board-kit.js'

const flags = (share: (at: number) => number, isOn: (at: number) => boolean): Json =>
  Object.fromEntries(
    Array.from({ length: 180 }, (_, at) => [
      `service-${at % 23}.feature-${at}`,
      { enabled: isOn(at), owner: `team-${at % 40}`, share: share(at) },
    ]),
  )
const isThird = (at: number): boolean => at % 3 === 0
const list = (without: number): Json => ({
  hosts: Array.from({ length: 400 }, (_, at) => `host-${at}.example.com:8080`).filter(
    (_, at) => at !== without,
  ),
})

/**
 * Typical changes of documents of 10 to 16 KB, and what a delta of each is shorter than, in bytes.
 */
export const CHANGES: Readonly<
  Record<string, { readonly before: Json; readonly after: Json; readonly most: number }>
> = {
  'one flag': {
    before: flags(at => at, isThird),
    after: flags(
      at => at,
      at => at === 91 || isThird(at),
    ),
    most: 300,
  },
  'one of a list taken out': { before: list(-1), after: list(200), most: 200 },
  'a number of each flag': {
    before: flags(at => at, isThird),
    after: flags(at => at + 1, isThird),
    most: 1_500,
  },
}

/** The workload of a file that names a document before and after a change. */
export async function loadedChange(before: Json, after: Json): Promise<WorkloadInput> {
  const folder = await temporaryFolder()
  const files = {
    'before.json': before,
    'after.json': after,
    'workload.json': { clients: 60, document: 'before.json', next: 'after.json' },
  }
  for (const [name, content] of Object.entries(files))
    await writeFile(join(folder, name), JSON.stringify(content))
  return loadWorkload(join(folder, 'workload.json'))
}
