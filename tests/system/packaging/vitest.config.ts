import { defineConfig } from 'vitest/config'
import { root } from '../../../scripts/entry-points.js'

/**
 * The packed package, as users get it: `npm run test:package`. Packs once, installs once, then uses
 * it.
 */
export default defineConfig({
  root,
  test: {
    name: 'package',
    include: ['tests/system/packaging/**/*.test.ts'],
    globalSetup: ['tests/system/packaging/install-package.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    maxConcurrency: 2,
  },
})
