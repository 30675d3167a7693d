import { dirname } from 'node:path'
import type { Mutant } from './mutants.js'
import type { Ran } from './what-ran.js'

/** Tests are added until they take this long together, in milliseconds; the first is always one. */
const MOST_MS = 45_000

/** What is known of the tests, and of the sources. */
export interface Known {
  readonly ran: ReadonlyMap<string, Ran>
  /** The sources that import a source. */
  readonly importers: ReadonlyMap<string, readonly string[]>
}

/**
 * Which tests are tried against a mutant: those that ran the place where it stands. Where none did,
 * or the place was changed since, those that ran its function, and for what stands in no function,
 * which runs when its file is loaded, those that ran anything of the file or, where that is all
 * constants, of the files that import it. First come those that share most folders with it, and of
 * these the quickest.
 */
export function testsOf(mutant: Mutant, { ran, importers }: Known): readonly string[] {
  const { file, inside, place } = mutant
  const running = (sources: readonly string[], fits: (key: string) => boolean): readonly string[] =>
    [...ran].flatMap(([test, { places }]) =>
      sources.some(source => places[source]?.some(fits)) ? [test] : [],
    )
  const choices: readonly (() => readonly string[])[] =
    inside === undefined
      ? [() => running([file], isInFunction), () => running(importersOf(file, importers), isInFunction)]
      : [
          () => (place === undefined ? [] : running([file], key => key === place)),
          () => running([file], key => key.slice(0, key.lastIndexOf(':')) === inside),
        ]
  const [chosen = []] = choices.map(choice => choice()).filter(tests => tests.length > 0)
  const sorted = chosen
    .map(test => ({ test, folders: sharedFolders(test, file), tookMs: ran.get(test)?.tookMs ?? 0 }))
    .toSorted((a, b) => b.folders - a.folders || a.tookMs - b.tookMs)
  let togetherMs = 0
  return sorted.flatMap(({ test, tookMs }, index) => {
    togetherMs += tookMs
    return index === 0 || togetherMs <= MOST_MS ? [test] : []
  })
}

/**
 * What stands in no function runs for whoever loads the file first, and tells nothing of a test.
 */
function isInFunction(key: string): boolean {
  return !key.startsWith(':')
}

/** Those that import a source, also through files that only hand it on. */
function importersOf(file: string, importers: Known['importers']): readonly string[] {
  const found = new Set<string>()
  const waiting = [file]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    for (const importer of importers.get(next) ?? []) {
      if (found.has(importer)) continue
      found.add(importer)
      if (importer.endsWith('/index.ts')) waiting.push(importer)
    }
  }
  return [...found]
}

/** How many folders a test in `tests/unit` and a source in `src` have in common, from the top. */
function sharedFolders(test: string, source: string): number {
  const [one, other] = [dirname(test).split('/').slice(2), dirname(source).split('/').slice(1)]
  const apart = one.findIndex((folder, index) => folder !== other[index])
  return apart === -1 ? one.length : apart
}
