import { runControllerKills } from '../rollouts/controller-kills.js'
import type { Part } from './part.js'

/** Controllers that are killed with SIGKILL in the middle of rollouts. */
export const controllers: Part = {
  name: 'controllers',
  what: 'kill -9 trials of controllers',
  settings: ['controllerKills'],
  async run({ settings, progress, show }) {
    // One of ten with real clients, whose rollouts take longer.
    const realTrials = Math.ceil(settings.controllerKills / 10)
    const { trials, violations, ...figures } = await runControllerKills({
      trials: settings.controllerKills - realTrials,
      realTrials,
      onProgress: progress,
    })
    const told = violations.map(text => ({
      text,
      replay: `npm run prove -- --json none --only controllers --controller-kills ${settings.controllerKills}`,
    }))
    told.forEach(show)
    return { tried: trials, violations: told, figures }
  },
}
