import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../sim/bundle.js'
import type { Part, Violation } from './part.js'
import { shareOf } from './scale.js'
import { runTestFile } from './test-run.js'

const FOLDER = 'tests/proof/steps'

/** Something that happens at each await of each operation, one after another. */
export const steps: Part = {
  name: 'steps',
  what: 'awaits',
  settings: ['every', 'seed'],
  async run({ settings: { every, seed }, progress, show }) {
    const all = (await readdir(join(root, FOLDER))).filter(name => name.endsWith('.test.ts')).toSorted()
    const files = shareOf(all, { every, seed })
    const violations: Violation[] = []
    const byFile: Record<string, number> = {}
    for (const [index, file] of files.entries()) {
      const { tried, violations: own } = await runTestFile(`${FOLDER}/${file}`, { NOTICEBOARD_AWAITS: 'all' })
      own.forEach(show)
      violations.push(...own)
      byFile[file] = tried
      progress(index + 1, files.length)
    }
    const tried = Object.values(byFile).reduce((sum, count) => sum + count, 0)
    return { tried, violations, figures: { byFile } }
  },
}
