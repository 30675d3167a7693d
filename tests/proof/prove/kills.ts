import { runKills } from '../board/kill-trials.js'
import type { Part } from './part.js'

/** Publishers that are killed with SIGKILL while they write. */
export const kills: Part = {
  name: 'kills',
  what: 'kill -9 trials',
  settings: ['kills', 'killFrom', 'seed'],
  async run({ settings, workers, progress, show }) {
    const { trials, violations, ...figures } = await runKills({
      trials: settings.kills,
      from: settings.killFrom,
      seed: settings.seed,
      lanes: workers,
      onProgress: progress,
    })
    const told = violations.map(({ trial, text, repeat }) => ({
      text: `trial ${trial}: ${text}`,
      replay: `npm run prove -- --json none --only kills --seed ${repeat.seed} --kill-from ${repeat.from} --kills ${repeat.trials}`,
    }))
    told.forEach(show)
    return { tried: trials, violations: told, figures }
  },
}
