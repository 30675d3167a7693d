import { expect, test } from 'vitest'
import { runFuzz, targets } from './run-fuzz.js'

/**
 * What `npm test` tries of all targets together; the long form, `npm run prove`, tries 10,000,000.
 */
const INPUTS = 100_000

/** Tries some of the targets, with the share that they have of a whole run. */
export function fuzzTest(title: string, names: readonly string[]): void {
  const weightOf = (chosen: typeof targets): number => chosen.reduce((sum, { weight }) => sum + weight, 0)
  const chosen = targets.filter(({ name }) => names.includes(name))
  const inputs = Math.round((INPUTS * weightOf(chosen)) / weightOf(targets))
  test(
    title,
    async () => {
      expect(chosen).toHaveLength(names.length)
      const { failures, tried } = await runFuzz({ inputs, seed: 20_261_121, only: names })
      expect(failures).toEqual([])
      for (const name of names) expect(tried[name]).toBeGreaterThan(300)
    },
    240_000,
  )
}
