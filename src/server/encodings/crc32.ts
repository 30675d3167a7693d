import * as zlib from 'node:zlib'

/** What check values of gzip are made with, lowest coefficient first. */
const POLYNOMIAL = 0xedb88320

/** Newer than the types of Node that are used here. */
const { crc32 } = zlib as unknown as { readonly crc32: (bytes: Uint8Array) => number }

/**
 * The check value of bytes (CRC-32, as gzip has it), and what it takes to append them to others.
 */
export interface Checked {
  readonly crc: number
  readonly length: number
  /** `x` to the power of eight times the length, modulo the polynomial. */
  readonly shift: number
}

/** Nothing yet. */
export const NOTHING: Checked = { crc: 0, length: 0, shift: 0x80000000 }

export function checkedOf(bytes: Uint8Array): Checked {
  return { crc: crc32(bytes), length: bytes.length, shift: powerOf(bytes.length) }
}

/**
 * The check value of some bytes followed by others, of the check values of both: a few
 * multiplications, however many bytes there are. As in zlib's `crc32_combine_op`.
 */
export function combined(crc: number, { crc: next, shift }: Checked): number {
  return (multiply(shift, crc) ^ next) >>> 0
}

/** The product of two polynomials modulo the polynomial; bit 31 is the coefficient of 1. */
function multiply(left: number, right: number): number {
  let product = 0
  let factor = right
  for (let mask = 0x80000000; mask !== 0; mask >>>= 1) {
    if ((left & mask) !== 0) product ^= factor
    factor = (factor & 1) === 0 ? factor >>> 1 : (factor >>> 1) ^ POLYNOMIAL
  }
  return product >>> 0
}

/** `x` to the power of 2 to the power of the index, modulo the polynomial. */
const SQUARES: readonly number[] = (() => {
  const squares = [0x40000000]
  for (let index = 1; index < 32; index += 1) {
    const last = squares[index - 1] ?? 0
    squares.push(multiply(last, last))
  }
  return squares
})()

function powerOf(bytes: number): number {
  let power = NOTHING.shift
  // Eight bits a byte: the third power of two on.
  for (let index = 3, rest = bytes; rest > 0; index += 1, rest >>>= 1)
    if ((rest & 1) === 1) power = multiply(SQUARES[index] ?? 0, power)
  return power
}
