import { readFileSync } from 'node:fs'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { root, sourcesByName } from '../../../scripts/entry-points.js'
import { mutated, type Trial } from './trial.js'

/** What is tried, in JSON. */
const { tests, mutant } = JSON.parse(process.env['NOTICEBOARD_MUTANT'] ?? '{"tests":[]}') as Trial

/** In the order in which they are given: those that most likely notice come first. */
class AsGiven extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const placeOf = ({ moduleId }: TestSpecification): number =>
      tests.findIndex(test => moduleId === `${root}/${test}`)
    return files.toSorted((a, b) => placeOf(a) - placeOf(b))
  }
}

/** Some tests over the sources with one mutant, which trial.ts asks for. */
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
    maxWorkers: 1,
    sequence: { sequencer: AsGiven },
    bail: 1,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
  },
})
