import { defineConfig } from 'vitest/config'
import { root } from '../../../scripts/entry-points.js'

/**
 * The planted bugs, `npm run test:bugs`: apart from the suite, since each is a source of its own
 * that has to be hunted in.
 */
export default defineConfig({
  root,
  test: {
    name: 'bugs',
    include: [
      'tests/proof/sim/{bugs,bug-names,second-bugs,rollout-bugs,number-bugs,restore-bugs,form-bugs,compressed-bugs,access-bugs,together-bugs,guard-bugs}.test.ts',
    ],
    maxConcurrency: 2,
    testTimeout: 600_000,
  },
})
