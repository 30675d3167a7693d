import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { root, sourcesByName } from '../../../scripts/entry-points.js'
import { mutated, type Trial } from './trial.js'

/** What is tried, in JSON. */
const {
  tests,
  mutant,
  workers = 1,
} = JSON.parse(process.env['NOTICEBOARD_MUTANT'] ?? '{"tests":[]}') as Trial

/** Some tests over the sources with one mutant, which run-mutant.ts asks for. */
export default defineConfig({
  root,
  plugins: [
    {
      name: 'mutant',
      enforce: 'pre',
      load(id) {
        if (mutant === undefined || id.split('?')[0] !== `${root}/${mutant.file}`) return undefined
        return mutated(readFileSync(`${root}/${mutant.file}`, 'utf8'), mutant)
      },
    },
  ],
  resolve: {
    alias: sourcesByName(),
  },
  test: {
    include: [...tests],
    isolate: false,
    maxWorkers: workers,
    bail: 1,
    testTimeout: 20_000,
    hookTimeout: 20_000,
    restoreMocks: true,
  },
})
