import type { Random } from '../../../src/contracts/system.js'
import { seededRandom } from '../../../src/testing/virtual-clock.js'

/** Chance with the few forms that a history draws in. */
export interface Dice extends Random {
  /** Whether something of this probability happens. */
  chance(probability: number): boolean
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number
  pick<Item>(items: readonly Item[]): Item
}

/** One actor's own chance, split off the seed, so that one more draw in one actor shifts nobody else's. */
export function diceOf(seed: number, actor: string): Dice {
  let hash = 2_166_136_261
  for (const character of `${seed} ${actor}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619)
  const random = seededRandom(hash >>> 0)
  return {
    ...random,
    chance: probability => random.number() < probability,
    between: (from, to) => from + Math.floor(random.number() * (to - from + 1)),
    pick<Item>(items: readonly Item[]): Item {
      const item = items[Math.floor(random.number() * items.length)]
      if (item === undefined && items.length === 0) throw new Error('nothing to pick from')
      return item as Item
    },
  }
}
