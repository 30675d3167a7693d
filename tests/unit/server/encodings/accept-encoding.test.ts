import { expect, test } from 'vitest'
import { acceptedEncodings } from '../../../../src/server/encodings/accept-encoding.js'

test.each([
  [undefined, ''],
  ['', ''],
  ['identity', ''],
  ['*', ''],
  ['*;q=1, gzip;q=0', ''],
  ['deflate, x-gzip, gzipx', ''],
  ['gzip', 'gzip'],
  ['GZip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br zstd gzip'],
  ['br, gzip', 'br gzip'],
  ['gzip;q=1.0, br;q=0.5', 'gzip br'],
  ['br ; q=0.5 , zstd;q=0.501', 'zstd br'],
  ['br;q=0, zstd;q=0.000, gzip', 'gzip'],
  ['br;q=1.5, zstd;q=-1, gzip;q=x', ''],
  ['gzip, gzip;q=0', 'gzip'],
  [', ,;,gzip,', 'gzip'],
  [`${'x,'.repeat(1_000)}br`, 'br'],
])('Accept-Encoding %j takes %j', (header, encodings) => {
  expect(acceptedEncodings(header).join(' ')).toBe(encodings)
  // What is known by heart says the same.
  expect(acceptedEncodings(header).join(' ')).toBe(encodings)
})

test('headers that nobody sends twice are not kept for ever', () => {
  const first = acceptedEncodings('gzip;q=0.123')
  expect(acceptedEncodings('gzip;q=0.123')).toBe(first)
  for (let index = 0; index < 100; index += 1) acceptedEncodings(`gzip, x-${index}`)
  expect(acceptedEncodings('gzip;q=0.123')).not.toBe(first)
})
