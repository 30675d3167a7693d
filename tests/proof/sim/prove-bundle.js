// Bundles TypeScript of the tests for plain Node; what a file finds beside itself it still finds
// there.
import { build } from 'esbuild'
import { readFile } from 'node:fs/promises'
import { pathToFileURL } from 'node:url'
import { AS_A_MODULE, root } from './bundle.js'

/**
 * Resolves with the path of the bundle. It lies under `node_modules`, so that packages are found
 * from there.
 *
 * @param {string} entry A file, relative to the project.
 * @returns {Promise<string>}
 */
export async function bundleTests(entry) {
  const name = entry.replaceAll('/', '-').replace(/\.ts$/, '.mjs')
  const outfile = `${root}/node_modules/.cache/noticeboard-sim/${process.pid}/${name}`
  await build({
    entryPoints: [`${root}/${entry}`],
    outfile,
    ...AS_A_MODULE,
    plugins: [
      {
        name: 'own-place',
        setup(builder) {
          builder.onLoad({ filter: /[/\\]tests[/\\].*\.[jt]s$/ }, async ({ path }) => {
            const text = await readFile(path, 'utf8')
            const place = JSON.stringify(pathToFileURL(path).href)
            return {
              contents: text.replaceAll('import.meta.url', place),
              loader: path.endsWith('.ts') ? 'ts' : 'js',
            }
          })
        },
      },
    ],
  })
  return outfile
}
