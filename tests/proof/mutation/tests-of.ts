import { dirname } from 'node:path'
import type { Mutant } from './mutants.js'
import type { Ran } from './what-ran.js'

/** How many files of tests are run against a mutant. */
const MOST = 10

/**
 * Which tests are tried against a mutant: those that ran the function that it stands in. First
 * those that share most folders with it, and of these those that ran least besides.
 */
export function testsOf({ file, inside }: Mutant, known: ReadonlyMap<string, Ran>): readonly string[] {
  const loading = [...known].flatMap(([test, ran]) => {
    const names = ran[file]
    return names === undefined ? [] : [{ test, names, ran }]
  })
  // What stands in no function runs when its file is loaded.
  const running = inside === undefined ? loading : loading.filter(({ names }) => names.includes(inside))
  return running
    .map(({ test, ran }) => ({
      test,
      folders: sharedFolders(test, file),
      functions: Object.values(ran).reduce((sum, names) => sum + names.length, 0),
    }))
    .toSorted((a, b) => b.folders - a.folders || a.functions - b.functions)
    .slice(0, MOST)
    .map(({ test }) => test)
}

/** How many folders a test in `tests/unit` and a source in `src` have in common, from the top. */
function sharedFolders(test: string, source: string): number {
  const [one, other] = [dirname(test).split('/').slice(2), dirname(source).split('/').slice(1)]
  const apart = one.findIndex((folder, index) => folder !== other[index])
  return apart === -1 ? one.length : apart
}
