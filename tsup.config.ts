import { defineConfig, type Options } from 'tsup'
import { conditionalFiles, entryPoints, missingEntryPoints } from './scripts/entry-points.js'

const absent = new Set(missingEntryPoints().map(({ source }) => source))
const present = entryPoints().filter(({ source }) => !absent.has(source))
const asEntries = (points: readonly { name: string; source: string }[]) =>
  Object.fromEntries(points.map(({ name, source }) => [name, source]))

const library = present.filter(({ subpath }) => subpath !== 'bin')
const outDir = process.env['NOTICEBOARD_OUT_DIR'] ?? 'dist'
/** The names of some of the builds below; all of them without it. */
const only = process.env['NOTICEBOARD_ONLY']?.split(',')

const shared: Options = {
  outDir,
  target: 'es2022',
  platform: 'neutral',
  // One copy of every module that two entry points use, so a class or a brand is the same in both.
  splitting: true,
  sourcemap: true,
  clean: false,
  minify: false,
  // Names with a `#` are resolved where the package is used, by package.json's "imports".
  external: [/^node:/, /^#/],
  removeNodeProtocol: false,
}

const builds: readonly (Options & { readonly name: string })[] = [
  { ...shared, name: 'esm', format: 'esm', entry: asEntries([...present, ...conditionalFiles()]) },
  {
    ...shared,
    name: 'cjs',
    format: 'cjs',
    entry: asEntries([...library, ...conditionalFiles()]),
    // Without this tsup makes CommonJS of split modules with a tool that also rewrites `?.` and
    // `??` as function calls.
    treeshake: true,
    // These publish ES modules only. `require()` of those fails on older runtimes and in Jest, so
    // they travel inside.
    noExternal: ['p-retry', 'is-network-error', /^@noble\/hashes/],
  },
  {
    ...shared,
    name: 'types',
    format: ['esm', 'cjs'],
    entry: asEntries(library),
    sourcemap: false,
    // tsup hands TypeScript a `baseUrl`, which TypeScript 6 calls deprecated.
    dts: { only: true, compilerOptions: { ignoreDeprecations: '6.0' } },
  },
]

export default defineConfig(builds.filter(({ name }) => only?.includes(name) ?? true))
