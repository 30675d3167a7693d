import { expect, test } from 'vitest'
import { createInterner } from '../../../src/fleet/interner.js'
import { heapBytesOf } from '../../support/heap.js'

/** A text of its own in memory, whatever equal ones there are. */
const copyOf = (text: string): string => JSON.parse(JSON.stringify(text)) as string

test('a text is given back as it is, among however many others', () => {
  const same = createInterner()
  for (let index = 0; index < 20_000; index += 1) {
    const text = `text ${index % 3_000}`
    expect(same(text)).toBe(text)
  }
})

test('equal texts are one in memory, also when many others come in between', async () => {
  const long = 'x'.repeat(1_000)
  const filled = async (keep: (text: string) => string): Promise<unknown> =>
    Array.from({ length: 20_000 }, (_, index) => {
      keep(copyOf(`another ${index}`))
      return keep(copyOf(long))
    })
  expect(await heapBytesOf(() => filled(text => text))).toBeGreaterThan(20_000_000)
  expect(await heapBytesOf(() => filled(createInterner()))).toBeLessThan(2_000_000)
})

test('what was never repeated is forgotten', async () => {
  const same = createInterner()
  const bytes = await heapBytesOf(async () => {
    for (let index = 0; index < 50_000; index += 1) same(copyOf(`${index}`.padEnd(1_000, 'x')))
    return same
  })
  expect(bytes).toBeLessThan(10_000_000)
})
