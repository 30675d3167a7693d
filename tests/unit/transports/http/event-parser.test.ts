import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { createEventParser } from '../../../../src/transports/http/event-parser.js'

const LIMITS = { maxLineBytes: 1_000, maxEventBytes: 4_000 }
const encode = (text: string): Uint8Array => new TextEncoder().encode(text)

interface PlainEvent {
  readonly name: string
  readonly data: readonly string[]
}

function parse(bytes: Uint8Array, cuts: readonly number[] = [], limits = LIMITS): PlainEvent[] {
  const parser = createEventParser(limits)
  const edges = [0, ...[...cuts].sort((a, b) => a - b), bytes.length]
  const events = edges.slice(1).flatMap((end, index) => parser(bytes.subarray(edges[index], end)))
  return events.map(({ name, data }) => ({
    name,
    data: data.map(line => new TextDecoder('utf-8', { ignoreBOM: true }).decode(line)),
  }))
}

/** The HTML standard's algorithm, over a whole text. */
function reference(text: string): PlainEvent[] {
  const events: PlainEvent[] = []
  let name = ''
  let data: string[] = []
  const lines = text.replace(/^\uFEFF/, '').split(/\r\n|\r|\n/)
  // What stands after the last line break is not a line yet.
  for (const line of lines.slice(0, -1)) {
    if (line === '') {
      if (data.length > 0) events.push({ name: name || 'message', data })
      name = ''
      data = []
      continue
    }
    const colon = line.indexOf(':')
    const field = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (field === 'data') data.push(value)
    if (field === 'event') name = value
  }
  return events
}

const line = fc.oneof(
  fc.constantFrom(
    '',
    '',
    'data',
    'data:',
    'data: ',
    'data:  two',
    'event',
    'event:',
    ':comment',
    'id: 1',
    'retry: 5',
    'datax: no',
    'dat: no',
    'events: no',
    'data : no',
  ),
  fc.string({ unit: 'grapheme', maxLength: 20 }).map(text => `data: ${text.replace(/[\r\n]/g, '')}`),
  fc.constantFrom('release', 'mark', 'alive', 'ünïcødé').map(name => `event: ${name}`),
  fc.string({ maxLength: 10 }).map(text => text.replace(/[\r\n]/g, '')),
)
const stream = fc
  .tuple(fc.boolean(), fc.array(fc.tuple(line, fc.constantFrom('\n', '\r', '\r\n')), { maxLength: 40 }), line)
  .map(([mark, lines, rest]) => (mark ? '\uFEFF' : '') + lines.map(parts => parts.join('')).join('') + rest)

describe('the event parser', () => {
  test('reads what the standard reads, however the bytes are cut', () => {
    fc.assert(
      fc.property(stream, fc.array(fc.nat(2_000), { maxLength: 30 }), (text, places) => {
        const bytes = encode(text)
        expect(
          parse(
            bytes,
            places.map(place => place % (bytes.length + 1)),
          ),
        ).toEqual(reference(text))
      }),
      { numRuns: 2_000 },
    )
  })

  test('reads the same byte by byte as at once', () => {
    fc.assert(
      fc.property(stream, text => {
        const bytes = encode(text)
        expect(parse(bytes, [...bytes.keys()])).toEqual(parse(bytes))
      }),
    )
  })

  test('hands over the exact bytes, also of what is no text', () => {
    const parser = createEventParser(LIMITS)
    const events = [
      ...parser(Uint8Array.of(...encode('data: '), 0xff, 0xc3)),
      ...parser(Uint8Array.of(0x28, 0, 10, 10)),
    ]
    expect(events.map(({ data }) => data.map(bytes => [...bytes]))).toEqual([[[0xff, 0xc3, 0x28, 0]]])
  })

  test('keeps no more of a chunk than it hands over', () => {
    const [event] = createEventParser(LIMITS)(encode('data: a\n\n'))
    expect(event?.data[0]?.buffer.byteLength).toBe(1)
  })

  test('gives up a line without an end at its limit, whatever the chunks', () => {
    for (const size of [1, 7, 64, 5_000]) {
      const parser = createEventParser(LIMITS)
      let sent = 0
      const endless = (): void => {
        for (; sent < 100_000; sent += size) parser(new Uint8Array(size).fill(97))
      }
      expect(endless).toThrow(expect.objectContaining({ code: 'too-large' }))
      expect(sent).toBeLessThanOrEqual(LIMITS.maxLineBytes)
    }
  })

  test('gives up an event of endless lines, empty ones too', () => {
    for (const text of ['data: 0123456789\n', 'data\n']) {
      const parser = createEventParser(LIMITS)
      const endless = (): void => {
        for (let count = 0; count < 1_000; count += 1) parser(encode(text))
      }
      expect(endless).toThrow(expect.objectContaining({ code: 'too-large' }))
    }
  })

  test('a line of exactly the limit passes, and the next one has the whole limit again', () => {
    const longest = `data: ${'a'.repeat(LIMITS.maxLineBytes - 6)}`
    expect(parse(encode(`${longest}\n\n${longest}\r\n\r\n`))).toHaveLength(2)
    expect(() => parse(encode(`${longest}a\n\n`))).toThrow(expect.objectContaining({ code: 'too-large' }))
  })
})
