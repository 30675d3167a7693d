import { bundle } from '../sim/bundle.js'
import { hunt, PLANTED_BUGS, type Found } from '../sim/hunt.js'
import { runMany } from '../sim/run-many.js'
import type { Part, Violation } from './part.js'

/**
 * Bugs that were put into copies of the source: an oracle has to find each, and the source as it is
 * has to pass the same seeds.
 */
export const bugs: Part = {
  name: 'bugs',
  what: 'planted bugs',
  settings: ['bugSeeds', 'bugFrom', 'bug'],
  async run({ settings, workers, progress, show, say }) {
    const { bugSeeds, bugFrom, bug: only } = settings
    const chosen = PLANTED_BUGS.filter(({ name }) => only === undefined || name === only)
    if (chosen.length === 0) throw new Error(`there is no planted bug ${only}`)
    const violations: Violation[] = []
    const blame = (violation: Violation): void => {
      violations.push(violation)
      show(violation)
    }
    const found: Record<string, Omit<Found, 'expected'>> = {}
    let most = 0
    for (const [index, bug] of chosen.entries()) {
      const replay = `npm run prove -- --json none --only bugs --bug ${bug.name} --bug-from ${bugFrom} --bug-seeds ${bugSeeds}`
      try {
        const file = await bundle({ entry: 'seed-process', bug })
        const { expected, ...hit } = await hunt({ file, bug, from: bugFrom, most: bugSeeds, workers })
        found[bug.name] = hit
        most = Math.max(most, hit.seed === undefined ? bugSeeds : hit.seed - bugFrom + 1)
        if (expected) say(`bugs     ${bug.name.padEnd(34)} ${hit.oracle} within ${hit.seeds} seeds`)
        else
          blame({
            text: `${bug.name} was not found: ${hit.oracle ?? 'nothing'} after ${hit.seeds} seeds`,
            replay,
          })
      } catch (error) {
        blame({ text: `${bug.name}: ${error instanceof Error ? error.message : String(error)}`, replay })
      }
      progress(index + 1, chosen.length)
    }

    const file = await bundle({ entry: 'seed-process' })
    const lines = await runMany({ file, from: bugFrom, count: most, workers })
    for (const { seed, violations: own } of lines)
      if (own[0] !== undefined)
        blame({
          text: `seed ${seed} without a bug: ${own[0].oracle}: ${own[0].text}`,
          replay: `npm run sim -- ${seed} trace`,
        })
    return { tried: chosen.length, violations, figures: { found, passedWithout: lines.length } }
  },
}
