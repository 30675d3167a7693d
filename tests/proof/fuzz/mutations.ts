import type { Json } from '../../../src/contracts/json.js'
import type { Chance } from '../../support/chance.js'
import { mutateTree, SCALARS, treeOf, writeTree, type Tree } from './tree.js'

/** One damage to bytes: a flipped bit, a cut, a piece of something else. */
export function mutateBytes(
  bytes: Uint8Array,
  donor: Uint8Array,
  chance: Chance,
  words: readonly Uint8Array[],
): Uint8Array {
  const at = chance.below(bytes.length + 1)
  const end = Math.min(bytes.length, at + 1 + chance.below(chance.oneIn(4) ? 200 : 4))
  switch (chance.below(9)) {
    case 0: {
      const copy = bytes.slice()
      if (copy.length > 0) copy[Math.min(at, copy.length - 1)]! ^= 1 << chance.below(8)
      return copy
    }
    case 1: {
      const copy = bytes.slice()
      if (copy.length > 0)
        copy[Math.min(at, copy.length - 1)] = chance.oneIn(3) ? chance.pick(BYTES) : chance.below(256)
      return copy
    }
    case 2:
      return bytes.slice(0, at)
    case 3:
      return joined(bytes.subarray(0, at), bytes.subarray(end))
    case 4:
      return joined(bytes.subarray(0, end), bytes.subarray(at))
    case 5: {
      const from = chance.below(donor.length + 1)
      return joined(
        bytes.subarray(0, at),
        donor.subarray(from, from + 1 + chance.below(60)),
        bytes.subarray(end),
      )
    }
    case 6:
      return joined(bytes.subarray(0, at), donor.subarray(chance.below(donor.length + 1)))
    default:
      return joined(bytes.subarray(0, at), chance.pick(words), bytes.subarray(chance.oneIn(2) ? at : end))
  }
}

/**
 * A document with a few changes to its structure, mostly still in its canonical spelling, as bytes.
 */
export function mutateJson(value: Json, donor: Tree, chance: Chance): Uint8Array {
  const tree = treeOf(value)
  for (let changes = chance.pick([0, 1, 1, 1, 2, 2, 3, 6]); changes > 0; changes -= 1)
    mutateTree(tree, donor, chance)
  const plain = !chance.oneIn(6)
  return encoder.encode(
    writeTree(
      tree,
      plain ? CANONICAL : { sorted: chance.oneIn(2), space: chance.pick(['', ' ', '\n', '\t\r\n']) },
    ),
  )
}

const CANONICAL = { sorted: true, space: '' } as const
const encoder = new TextEncoder()

/** Bytes that end something, or begin something that is not allowed. */
const BYTES = [
  0x00, 0x09, 0x0a, 0x0d, 0x20, 0x22, 0x2c, 0x3a, 0x5b, 0x5c, 0x5d, 0x7b, 0x7d, 0x7f, 0x80, 0xbf, 0xc0, 0xc3,
  0xe2, 0xed, 0xf0, 0xf4, 0xfe, 0xff,
]

/**
 * Pieces that JSON texts are cut and joined with: scalars, punctuation and encodings that are none.
 */
export const JSON_WORDS: readonly Uint8Array[] = [
  ...SCALARS.map(text => encoder.encode(text)),
  ...['{', '}', '[', ']', ',', ':', '"', '\\', '\\u', '\\ud800', '{"a":', '"__proto__":', '//', '/*', '\n', ' '].map(text => encoder.encode(text)),
  ...[[0xef, 0xbb, 0xbf], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0xff, 0xfe]].map(bytes => Uint8Array.from(bytes)),
] // prettier-ignore

export function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
