import { describe, expect, test } from 'vitest'
import type { DeltaCodec } from '../../../src/contracts/deltas.js'
import { deltaCodec } from '../../../src/deltas/delta-codec.js'
import { runtimeZstd } from '../../../src/deltas/runtime-zstd.js'
import { heedingDictionaries, type Zstd } from '../../../src/deltas/zstd.js'
import { zstdDeltas } from '../../../src/deltas/index.js'
import { maxDeltaBytes } from '../../../src/core/release/delta-size.js'
import { largeSnapshot, libraryDeltas } from '../../support/large-documents.js'

const invalid = expect.objectContaining({ code: 'invalid-data' })
const library = await libraryDeltas().codec()
if (library === undefined) throw new Error('install the development dependency @bokuweb/zstd-wasm')
const own = runtimeZstd()
const codecs: [string, DeltaCodec][] = [['the library', library]]
// Node 20 has no Zstandard of its own; where there is one, both have to understand each other.
if (own !== undefined) codecs.push(['the runtime', deltaCodec(own)])

const base = largeSnapshot(10)
const next = largeSnapshot(20)
const { length } = next.bytes

describe.each(codecs)('deltas by %s', (_, codec) => {
  const delta = codec.encode({ base, bytes: next.bytes }) ?? new Uint8Array()

  test('one key changed in 200 KB takes some hundred bytes, and makes the snapshot to the byte', () => {
    expect(delta.length).toBeGreaterThan(40)
    expect(delta.length).toBeLessThan(256)
    expect(Buffer.from(delta.subarray(0, 8)).toString('hex')).toBe('5e2a4d1820000000')
    expect(Buffer.from(delta.subarray(8, 40)).toString('hex')).toBe(base.digest)
    expect(Buffer.compare(codec.decode({ base, delta, length }), next.bytes)).toBe(0)
  })

  test('whoever made it, everybody reads it', () => {
    for (const [, other] of codecs)
      expect(Buffer.compare(other.decode({ base, delta, length }), next.bytes)).toBe(0)
  })

  test('documents of each size that has deltas come back', () => {
    for (const bytes of [5_000, 20_000, 70_000, 900_000]) {
      const [from, to] = [largeSnapshot(1, bytes), largeSnapshot(2, bytes)]
      const made = codec.encode({ base: from, bytes: to.bytes }) ?? new Uint8Array()
      expect(made.length).toBeLessThan(300)
      expect(to.bytes.length).toBe(bytes)
      const back = codec.decode({ base: from, delta: made, length: to.bytes.length })
      expect(Buffer.compare(back, to.bytes)).toBe(0)
    }
  })

  test('a snapshot that is too short, or shares too little with the other, has none', () => {
    const short = largeSnapshot(1, 3_000)
    expect(codec.encode({ base: largeSnapshot(2, 3_000), bytes: short.bytes })).toBeUndefined()
    const strange = crypto.getRandomValues(new Uint8Array(20_000))
    expect(codec.encode({ base, bytes: strange })).toBeUndefined()
    expect(maxDeltaBytes(4_095)).toBe(0)
    expect(maxDeltaBytes(4_096)).toBe(2_048)
  })

  test('a delta from another base is refused by its name, before anything is decompressed', () => {
    const other = largeSnapshot(30)
    expect(() => codec.decode({ base: other, delta, length })).toThrow(invalid)
    // Under the right name other bytes make other bytes, or none: the digest of what comes out
    // decides.
    const forged = { digest: base.digest, bytes: largeSnapshot(10, 40_000).bytes.slice().reverse() }
    let made: Uint8Array | undefined
    try {
      made = codec.decode({ base: forged, delta, length })
    } catch (error) {
      expect(error).toEqual(invalid)
    }
    expect(made === undefined || Buffer.compare(made, next.bytes) !== 0).toBe(true)
  })

  test('a content of another length than the release states is refused, longer or shorter', () => {
    for (const stated of [length - 1, length + 1, 0, 1])
      expect(() => codec.decode({ base, delta, length: stated })).toThrow(invalid)
  })

  test('cut anywhere, or with a byte changed anywhere, it makes nothing, or not the snapshot', () => {
    for (let keep = 0; keep < delta.length; keep += 1) {
      const cut = delta.subarray(0, keep)
      expect(() => codec.decode({ base, delta: cut, length })).toThrow(invalid)
    }
    for (let at = 0; at < delta.length; at += 1) {
      const changed = delta.slice()
      changed[at] = (changed[at] ?? 0) ^ 0x41
      try {
        // Never longer than stated, whatever it says.
        expect(codec.decode({ base, delta: changed, length }).length).toBe(length)
      } catch (error) {
        expect(error).toEqual(invalid)
      }
    }
  })
})

