import { entryPoints } from './scripts/entry-points.js'

/** @type {import('knip').KnipConfig} */
export default {
  entry: [
    ...entryPoints().map(({ source }) => `${source}!`),
    'scripts/*.js',
    'tests/**/*.test.ts',
    'tests/**/*.worker.{ts,js,mjs}',
    // Bundled and run as processes of their own by the tests beside them.
    'tests/node/fixtures/*-child.ts',
    // Bundled and run by name, by tests/sim/{main,prove,coverage}.js.
    'tests/sim/{run-seeds,hunt,shrink,prove-parts,seed-process,kept-process}.ts',
    'tests/sim/*.js',
    'examples/**/*.{ts,js,mjs,cjs}',
    'benchmarks/**/*.{ts,js,mjs}',
  ],
  project: [
    'src/**/*.ts!',
    'tests/**/*.{ts,js,mjs}',
    'scripts/**/*.js',
    'examples/**/*.{ts,js,mjs,cjs}',
    'benchmarks/**/*',
  ],
  ignore: ['tests/packaging/projects/**'],
  ignoreExportsUsedInFile: true,
  // Run by scripts/check.js from node_modules/.bin.
  // Debian's own; the tests that call them skip where they are missing.
  ignoreBinaries: ['mkfifo', 'mount', 'umount'],
  ignoreDependencies: ['@arethetypeswrong/cli', 'publint'],
}
