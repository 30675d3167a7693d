// Another checkout of the project, or its package as it is installed: `--before DIR`.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { errorIn } from './build.js'

/**
 * @typedef {object} Checkout
 * @property {string} folder
 * @property {string} version as its package.json says
 * @property {string | undefined} commit that is checked out; undefined where it is no repository
 * @property {boolean} hasChanges whether its sources are not those of that commit
 */

/**
 * Throws where that folder has no build that can be measured. @param {string} path
 * @returns {Checkout}
 */
export function readCheckout(path) {
  const folder = resolve(path)
  const { name, version } = manifestOf(folder)
  if (name !== 'noticeboard')
    throw new Error(
      `${folder}/package.json is not of noticeboard; name the folder of another checkout, or of an installed package`,
    )
  const entry = join(folder, 'dist/index.js')
  const advice = `run "npm ci && npm run build" in ${folder}`
  if (!existsSync(entry)) throw new Error(`${entry} is missing, so it is not built; ${advice}`)
  const problem = problemOfLoading(entry)
  if (problem !== undefined) throw new Error(`${entry} cannot be loaded (${problem}); ${advice}`)
  return { folder, version, ...commitOf(folder) }
}

/** In words. @param {Checkout} checkout */
export function describeCheckout({ folder, version, commit, hasChanges }) {
  const of = commit === undefined ? '' : `, commit ${commit}${hasChanges ? ' with changes' : ''}`
  return `the build in ${folder}, version ${version}${of}`
}

/** @param {string} folder @returns {{ name?: string, version: string }} */
function manifestOf(folder) {
  const path = join(folder, 'package.json')
  if (!existsSync(path))
    throw new Error(
      `there is no ${path}; name the folder of another checkout of noticeboard, or of an installed package`,
    )
  return JSON.parse(readFileSync(path, 'utf8'))
}

/** What a process says that cannot load a module; undefined where it can. @param {string} entry */
function problemOfLoading(entry) {
  const code = 'await import(process.argv[1])'
  const args = ['--input-type=module', '--eval', code, pathToFileURL(entry).href]
  const { status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' })
  return status === 0 ? undefined : errorIn(stderr)
}

/** @param {string} folder @returns {Pick<Checkout, 'commit' | 'hasChanges'>} */
function commitOf(folder) {
  const git = (/** @type {string[]} */ ...args) =>
    spawnSync('git', ['-C', folder, ...args], { encoding: 'utf8' })
  const { status, stdout } = git('rev-parse', '--show-prefix', 'HEAD')
  const [prefix, commit] = (stdout ?? '').split('\n')
  // Below the root of a repository it is somebody else's, which it is installed in.
  if (status !== 0 || prefix !== '' || commit === undefined) return { commit: undefined, hasChanges: false }
  const changes = git('status', '--porcelain', '--', 'src', 'package.json').stdout
  return { commit: commit.slice(0, 12), hasChanges: changes.trim() !== '' }
}
