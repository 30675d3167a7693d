import { entryPoints } from './scripts/entry-points.js'

/** @type {import('knip').KnipConfig} */
export default {
  entry: [
    ...entryPoints().map(({ source }) => `${source}!`),
    'scripts/*.js',
    'tests/**/*.test.ts',
    'tests/**/*.worker.{ts,js,mjs}',
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
  ignoreDependencies: ['@arethetypeswrong/cli', 'publint'],
}
