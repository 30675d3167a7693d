import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** The project's folder, without a slash at the end. */
export const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[\\/]$/, '')

/**
 * @typedef {object} EntryPoint
 * @property {string} subpath the import path as `package.json` spells it, or `bin` for the command
 * line
 * @property {string} name the built file without extension, relative to `dist`
 * @property {string} source the source file, relative to the project
 */

/**
 * The package's entry points, read from `exports` and `bin` in `package.json`, which is the only
 * list there is: the build, the documentation and the checks all start from it. `./dist/a/b.js` is
 * made of `src/a/b.ts`.
 *
 * @returns {EntryPoint[]}
 */
export function entryPoints() {
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
  /** @type {[string, string][]} */
  const built = []
  for (const [subpath, target] of Object.entries(manifest.exports)) {
    if (typeof target === 'object') built.push([subpath, target.import.default])
  }
  for (const target of Object.values(manifest.bin)) built.push(['bin', target])
  return built.map(([subpath, file]) => {
    const name = file.replace(/^(\.\/)?dist\//, '').replace(/\.js$/, '')
    return { subpath, name, source: `src/${name}.ts` }
  })
}

/**
 * Those that programs import, the command line left out.
 *
 * @returns {EntryPoint[]}
 */
export function libraryEntryPoints() {
  return entryPoints().filter(({ subpath }) => subpath !== 'bin')
}

/**
 * The files that the package imports by a `#` name, from `imports` in `package.json`: which of them
 * depends on where the package runs. They are built beside the entry points, and nobody imports
 * them by their path.
 *
 * @returns {{ name: string, source: string }[]}
 */
export function conditionalFiles() {
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
  const files = JSON.stringify(manifest.imports).match(/(?<=\.\/dist\/)[^"]+(?=\.js")/g) ?? []
  return files.map(name => ({ name, source: `src/${name}.ts` }))
}

/**
 * For what runs from the sources under Node: each of those `#` names with the source behind it.
 *
 * @returns {Record<string, string>}
 */
export function sourcesByName() {
  const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
  return Object.fromEntries(
    Object.entries(manifest.imports).map(([name, { import: built }]) => [
      name,
      built.replace('./dist', `${root}/src`).replace(/\.js$/, '.ts'),
    ]),
  )
}

/** The entry points whose source file is not there. */
export function missingEntryPoints() {
  return entryPoints().filter(({ source }) => !existsSync(`${root}/${source}`))
}
