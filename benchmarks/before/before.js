// The processes of the benchmarks over another build: a copy of this folder beside a link to that
// build, so that `noticeboard` means that one there. A hook of the loader would cost a thread in
// one of the sides.
import { cpSync, mkdtempSync, copyFileSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join, relative } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { buildBefore } from './build.js'

/**
 * @import { Build } from './build.js'
 * @import { Checkout } from './checkout.js'
 * @import { Processes } from '../processes.js'
 *
 * @typedef {object} Before
 * @property {(what: string) => Build} build as a side of something; each is given up on by itself
 * @property {(module: URL) => URL} moduleOf the same file of the benchmarks, over that build
 * @property {() => void} remove
 */

/**
 * The parts in which it has no side, and why.
 * @type {Partial<Record<import('../options.js').PartName, string>>}
 */
export const withoutBefore = {
  strategies: 'it has no targets',
  registry: 'it weighs one server after the other',
  held: 'its shapes follow one another, and take no turns',
  peers: 'it is there for what others need; fanout, read and client measure both builds',
}

/**
 * @param {Checkout} checkout
 * @param {{ processes: Processes, say: (text: string) => void }} bench
 * @returns {Before}
 */
export function placeBefore({ folder }, { processes, say }) {
  const place = mkdtempSync(join(tmpdir(), 'noticeboard-bench-before-'))
  const own = fileURLToPath(new URL('../', import.meta.url))
  const copy = join(place, 'benchmarks')
  cpSync(own, copy, { recursive: true, filter: path => basename(path) !== 'node_modules' })
  copyFileSync(join(folder, 'package.json'), join(place, 'package.json'))
  symlinkSync(join(folder, 'dist'), join(place, 'dist'), 'junction')
  // What the benchmarks themselves import, as the schema library, is the same for both.
  symlinkSync(join(own, '../node_modules'), join(place, 'node_modules'), 'junction')
  const moduleOf = (/** @type {URL} */ module) =>
    pathToFileURL(join(copy, relative(own, fileURLToPath(module))))
  return {
    moduleOf,
    build: what =>
      buildBefore(
        (module, settings) => processes.start(moduleOf(module), settings, { mayFail: true }),
        problem => say(`before: ${what} cannot be measured of it: ${problem}`),
      ),
    remove: () => rmSync(place, { recursive: true, force: true }),
  }
}
