import { conditionalFiles, entryPoints } from './scripts/entry-points.js'

/** @type {import('knip').KnipConfig} */
export default {
  entry: [
    ...[...entryPoints(), ...conditionalFiles()].map(({ source }) => `${source}!`),
    'scripts/*.js',
    'tests/**/*.test.ts',
    // Compiled, not run.
    'tests/**/*.types.ts',
    'tests/**/*.worker.{ts,js,mjs}',
    // Shown in docs/writing-a-transport.md.
    'tests/unit/testing/conformance/{listen-over,injured-store}.ts',
    // Bundled and run as processes of their own by the tests beside them.
    'tests/support/processes/*-child.ts',
    // Bundled and run by name, by tests/proof/sim/{main,prove,coverage}.js.
    'tests/proof/sim/{run-seeds,hunt,shrink,prove-parts,seed-process,scene-process,kept-process}.ts',
    'tests/proof/sim/*.js',
    // Started by the test of the planted bugs of guards.
    'tests/proof/sim/guarded.vitest.config.ts',
    'tests/proof/mutation/{mutate,mutated.vitest.config,ran.vitest.config,ran-setup}.ts',
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
  ignore: ['tests/system/packaging/projects/**'],
  ignoreExportsUsedInFile: true,
  // Debian's own; the tests that call them skip where they are missing.
  ignoreBinaries: ['chromium', 'mkfifo', 'mount', 'umount'],
  // The first two are run by scripts/check.js from node_modules/.bin; the next is installed by
  // examples/sqlite-store only; the last is loaded by tests that skip where there is none for the
  // machine.
  ignoreDependencies: ['@arethetypeswrong/cli', 'publint', 'better-sqlite3', 'workerd'],
}
