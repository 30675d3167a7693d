// What a page ships for a client that pulls over fetch.
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

const page = `
  import { createClient, http, pull } from 'noticeboard'
  globalThis.follow = (url, schema) =>
    createClient({ namespace: 'shop/prod', schema, strategy: pull(http(url)) })
`

/** The page bundled and minified, in bytes after gzip. A schema library is not in it. */
export async function bundledBytes() {
  const { outputFiles } = await build({
    stdin: { contents: page, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    minify: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    logLevel: 'silent',
    // As in a page's own project, where none of the settings of this one count.
    tsconfigRaw: {},
  })
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).length
}
