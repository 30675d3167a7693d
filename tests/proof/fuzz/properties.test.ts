import fc from 'fast-check'
import { expect, test } from 'vitest'
import { namespaceProblem, parseNamespace } from '../../../src/contracts/names.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { decodeRelease, encodeRelease } from '../../../src/core/release/release.js'
import { createEventParser } from '../../../src/transports/http/event-parser.js'
import { damaged, release } from '../../support/arbitraries.js'
import { chanceOf } from '../../support/chance.js'
import { runFuzz, targets, type Target } from './run-fuzz.js'

const synchronous = targets.filter(({ name }) => name !== 'state folder' && name !== 'request bodies')
const encoder = new TextEncoder()

test.each(synchronous)('any bytes at all keep the promises of: $name', ({ check }) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(), (bytes, seed) => {
      void check(bytes, chanceOf(seed, 0, 0))
    }),
    { numRuns: 2_000 },
  )
})

test.each(synchronous)('any JSON at all keeps the promises of: $name', ({ check }) => {
  fc.assert(
    fc.property(fc.json({ noUnicodeString: false }), fc.nat(), (text, seed) => {
      void check(encoder.encode(text), chanceOf(seed, 0, 0))
    }),
    { numRuns: 1_000 },
  )
})

test('any release with a member of another form is read with what stands there, or refused', () => {
  const { check } = targets.find(({ name }) => name === 'release') as Target
  fc.assert(
    fc.property(
      release.chain(value => damaged({ release: value as never, signatures: [] })),
      fc.nat(),
      (file, seed) => {
        void check(encoder.encode(canonicalize(file)), chanceOf(seed, 0, 0))
      },
    ),
    { numRuns: 2_000 },
  )
})

test('any release is written and read again as it was', () => {
  fc.assert(
    fc.property(release, value => {
      expect(decodeRelease(encodeRelease(value)).release).toEqual(value)
    }),
  )
})

test('the same seed tries the same inputs, and one of them alone', () => {
  const [target] = targets as readonly [Target, ...Target[]]
  const inputsOf = (from: number, to: number): string[] =>
    Array.from({ length: to - from }, (_, at) =>
      Buffer.from(target.draw(chanceOf(7, 0, from + at))).toString('latin1'),
    )
  expect(inputsOf(0, 50)).toEqual(inputsOf(0, 50))
  expect(inputsOf(20, 21)).toEqual(inputsOf(0, 50).slice(20, 21))
  expect(new Set(inputsOf(0, 50)).size).toBeGreaterThan(25)
})

test('a parser that breaks a promise is found and named, with what repeats it', async () => {
  const lax: Target = {
    ...(targets[0] as Target),
    name: 'lax',
    // Accepts white space, as a reader would that only calls JSON.parse.
    check: bytes => {
      JSON.parse(new TextDecoder().decode(bytes))
    },
  }
  const { failures } = await runFuzz({ inputs: 100, seed: 1, targets: [lax] })
  expect(failures).toHaveLength(5)
  const [first] = failures
  const repeated = await runFuzz({ ...first!.repeat, targets: [lax] })
  expect(repeated.failures).toEqual([first])
})

// What the inputs found, kept for good.

test('a reserved segment is quoted only when it cannot forge a line', () => {
  for (const text of ['com1.\nx', 'a/aux.\u001b[2J', 'nul.\u2028', 'con.\u009b31m']) {
    expect(namespaceProblem(text)).not.toMatch(/reserved/)
    expect(() => parseNamespace(text)).toThrow(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$/)
  }
  expect(namespaceProblem('a/con')).toBe('"con" is reserved; choose another segment')
})

test('a byte order mark is skipped at the start of a stream, and is a character of a name', () => {
  const parse = createEventParser({ maxLineBytes: 100, maxEventBytes: 100 })
  const events = parse(encoder.encode('\ufeffevent: a\ndata\n\nevent: \ufeffa\ndata\n\n'))
  expect(events.map(({ name }) => name)).toEqual(['a', '\ufeffa'])
})
