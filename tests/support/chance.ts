/**
 * Fast seeded chance (sfc32). Each input has its own, so that one is repeated without those before
 * it.
 */
export interface Chance {
  /** A whole number from 0 up to, and without, the limit. */
  below(limit: number): number
  /** True once in so many times. */
  oneIn(times: number): boolean
  pick<Item>(items: readonly Item[]): Item
}

/** Chance that depends on nothing but these numbers. */
export function chanceOf(seed: number, stream: number, index: number): Chance {
  let a = seed | 0
  let b = stream | 0
  let c = index | 0
  let counter = 1
  const draw = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = ((c << 21) | (c >>> 11)) + sum
    c |= 0
    return sum >>> 0
  }
  // The first draws of neighbouring indices are alike.
  for (let round = 0; round < 12; round += 1) draw()

  const below = (limit: number): number => Math.floor((draw() / 4_294_967_296) * limit)
  return {
    below,
    oneIn: times => below(times) === 0,
    pick: items => items[below(items.length)]!,
  }
}
