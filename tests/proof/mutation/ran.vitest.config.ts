import { readFileSync } from 'node:fs'
import { relative } from 'node:path'
import { defineConfig } from 'vitest/config'
import { root, sourcesByName } from '../../../scripts/entry-points.js'
import { telling } from './places.js'

/** Files of tests of which is written what they ran, as what-ran.ts asks for. */
export default defineConfig({
  root,
  plugins: [
    {
      name: 'telling',
      enforce: 'pre',
      load(id) {
        const path = id.split('?')[0] ?? ''
        const file = relative(root, path)
        return /^src\/.*\.ts$/.test(file) ? telling(file, readFileSync(path, 'utf8')) : undefined
      },
    },
  ],
  resolve: { alias: sourcesByName() },
  test: {
    include: JSON.parse(process.env['NOTICEBOARD_RAN_TESTS'] ?? '[]') as string[],
    setupFiles: ['tests/proof/mutation/ran-setup.ts'],
    isolate: false,
    maxWorkers: Number(process.env['NOTICEBOARD_RAN_WORKERS'] ?? 2),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    restoreMocks: true,
  },
})
