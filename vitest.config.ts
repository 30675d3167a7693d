import { availableParallelism } from 'node:os'
import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

/**
 * Those that take ten seconds and more, the longest first, whatever their project. The histories compute on every core; the next ones mostly
 * wait for servers, processes and clocks, which they do beside them. The short files come last, so that no core is idle at the end.
 */
const LONGEST = [
  'proof/sim/seeds',
  'system/rollouts/same-rollout',
  'system/soak/soak',
  'system/demo/demo',
  'system/demo/demo-rollout',
  'system/chaos/chaos',
  'system/benchmarks/quick',
  'unit/testing/conformance/http',
  'system/engines/postgres',
  'proof/rollouts/controller-kill',
  'unit/controller/controller',
  'proof/board/file-store.kill',
  'system/engines/etcd',
  'proof/board/file-store.race',
  'proof/sim/replays/rollout-outages',
  'proof/sim/shrink',
  'proof/sim/kept',
  'proof/steps/',
  'system/engines/redis',
  'system/proxies/proxies',
  'system/static-board/config-map',
  'system/static-board/static-board',
  'system/static-board/mirror',
  'system/protection/deaths',
  'proof/guarantees/what-always-holds',
  'proof/guarantees/rollout-lines',
  'proof/rollouts/histories',
  'system/built/readme',
]

/** On virtual time, or counting what was lost: what these find once is there, so they are not tried again. */
const PROOFS = ['tests/proof/{sim,guarantees,board}/**/*.test.ts']

/** What has projects or commands of its own. */
const ELSEWHERE = [
  'tests/system/packaging/**',
  'tests/proof/sim/{bugs,second-bugs,rollout-bugs,number-bugs}.test.ts',
  'tests/system/built/**',
  'tests/**/*.{built,mocked}.test.ts',
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rankOf = ({ moduleId }: TestSpecification): number => {
      const index = LONGEST.findIndex(name =>
        moduleId.includes(`tests/${name}${name.endsWith('/') ? '' : '.'}`),
      )
      return index === -1 ? LONGEST.length : index
    }
    return (await super.sort(files)).toSorted((a, b) => rankOf(a) - rankOf(b))
  }
}

/**
 * Four projects: `source` tests and `proofs` import from `src`, need no build and share their processes, so that modules are loaded once;
 * `mocked` tests replace a module and have a process to themselves; `built` tests start the package as users get it (the command line, the
 * examples), so `dist` is built first when it is missing or older than `src`.
 */
export default defineConfig({
  // As in tsconfig.json.
  resolve: {
    alias: { '#pin-file': fileURLToPath(new URL('src/client/state/pin-file.ts', import.meta.url)) },
  },
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'source',
          isolate: false,
          include: ['tests/**/*.test.ts'],
          exclude: [...ELSEWHERE, ...PROOFS],
        },
      },
      {
        extends: true,
        test: { name: 'proofs', isolate: false, include: PROOFS, exclude: ELSEWHERE, retry: 0 },
      },
      { extends: true, test: { name: 'mocked', include: ['tests/**/*.mocked.test.ts'] } },
      {
        extends: true,
        test: {
          name: 'built',
          include: [
            'tests/system/built/**/*.test.ts',
            'tests/**/*.built.test.ts',
            'examples/**/*.test.{ts,js}',
          ],
          // A package of its own, which tests/system/examples installs and runs.
          exclude: ['tests/system/packaging/**', 'examples/{express-service,sqlite-store}/**'],
          globalSetup: ['scripts/ensure-built.js'],
          testTimeout: 180_000,
          hookTimeout: 180_000,
        },
      },
    ],
    // Most tests wait for servers, files and processes more than they compute; one core less than there are would leave two idle.
    maxWorkers: Math.max(4, availableParallelism()),
    sequence: { sequencer: LongestFirst },
    // For tests that hang. Where the machine is busy an honest one takes ten times as long.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    // What is waited for comes, or it does not; how soon is no promise where real servers are on a busy machine.
    expect: { poll: { timeout: 15_000 } },
    // Real servers, processes and clocks on a shared machine: one more try there, shown in the report.
    retry: process.env['CI'] === undefined ? 0 : 1,
  },
})
