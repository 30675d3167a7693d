import type { Random } from '../contracts/system.js'

/**
 * Chance that repeats: the same seed, a whole number of 32 bits, gives the same numbers (sfc32,
 * seeded by splitmix32). Not for secrets.
 *
 * ```ts
 * const client = createClient({ ...options, system: { random: seededRandom(7) } })
 * ```
 */
export function seededRandom(seed: number): Random {
  let state = seed | 0
  const split = (): number => {
    state = (state + 0x9e3779b9) | 0
    let z = state ^ (state >>> 16)
    z = Math.imul(z, 0x21f0aaad)
    z ^= z >>> 15
    z = Math.imul(z, 0x735a2d97)
    return z ^ (z >>> 15)
  }
  let [a, b, c, counter] = [split(), split(), split(), 1]
  const next = (): number => {
    const sum = (((a + b) | 0) + counter) | 0
    counter = (counter + 1) | 0
    a = b ^ (b >>> 9)
    b = (c + (c << 3)) | 0
    c = (((c << 21) | (c >>> 11)) + sum) | 0
    return sum >>> 0
  }
  // The first numbers still show the seed.
  for (let round = 0; round < 12; round += 1) next()

  return {
    number: () => next() / 2 ** 32,
    bytes(length) {
      const words = Uint32Array.from({ length: Math.ceil(length / 4) }, next)
      return new Uint8Array(words.buffer, 0, length)
    },
  }
}
