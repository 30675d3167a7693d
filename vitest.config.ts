import { availableParallelism } from 'node:os'
import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'
import { sourcesByName } from './scripts/entry-points.js'

/**
 * These begin together: the histories compute on every core, the others mostly wait for servers,
 * processes and clocks beside them.
 */
const FIRST = ['proof/sim/seeds', 'system/soak/soak', 'system/rollouts/same-rollout', 'system/demo/demo']
/**
 * Those that take some ten seconds and more; of a project the longest first, and what mostly waits,
 * for a disk too, beside what computes.
 */
const LONGEST = [
  'system/demo/demo-rollout',
  'unit/testing/conformance/workers',
  'system/chaos/chaos',
  'unit/compare/run',
  'system/examples/programs',
  'system/examples/application',
  'system/built/readme',
  'unit/cli/process',
  'unit/testing/conformance/line-mirror',

  'proof/sim/replays/rollout-outages',
  'proof/guarantees/what-always-holds',
  'proof/sim/shrink',
  'proof/guarantees/rollout-lines',
  'proof/board/file-store.kill',
  'proof/sim/replays/rollouts',
  'proof/guarantees/line-09-rollback',
  'proof/board/file-store.race',

  'unit/testing/conformance/http',
  'unit/controller/controller',
  'system/proxies/proxies',
  'proof/rollouts/histories',
  'system/engines/postgres',
  'unit/twice/clients',
  'system/static-board/config-map',
  'proof/steps/options',
  'unit/node/board/file-store.damage',
  'system/engines/etcd',
  'unit/cli/rollout',
  'unit/testing/conformance/file-store',
  'unit/twice/stores',
  'system/protection/deaths',
  'unit/node/board/file-store.opening',
  'unit/strategies/herd-reports',
  'unit/publisher/long-log',
  'unit/strategies/herd',
  'unit/node/board/file-store.refusal',
  'system/engines/redis',
  'unit/node/state/state-folder',
  'proof/steps/cli',
  'system/static-board/mirror',
  'system/static-board/static-board',
  'proof/rollouts/controller-kill',
]

/**
 * One project after the other, since a process that takes up a file of its own project has the
 * modules loaded.
 */
const PROJECTS = ['built', 'proofs', 'mocked', 'source']

/**
 * On virtual time, or counting what was lost: what these find once is there, so they are not tried
 * again.
 */
const PROOFS = ['tests/proof/{sim,guarantees,board}/**/*.test.ts']

/** What weighs a heap, in which nothing of other files may be. */
const WEIGHING = ['tests/unit/server/heap.test.ts', 'tests/unit/fleet/interner.test.ts']

/** What has projects or commands of its own. */
const ELSEWHERE = [
  'tests/system/packaging/**',
  'tests/proof/sim/{bugs,bug-names,second-bugs,rollout-bugs,number-bugs,restore-bugs,form-bugs,compressed-bugs,access-bugs,together-bugs,guard-bugs}.test.ts',
  'tests/system/built/**',
  'tests/**/*.{built,mocked}.test.ts',
  ...WEIGHING,
]

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    // The short files of the last project come last, so that no core is idle at the end.
    const placeOf = ({ moduleId, project }: TestSpecification): readonly number[] => {
      const placeIn = (names: readonly string[]): number => {
        const index = names.findIndex(name => moduleId.includes(`tests/${name}.`))
        return index === -1 ? names.length : index
      }
      return [placeIn(FIRST), PROJECTS.indexOf(project.name), placeIn(LONGEST)]
    }
    const places = new Map(files.map(file => [file, placeOf(file)]))
    const placed = (a: TestSpecification, b: TestSpecification): number =>
      (places.get(a) ?? [])
        .map((place, index) => place - (places.get(b)?.[index] ?? 0))
        .find(difference => difference !== 0) ?? 0
    return (await super.sort(files)).toSorted(placed)
  }
}

/**
 * Four projects: `source` tests and `proofs` import from `src`, need no build and share their
 * processes, so that modules are loaded once; `mocked` tests replace a module or weigh a heap, and
 * have a process to themselves; `built` tests start the package as users get it (the command line,
 * the examples), so `dist` is built first when it is missing or older than `src`; they share their
 * processes too.
 */
export default defineConfig({
  // As in tsconfig.json.
  resolve: {
    alias: sourcesByName(),
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
      { extends: true, test: { name: 'mocked', include: ['tests/**/*.mocked.test.ts', ...WEIGHING] } },
      {
        extends: true,
        test: {
          name: 'built',
          isolate: false,
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
    // Most tests wait for servers, files and processes more than they compute; one core less than
    // there are would leave two idle.
    maxWorkers: Math.max(4, availableParallelism()),
    // Every core has work, so none is left for helpers of the garbage collector.
    execArgv: ['--single-threaded-gc'],
    sequence: { sequencer: LongestFirst },
    // For tests that hang. Where the machine is busy an honest one takes ten times as long.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    // What is waited for comes, or it does not; how soon is no promise where real servers are on a
    // busy machine.
    expect: { poll: { timeout: 15_000 } },
    // Real servers, processes and clocks on a shared machine: one more try there, shown in the
    // report.
    retry: process.env['CI'] === undefined ? 0 : 1,
  },
})
