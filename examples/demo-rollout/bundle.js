// The application in one file, as many are deployed: a process of it starts in half the time, and
// there are some two hundred.
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * Writes `application.js` with everything that it imports. @param {string} folder
 * @returns {Promise<string>} the file
 */
export async function bundleInto(folder) {
  const outfile = join(folder, 'application.cjs')
  await build({
    entryPoints: [fileURLToPath(new URL('application.js', import.meta.url))],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    logLevel: 'error',
  })
  return outfile
}
