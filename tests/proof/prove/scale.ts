import type { Part, Violation } from './part.js'
import type { ProveSettings } from './settings.js'
import { runTestFile } from './test-run.js'

/** The tests that try a share of what there is in `npm test`; see tests/support/scale.ts. */
export const SCALED_TESTS = [
  'tests/proof/board/file-store.kill.test.ts',
  'tests/proof/board/file-store.race.test.ts',
  'tests/proof/guarantees/line-09-rollback.test.ts',
  'tests/proof/guarantees/what-always-holds.test.ts',
  'tests/proof/sim/kept.test.ts',
  'tests/proof/rollouts/guardrails.test.ts',
  'tests/proof/guarantees/rollout-lines.test.ts',
  'tests/unit/strategies/herd.test.ts',
  'tests/unit/strategies/herd-reports.test.ts',
  'tests/unit/compare/formula.test.ts',
  'tests/unit/compare/light.test.ts',
  'tests/unit/server/heap.test.ts',
  'tests/unit/twice/clients.test.ts',
  'tests/unit/twice/publishers.test.ts',
  'tests/unit/twice/stores.test.ts',
  'tests/unit/node/board/file-store.close.test.ts',
  'tests/unit/node/board/file-store.opening.test.ts',
  'tests/unit/node/board/file-store.pointer.test.ts',
  'tests/unit/node/board/file-store.refusal.test.ts',
  'tests/system/engines/postgres.test.ts',
  'tests/system/engines/etcd.test.ts',
  'tests/system/engines/redis.test.ts',
  'tests/system/demo/demo.built.test.ts',
  'tests/system/demo/demo-rollout.built.test.ts',
  'tests/system/protection/deaths.test.ts',
  'tests/system/rollouts/same-rollout.test.ts',
  'tests/system/soak/soak.built.test.ts',
  'tests/system/benchmarks/quick.built.test.ts',
] as const

/** Of files with tests every so many, from a drawn one on. */
export function shareOf(
  files: readonly string[],
  { every, seed }: Pick<ProveSettings, 'every' | 'seed'>,
): readonly string[] {
  return files.filter((_, index) => (index + seed) % Math.max(1, every) === 0)
}

/**
 * Tests of the suite at their whole size. Those whose programs are not installed are counted as
 * skipped.
 */
export const scale: Part = {
  name: 'scale',
  what: 'tests in full',
  settings: ['every', 'seed'],
  built: true,
  async run({ settings: { every, seed }, progress, show, say }) {
    const files = shareOf(SCALED_TESTS, { every, seed })
    const violations: Violation[] = []
    const byFile: Record<string, { passed: number; skipped: number }> = {}
    for (const [index, file] of files.entries()) {
      const { passed, skipped, violations: own } = await runTestFile(file, { NOTICEBOARD_SCALE: 'whole' })
      own.forEach(show)
      violations.push(...own)
      byFile[file] = { passed, skipped }
      say(`scale    ${file}: ${passed} passed, ${skipped} skipped, ${own.length} failed`)
      progress(index + 1, files.length)
    }
    const tried = Object.values(byFile).reduce((sum, { passed }) => sum + passed, 0)
    return { tried, violations, figures: { byFile } }
  },
}
