import type { Random } from '../contracts/system.js'
import { seededRandom } from './seeded-random.js'

/** Chance in the few forms that a simulation draws. */
export interface Dice extends Random {
  /** Whether something of this probability happens. */
  chance(probability: number): boolean
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number
  /** One of the items. Throws when there is none. */
  pick<Item>(items: readonly Item[]): Item
}

/**
 * Dice for one part of a simulation, split off the seed (any whole number) by a name, so that one
 * more draw in one part shifts no other part's.
 *
 * ```ts
 * const dice = seededDice(seed, 'arrivals')
 * const waitMs = dice.between(100, 5_000)
 * ```
 */
export function seededDice(seed: number, name: string): Dice {
  let hash = 2_166_136_261
  for (const character of `${seed} ${name}`)
    hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 16_777_619)
  const random = seededRandom(hash >>> 0)
  return {
    ...random,
    chance: probability => random.number() < probability,
    between: (from, to) => from + Math.floor(random.number() * (to - from + 1)),
    pick<Item>(items: readonly Item[]): Item {
      const item = items[Math.floor(random.number() * items.length)]
      if (item === undefined && items.length === 0) throw new Error('pick() needs at least one item')
      return item as Item
    },
  }
}
