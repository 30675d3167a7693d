import { expect, test } from 'vitest'
import { readArguments } from '../../../src/cli/arguments.js'
import { nearest } from '../../../src/core/nearest.js'
import { formatTable } from '../../../src/cli/table.js'

const specs = {
  everyone: { text: '' },
  reason: { value: 'TEXT', short: 'm', text: '' },
  limit: { value: 'N', text: '' },
  label: { value: 'NAME=VALUE', multiple: true, text: '' },
} as const

test('options, switches and positionals are told apart', () => {
  const args = readArguments(
    ['a', '--reason', 'why', '--everyone', '--label=x=1', '--label', 'y=2', '--limit', '5', '--', '--b'],
    specs,
  )
  expect([
    args.positionals,
    args.text('reason'),
    args.flag('everyone'),
    args.texts('label'),
    args.integer('limit', 1),
  ]).toEqual([['a', '--b'], 'why', true, ['x=1', 'y=2'], 5])
  expect(readArguments(['-m', 'why'], specs).text('reason')).toBe('why')
  expect(readArguments(['-'], specs).positionals).toEqual(['-'])
  expect(readArguments(['--reason=--everyone'], specs).text('reason')).toBe('--everyone')
})

test.each([
  [['--evryone'], /no option "--evryone"; did you mean --everyone\?/],
  [['--xyz'], /no option "--xyz"$/],
  [['-x'], /no option "-x"/],
  [['--reason'], /--reason needs a value/],
  [['--reason', '--everyone'], /--reason needs a value/],
  [['--everyone=yes'], /--everyone takes no value/],
  [['--reason', 'a', '--reason', 'b'], /^--reason was given twice; give each once$/],
  [
    ['--limit', '1', '--reason', 'a', '--limit', '2', '--reason', 'b', '--limit', '3'],
    /^--limit and --reason were given twice; give each once$/,
  ],
  [['--toString'], /no option/],
  [['--__proto__'], /no option/],
])('%j is a usage error', (args, message) => {
  expect(() => readArguments(args, specs)).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringMatching(message) }),
  )
})

test.each(['-1', '1.5', '1e3', '', 'x', '0'])('%j is no whole number of at least 1', written => {
  expect(() => readArguments([`--limit=${written}`], specs).integer('limit', 1)).toThrow(
    expect.objectContaining({ code: 'invalid-option' }),
  )
})

test.each([
  ['pubish', 'publish'],
  ['ststus', 'status'],
  ['rollbakc', 'rollback'],
  ['hist', 'history'],
  ['frobnicate', undefined],
  ['x', undefined],
])('%s means %s', (typed, meant) => {
  expect(nearest(typed, ['publish', 'status', 'rollback', 'history', 'get'])).toBe(meant)
})

test('a table is aligned, numbers to the right, and leaves out what nobody fills', () => {
  const rows = [
    [7, 'short', undefined, 'x'],
    [10, undefined, undefined, 'a longer one'],
  ]
  expect(formatTable(['n', 'name', 'empty', 'last'], rows, (_tone, text) => text)).toBe(
    ' N  NAME   LAST\n' + ' 7  short  x\n' + '10  -      a longer one\n',
  )
})
