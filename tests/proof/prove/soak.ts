import { growthOf, LEAK_ON_PURPOSE, runSoak } from '../../system/soak/run-soak.js'
import type { Part, Violation } from './part.js'

/** How much more a heap may hold after all publishes than after those that warm it up. */
const MOST_GROWTH = 1.05

/**
 * After how many publishes the first measure is taken: until about then the heap of a server grows
 * by what the engine keeps of code that is getting warm, and of collections that are bounded and
 * not yet full.
 */
const WARM_UP = 500

/**
 * Many clients over many publishes: neither memory nor handles grow. And a leak on purpose, which
 * has to be seen.
 */
export const soak: Part = {
  name: 'soak',
  what: 'publishes',
  settings: ['clients', 'publishes'],
  built: true,
  async run({ settings: { clients, publishes }, progress, show }) {
    const violations: Violation[] = []
    const blame = (text: string): void => {
      const violation = {
        text,
        replay: `npm run prove -- --json none --only soak --clients ${clients} --publishes ${publishes}`,
      }
      violations.push(violation)
      show(violation)
    }
    const warmUp = Math.min(WARM_UP, publishes)
    const beganMs = performance.now()
    const ends = await runSoak({
      clients,
      separate: Math.ceil(clients / 20),
      stalled: Math.ceil(clients / 40),
      warmUp,
      publishes: warmUp + publishes,
      optimised: true,
      settleMs: 90_000,
      onProgress: progress,
    })
    const seconds = Math.round((performance.now() - beganMs) / 1_000)
    for (const [who, { before, after }] of Object.entries(ends)) {
      const growth = growthOf(before, after)
      if (growth >= MOST_GROWTH) blame(`the heap of the ${who} is ${growth.toFixed(3)} times what it was`)
      if (JSON.stringify(before.handles) !== JSON.stringify(after.handles))
        blame(
          `handles of the ${who}: ${JSON.stringify(before.handles)}, then ${JSON.stringify(after.handles)}`,
        )
    }

    const control = await runSoak(LEAK_ON_PURPOSE)
    const controlGrowth = growthOf(control.clients.before, control.clients.after)
    if (controlGrowth < MOST_GROWTH) blame(`a leak on purpose was not seen: ${controlGrowth.toFixed(3)}`)
    const round = (value: number): number => Math.round(value * 10_000) / 10_000
    return {
      tried: publishes,
      violations,
      figures: {
        clients,
        seconds,
        growth: {
          clients: round(growthOf(ends.clients.before, ends.clients.after)),
          server: round(growthOf(ends.server.before, ends.server.after)),
          leakOnPurpose: round(controlGrowth),
        },
        ends,
      },
    }
  },
}
