import { brokenPromises, KINDS, sayRow, simulateStages, worstOf } from '../rollouts/statistics.js'
import type { Part } from './part.js'

/**
 * Simulated stages: false alarms for every background, and how many clients fail before an alarm.
 */
export const statistics: Part = {
  name: 'statistics',
  what: 'stages',
  settings: ['stages', 'seed'],
  async run({ settings, progress, show, say }) {
    const { stages, seed } = settings
    const rows = simulateStages(stages, seed, progress)
    for (const row of rows) say(`statistics ${sayRow(row)}`)
    const violations = brokenPromises(rows).map(text => ({
      text,
      replay: `npm run prove -- --json none --only statistics --seed ${seed} --stages ${stages}`,
    }))
    violations.forEach(show)
    return {
      tried: stages * KINDS.length,
      violations,
      figures: {
        rows,
        worstFalseAlarms: Object.fromEntries(
          [...new Set(rows.map(({ watcher }) => watcher))].map(watcher => [watcher, worstOf(rows, watcher)]),
        ),
      },
    }
  },
}
