// Where the peers are: packages of the folder beside this file, and servers of the system.
import { spawnSync } from 'node:child_process'
import { createRequire } from 'node:module'

const require = createRequire(new URL('packages/package.json', import.meta.url))

/** The packages, as package.json names them. */
export const packages = Object.keys(
  /** @type {{ dependencies: Record<string, string> }} */ (require('./package.json')).dependencies,
)
export const binaries = ['redis-server', 'nats-server', 'etcd']

/**
 * Loads a peer. It has no types here: the project does not depend on it. @param {string} name
 * @returns {any}
 */
export function loadPeer(name) {
  return require(name)
}

/** What is missing, and what to do about it; undefined where everything is there. */
export function sayMissing() {
  const missing = packages.filter(name => !isInstalled(name))
  const away = binaries.filter(name => spawnSync('which', [name]).status !== 0)
  const advice = [
    ...(missing.length === 0 ? [] : [`${missing.join(', ')}: node benchmarks/peers/install.js`]),
    ...(away.length === 0
      ? []
      : [`${away.join(', ')}: the package of your system, as apt-get install ${away.join(' ')}`]),
  ]
  return advice.length === 0
    ? undefined
    : `peers are missing, and nothing is quoted of them from another run. Install them, or leave them out with --without-peers. ${advice.join('; ')}`
}

/** @param {string} name */
function isInstalled(name) {
  try {
    require.resolve(`${name}/package.json`)
    return true
  } catch (error) {
    // There, but keeps its package.json to itself.
    return /** @type {NodeJS.ErrnoException} */ (error).code === 'ERR_PACKAGE_PATH_NOT_EXPORTED'
  }
}
