// What a page ships for a client that pulls over fetch.
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const page = `
  import { createClient, http, pull } from 'noticeboard'
  globalThis.follow = (url, schema) =>
    createClient({ namespace: 'shop/prod', schema, strategy: pull(http(url)) })
`

/**
 * The page bundled and minified as a project in that folder does it. A schema library is not in it.
 * @param {string} folder
 * @returns {Promise<Uint8Array>}
 */
export async function bundledPage(folder) {
  const { outputFiles } = await build({
    stdin: { contents: page, resolveDir: folder },
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    logLevel: 'silent',
    // As in a page's own project, where none of the settings of this one count.
    tsconfigRaw: {},
  })
  return outputFiles[0]?.contents ?? new Uint8Array()
}

/** The same of this project, in bytes after gzip. */
export async function bundledBytes() {
  return gzipSync(await bundledPage(fileURLToPath(new URL('.', import.meta.url)))).length
}
