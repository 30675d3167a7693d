// What a page ships for a client that pulls over fetch.
import { existsSync } from 'node:fs'
import { gzipSync } from 'node:zlib'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/**
 * @typedef {object} Page
 * @property {boolean} [isLean] without all that such a page can do without, which no user can leave
 * out: the floor
 * @property {boolean} [withSchema] with a schema library
 */

const page = `
  import { createClient, http, pull } from 'noticeboard'
  globalThis.follow = (url, schema) =>
    createClient({ namespace: 'shop/prod', schema, strategy: pull(http(url)) })
`
const schemaLibrary = `
  import * as z from 'zod'
  globalThis.z = z
`

/** @satisfies {import('esbuild').BuildOptions} */
const bundling = {
  bundle: true,
  minify: true,
  platform: 'browser',
  format: 'esm',
  write: false,
  logLevel: 'silent',
  // As in a page's own project, where none of the settings of this one count.
  tsconfigRaw: {},
}

const root = fileURLToPath(new URL('../../', import.meta.url))
const noPinFile = 'client/state/no-pin-file'

/**
 * What is left out of a lean page, by its folder and files.
 * @type {Readonly<Record<string, readonly [folder: string, names: readonly string[]]>>}
 */
const leftOut = {
  'event streams': [
    'transports/http',
    ['event-stream', 'event-parser', 'shared-stream', 'multiplexer', 'watcher', 'deliveries'],
  ],
  reports: ['client/report', ['measures', 'report-state', 'reporter', 'verdicts']],
  'state on disk': [
    'client/state',
    ['bounded-storage', 'no-pin-file', 'restore-plan', 'saved-after', 'state-writer'],
  ],
  health: ['client/health', ['confirmation', 'probe', 'watch']],
  deltas: ['client/apply', ['from-delta']],
  'words of a schema': ['core/schema', ['issue-words', 'unknown-keys', 'zod-inputs']],
  'equality and select()': ['client', ['select']],
}

/**
 * The page bundled and minified as a project in that folder does it. A schema library is not in it
 * unless it is asked for.
 * @param {string} folder @param {Page} [options]
 * @returns {Promise<Uint8Array>}
 */
export async function bundledPage(folder, { isLean = false, withSchema = false } = {}) {
  const { outputFiles } = await build({
    ...bundling,
    stdin: { contents: withSchema ? schemaLibrary + page : page, resolveDir: folder },
    plugins: isLean ? [fromSources(root, leftOut)] : [],
  })
  return outputFiles[0]?.contents ?? new Uint8Array()
}

/**
 * What each file has of the same page, made of the sources in a folder, in bytes of what is
 * minified: by its path within that folder, most first; `''` is what joins them.
 * @param {string} [folder] a checkout with a `/` at its end; this one unless given
 * @returns {Promise<{ files: readonly (readonly [path: string, bytes: number])[], gzipBytes: number }>}
 */
export async function bytesByFile(folder = root) {
  const { metafile, outputFiles } = await build({
    ...bundling,
    stdin: { contents: page, resolveDir: folder },
    absWorkingDir: folder,
    metafile: true,
    plugins: [fromSources(folder)],
  })
  const [output] = Object.values(metafile.outputs)
  const files = Object.entries(output?.inputs ?? {})
    .filter(([path]) => path !== '<stdin>')
    .map(([path, { bytesInOutput }]) => /** @type {const} */ ([path, bytesInOutput]))
  const rest = (output?.bytes ?? 0) - files.reduce((sum, [, bytes]) => sum + bytes, 0)
  return {
    files: [...files, /** @type {const} */ (['', rest])].sort(([, one], [, other]) => other - one),
    gzipBytes: gzipSync(outputFiles[0]?.contents ?? new Uint8Array()).length,
  }
}

/**
 * The same of this project, in bytes after gzip; or of the one that a file belongs to.
 * @param {Page} [options] @param {URL} [within]
 */
export async function bundledBytes(options, within = new URL(import.meta.url)) {
  return gzipSync(await bundledPage(fileURLToPath(new URL('.', within)), options)).length
}

/**
 * Takes the package from its sources in a folder, without some of them. Throws where one is there no
 * more, or no part of the page.
 * @param {string} folder
 * @param {Readonly<Record<string, readonly [folder: string, names: readonly string[]]>>} [parts]
 * @returns {import('esbuild').Plugin}
 */
function fromSources(folder, parts = {}) {
  const filesOf = (/** @type {readonly [string, readonly string[]]} */ [within, names]) =>
    names.map(name => `${folder}src/${within}/${name}.ts`)
  const files = new Set(Object.values(parts).flatMap(filesOf))
  return {
    name: 'from-sources',
    setup(builder) {
      /** @type {Set<string>} */
      const met = new Set()
      const sources = { noticeboard: 'index', '#default-deltas': 'deltas/no-deltas', '#pin-file': noPinFile }
      for (const [name, source] of Object.entries(sources))
        builder.onResolve({ filter: new RegExp(`^${name}$`) }, () => ({
          path: `${folder}src/${source}.ts`,
          sideEffects: false,
        }))
      builder.onLoad({ filter: /\.ts$/ }, ({ path }) => {
        if (!files.has(path)) return undefined
        met.add(path)
        // Whatever is asked of it is undefined.
        return { contents: 'module.exports = {}', loader: 'js' }
      })
      builder.onEnd(() => {
        for (const [name, part] of Object.entries(parts))
          if (!filesOf(part).every(existsSync) || !filesOf(part).some(file => met.has(file)))
            throw new Error(`a page has no ${name} any more, of ${part.join(': ')}`)
      })
    },
  }
}
