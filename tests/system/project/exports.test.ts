import { existsSync, readFileSync, readdirSync } from 'node:fs'
import { expect, test } from 'vitest'
import { entryPoints, libraryEntryPoints, root } from '../../../scripts/entry-points.js'

const manifest = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'))
const library = libraryEntryPoints()

test('every entry point in package.json has its source file', () => {
  const missing = entryPoints().filter(({ source }) => !existsSync(`${root}/${source}`))
  expect(missing).toEqual([])
})

test('every transport, and every folder that is an entry point, is listed in package.json', () => {
  const folders = ['compare', 'deltas', 'metrics', 'node', 'server', 'sim', 'testing'].map(
    name => `src/${name}/index.ts`,
  )
  const transports = readdirSync(`${root}/src/transports`, { withFileTypes: true })
    .filter(entry =>
      entry.isDirectory() ? existsSync(`${root}/src/transports/${entry.name}/index.ts`) : true,
    )
    .filter(entry => !notAnEntryPoint.has(entry.name))
    .map(entry => `src/transports/${entry.name}${entry.isDirectory() ? '/index.ts' : ''}`)
  expect(library.map(({ source }) => source).sort()).toEqual(
    ['src/index.ts', 'src/core.ts', ...folders, ...transports].sort(),
  )
})

/**
 * Files in `src/transports` that several transports share, with the reason why nobody imports them
 * by path.
 */
const notAnEntryPoint = new Set<string>([])

test('each subpath names the same file for ES modules, CommonJS and both kinds of types', () => {
  for (const { subpath, name } of library) {
    expect(manifest.exports[subpath], subpath).toEqual({
      import: { types: `./dist/${name}.d.ts`, default: `./dist/${name}.js` },
      require: { types: `./dist/${name}.d.cts`, default: `./dist/${name}.cjs` },
    })
  }
})

test('a subpath is spelled like its file', () => {
  for (const { subpath, name } of library) {
    const spelled = subpath === '.' ? 'index' : subpath.slice(2)
    expect([spelled, `${spelled}/index`], subpath).toContain(name)
  }
})

test('resolvers that know no exports field find the types of every subpath', () => {
  const known = Object.fromEntries(
    library
      .filter(({ subpath }) => subpath !== '.')
      .map(({ subpath, name }) => [subpath.slice(2), [`./dist/${name}.d.cts`]]),
  )
  expect(manifest.typesVersions).toEqual({ '*': known })
  expect(manifest.main).toBe('./dist/index.cjs')
  expect(manifest.types).toBe('./dist/index.d.cts')
})

test('the lockfile names no place that packages come from', () => {
  const lock = JSON.parse(readFileSync(`${root}/package-lock.json`, 'utf8'))
  const resolved = Object.entries<{ resolved?: string; link?: boolean }>(lock.packages).filter(
    ([, entry]) => entry.resolved,
  )
  expect(resolved).toEqual([])
})
