import { readFileSync } from 'node:fs'
import type { Plugin } from 'vite'
import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'
import type { Reporter, TestCase } from 'vitest/node'
import { root, sourcesByName } from '../../../scripts/entry-points.js'
import { PLANTED } from '../../support/planted.js'
import { withPieces } from './bundle.js'
import { GUARD_BUGS, titlePatternOf, type GuardBug } from './guard-bugs.js'

/** The bugs to plant, by name and with commas between; all of them unless given. */
const NAMES = process.env['NOTICEBOARD_GUARDS']?.split(',')
const BUGS = GUARD_BUGS.filter(({ name }) => NAMES?.includes(name) ?? true)

const editsOf = ({ name, file, replace, also = [] }: GuardBug): readonly Edit[] =>
  [{ file, replace }, ...also].map(edit => ({ name, ...edit }))

type Edit = Pick<GuardBug, 'name' | 'file' | 'replace'>

/** Replaces pieces of the sources as they are loaded. */
function planting(edits: readonly Edit[]): Plugin {
  return {
    name: 'planting',
    enforce: 'pre',
    load(id) {
      const edit = edits.find(one => id.split('?')[0] === `${root}/${one.file}`)
      if (edit === undefined) return undefined
      return withPieces(readFileSync(`${root}/${edit.file}`, 'utf8'), edit)
    },
  }
}

/** Runs files over the sources with these edits, servers that they make bundles of included. */
const project = (
  name: string,
  files: readonly string[],
  edits: readonly Edit[],
): TestProjectInlineConfiguration => ({
  root,
  plugins: [planting(edits)],
  resolve: {
    alias: sourcesByName(),
  },
  test: {
    name,
    include: [...files],
    env: { [PLANTED]: JSON.stringify(edits) },
    isolate: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
    restoreMocks: true,
  },
})

/** Says how each test ended, in a line of JSON. */
const lines: Reporter = {
  onTestCaseResult(test: TestCase) {
    const { state } = test.result()
    process.stdout.write(`${JSON.stringify({ bug: test.project.name, title: test.name, state })}\n`)
  },
}

/**
 * What guard-bugs.test.ts runs: of each planted bug the test that notices it, and the same tests
 * over the sources as they are.
 */
export default defineConfig({
  root,
  test: {
    // Each bug loads its sources anew, and a virtual clock waits for nothing.
    maxWorkers: 4,
    projects: [
      ...BUGS.map(bug => project(bug.name, [bug.noticedBy.file], editsOf(bug))),
      project('none', [...new Set(BUGS.map(({ noticedBy }) => noticedBy.file))], []),
    ],
    reporters: [lines],
    testNamePattern: new RegExp(
      [...new Set(BUGS.map(({ noticedBy }) => titlePatternOf(noticedBy.title)))].join('|'),
    ),
  },
})
