import type { Json } from '../../../src/contracts/json.js'
import type { Chance } from '../../support/chance.js'
import { JSON_WORDS, mutateBytes, mutateJson } from './mutations.js'
import { treeOf } from './tree.js'

/** One parser, the inputs that are made for it, and what must hold for each of them. */
export interface Target {
  readonly name: string
  /** Its share of a run, to the others'. */
  readonly weight: number
  /** Makes an input. */
  draw(chance: Chance): Uint8Array
  /** Throws when a promise is broken. */
  check(input: Uint8Array, chance: Chance): void | Promise<void>
}

const encoder = new TextEncoder()

/** Draws damaged JSON: two of three times in its structure, else in its bytes. */
export function damagedJson(seeds: readonly Json[]): (chance: Chance) => Uint8Array {
  const texts = seeds.map(seed => encoder.encode(JSON.stringify(seed)))
  const trees = seeds.map(treeOf)
  return chance => {
    if (!chance.oneIn(3)) return mutateJson(chance.pick(seeds), chance.pick(trees), chance)
    let bytes: Uint8Array = chance.pick(texts)
    for (let changes = 1 + chance.below(4); changes > 0; changes -= 1)
      bytes = mutateBytes(bytes, chance.pick(texts), chance, JSON_WORDS)
    return bytes
  }
}
