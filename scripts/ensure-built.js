import { spawnSync } from 'node:child_process'
import { root } from './entry-points.js'

/**
 * Builds `dist` once before tests that start the built package, unless it already matches the
 * sources. They run its code; its types, which take most of a build, are tried by
 * `npm run test:package`.
 */
export function setup() {
  const build = spawnSync(process.execPath, [`${root}/scripts/build.js`, '--if-stale', '--code'], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  if (build.status !== 0) throw new Error('the package did not build; see the messages above')
}
