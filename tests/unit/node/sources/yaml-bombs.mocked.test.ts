import { expect, it, vi } from 'vitest'
import type * as Yaml from 'yaml'
import { readYamlText } from '../../../../src/node/sources/yaml-text.js'

const parsed = vi.hoisted(() => ({ texts: 0 }))

vi.mock('yaml', async importOriginal => {
  const original = await importOriginal<typeof Yaml>()
  const parseAllDocuments: typeof original.parseAllDocuments = (...args) => {
    parsed.texts += 1
    return original.parseAllDocuments(...args)
  }
  return { ...original, parseAllDocuments }
})

const read = (text: string): unknown => readYamlText(text, { what: 'f.yaml', maxBytes: 1_048_576 })

it.each([
  ['aliases', `a: &a 1\nb: [${'*a,'.repeat(300_000)}]`, /aliases/],
  ['aliases of nothing', '- *a\n'.repeat(200_000), /aliases/],
  ['brackets', '['.repeat(800_000), /levels/],
  ['braces', '{a: '.repeat(200_000), /levels/],
  ['nested lists', '- '.repeat(400_000), /pieces/],
  ['nested keys', '? '.repeat(400_000), /pieces/],
  ['closing brackets', ']'.repeat(800_000), /pieces/],
  ['quotes', '"'.repeat(800_000), /pieces/],
  ['anchors', '- &a 1\n'.repeat(140_000), /pieces/],
  ['documents', '---\n'.repeat(250_000), /pieces/],
])('a bomb of %s is refused before anything is made of it', (_, text, words) => {
  expect(() => read(text)).toThrow(words)
  // The parser refuses each of them too, after seconds and with hundreds of megabytes.
  expect(parsed.texts).toBe(0)
})

it('a text of half a megabyte is read, whatever its texts look like', () => {
  expect(read(`a: |\n${'  [[*x {\n'.repeat(50_000)}b: "${'*[{'.repeat(1_000)}"\n`)).toMatchObject({
    b: '*[{'.repeat(1_000),
  })
  expect(parsed.texts).toBe(1)
})

it('a text of 250,000 pieces is read, and one of a piece more is not', () => {
  // A list item has five, beside the beginning of the document; an empty line has one.
  const items = '- 1\n'.repeat(49_999)
  expect(read(`${items}${'\n'.repeat(4)}`)).toHaveLength(49_999)
  expect(() => read(`${items}${'\n'.repeat(5)}`)).toThrow(/more than 250000 pieces/)
})
