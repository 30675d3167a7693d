import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { fileOf, importsOf } from '../../../scripts/import-circles.js'
import { root } from '../sim/bundle.js'

/**
 * How many files of tests are run against a mutant, and how far from its source they may be, in
 * imports.
 */
const MOST = 4
const FARTHEST = 3

/**
 * Test files that start servers or processes, or take minutes, say little of one mutant and cost
 * much.
 */
const isQuick = (test: string): boolean =>
  test.startsWith('tests/unit/') && !/\.(?:built|mocked)\.test/.test(test)

/**
 * Finds the tests that are nearest to a source: those that import it, directly or by few steps.
 * First those whose folder is that of the source, then the nearest.
 */
export function nearestTests(testFiles: readonly string[]): (source: string) => readonly string[] {
  const distances = new Map(testFiles.filter(isQuick).map(test => [test, distancesFrom(test)]))
  return source => {
    const folder = dirname(source).replace(/^src\//, '')
    const near = [...distances].flatMap(([test, from]) => {
      const distance = from.get(source)
      if (distance === undefined || distance > FARTHEST) return []
      return [{ test, place: distance - (test.startsWith(`tests/unit/${folder}/`) ? 1.5 : 0) }]
    })
    return near
      .toSorted((a, b) => a.place - b.place || a.test.localeCompare(b.test))
      .slice(0, MOST)
      .map(({ test }) => test)
  }
}

/** How many imports lead from a file to each of the sources. */
function distancesFrom(test: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>([[test, 0]])
  const waiting = [test]
  for (let file = waiting.shift(); file !== undefined; file = waiting.shift()) {
    const distance = found.get(file) ?? 0
    if (distance >= FARTHEST) continue
    for (const imported of loadedBy(file)) {
      if (found.has(imported)) continue
      // What a test is helped by is no step farther away, and neither is a file that only passes on
      // what others have.
      const isStep = !imported.startsWith('tests/') && !imported.endsWith('/index.ts')
      found.set(imported, distance + (isStep ? 1 : 0))
      waiting.push(imported)
    }
  }
  return found
}

const known = new Map<string, readonly string[]>()

/** The files whose code a file loads: types alone are nobody's code. */
function loadedBy(file: string): readonly string[] {
  const before = known.get(file)
  if (before !== undefined) return before
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest)
  const loaded = importsOf(source).flatMap(({ node, specifier }) => {
    const isType =
      ts.isImportDeclaration(node) && node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
    const place = fileOf(file, specifier)
    return !isType && place?.endsWith('.ts') === true && existsSync(join(root, place)) ? [place] : []
  })
  known.set(file, loaded)
  return loaded
}