/** A `dcz` body with a frame of these bytes. */
const bodyOf = (...frame: number[]): Uint8Array =>
  Uint8Array.from([
    ...[0x5e, 0x2a, 0x4d, 0x18, 0x20, 0, 0, 0],
    ...Buffer.from(base.digest, 'hex'),
    ...[0x28, 0xb5, 0x2f, 0xfd],
    ...frame,
  ])

test.each<[string, number[]]>([
  ['states no length', [0x00, 0x50, 0x01, 0, 0]],
  ['names a dictionary', [0x61, 0x07, 0x00, 0x10, 0x01, 0, 0]],
  ['has a window of more than 8 MiB', [0x40, 0x72, 0x00, 0x10, 0x01, 0, 0]],
  ['sets the reserved bit', [0x68, 0x00, 0x10, 0x01, 0, 0]],
  ['ends within its header', [0xe0, 0x00, 0x11]],
  ['states eight bytes of length', [0xe0, 0x00, 0x11, 0, 0, 0, 0, 1, 0, 0x01, 0, 0]],
])('a frame that %s is refused before a decoder sees it', (_, frame) => {
  let seen = 0
  const codec = deltaCodec({
    compress: bytes => bytes,
    decompress(bytes) {
      seen += 1
      return bytes
    },
  })
  expect(() => codec.decode({ base, delta: bodyOf(...frame), length: 0x1100 })).toThrow(invalid)
  expect(seen).toBe(0)
})

test('a bomb is stopped at the length that the release states', () => {
  // The library makes room for what the header says, which has to be the stated length; behind it
  // stands far more.
  const bomb = library.encode({ base, bytes: new Uint8Array(8_000_000) }) ?? new Uint8Array()
  expect(bomb.length).toBeLessThan(2_000)
  const lying = bomb.slice()
  // The four bytes of the content's length, behind the frame's magic and descriptor.
  new DataView(lying.buffer).setUint32(40 + 5 + ((lying[44] ?? 0) & 0x20 ? 0 : 1), length, true)
  for (const [, codec] of codecs) {
    expect(() => codec.decode({ base, delta: bomb, length })).toThrow(invalid)
    expect(() => codec.decode({ base, delta: lying, length })).toThrow(invalid)
  }
})

test('a compressor that passes over its dictionary in silence counts as none', () => {
  const deaf: Zstd = { compress: bytes => bytes.slice(), decompress: frame => frame.slice() }
  expect(heedingDictionaries(deaf)).toBeUndefined()
  const broken: Zstd = { compress: () => new Uint8Array(4), decompress: () => new Uint8Array(64) }
  expect(heedingDictionaries(broken)).toBeUndefined()
})

test('a library that is not there, or is none, leaves everything in whole snapshots', async () => {
  const missing = zstdDeltas(() => Promise.reject(new Error('not installed')))
  expect(await missing.codec()).toBeUndefined()
  const empty = zstdDeltas(async () => ({ init: async () => {} }) as never)
  expect(await empty.codec()).toBeUndefined()
  expect(() => zstdDeltas(undefined as never)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
})
