import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { COMMANDS } from '../../../src/cli/commands/index.js'
import { statusOf } from '../../../src/cli/exit.js'
import { loadConfig } from '../../../src/cli/config-file.js'
import { NoticeboardError, type ErrorCode } from '../../../src/contracts/errors.js'
import { defaultPeriods } from '../../../src/core/defaults.js'
import { MAX_RETRY_AFTER_MS } from '../../../src/core/limits.js'
import { staged } from '../../../src/rollouts/index.js'
import { hybrid, onDemand, pull, push } from '../../../src/strategies/index.js'
import { memory } from '../../../src/transports/memory.js'
import { laterRefusalOf, optionNames, refusalOf } from '../../support/option-names.js'
import { temporaryFolder } from './command-line.js'

const read = (file: string): string => readFileSync(join(root, file), 'utf8')

/** The rows of the tables of a page, as the texts of their cells. */
const rowsOf = (page: string): readonly (readonly string[])[] =>
  read(page)
    .split('\n')
    .filter(line => line.startsWith('| '))
    .map(line => line.split(/(?<!\\)\|/).slice(1, -1).map(cell => cell.trim())) // prettier-ignore

test('docs/errors.md has every code, once, with the status of the command that ends with it', () => {
  const [, codes = ''] = /export type ErrorCode =\n([^]*?)\n\n/.exec(read('src/contracts/errors.ts')) ?? []
  const expected = [...codes.matchAll(/^ {2}\| '([a-z-]+)'$/gm)].map(([, code = '']) => code as ErrorCode)
  expect(expected.length).toBeGreaterThan(20)
  const rows = rowsOf('docs/errors.md').filter(([first = '']) => first.startsWith('`'))
  expect(rows.map(row => [row[0], row[4]])).toEqual(
    expected.map(code => [`\`${code}\``, String(statusOf(new NoticeboardError(code, '')))]),
  )
})

test('docs/publishing.md has every command, in the order of the help and with its words', () => {
  const rows = rowsOf('docs/publishing.md').filter(([first = '']) => first.startsWith('`noticeboard '))
  expect(rows.map(([name]) => name)).toEqual(COMMANDS.map(({ name }) => `\`noticeboard ${name}\``))
  for (const [index, { summary }] of COMMANDS.entries())
    expect(rows[index]?.[1]).toMatch(new RegExp(`^${summary}(?: \\(\\[|$)`))
})

test('docs/publishing.md has every key of the configuration file', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'noticeboard.config.json'), '{ "qqqqqqqqqqqqqqqqqqqq": 1 }')
  const { message } = await laterRefusalOf(() => loadConfig(folder, undefined))
  const keys = /; known are (.*)$/.exec(message)?.[1]?.split(', ') ?? []
  expect(keys.length).toBeGreaterThan(10)
  const rows = rowsOf('docs/publishing.md').filter(row => row.length === 4)
  expect(rows.map(([key]) => key).filter(key => key?.startsWith('`')).toSorted()).toEqual(
    keys.map(key => `\`${key}\``).toSorted(),
  ) // prettier-ignore
})

test('docs/rollouts.md has every option of staged(), which takes four guardrails at most', () => {
  const [, table = ''] = /\nThe options of `staged\(\)`:\n\n([^]*?)\n\n/.exec(read('docs/rollouts.md')) ?? []
  const rows = [...table.matchAll(/^\| `(\w+)` \|/gm)].map(([, name]) => name)
  expect(rows).toEqual(optionNames(options => staged(options)))
  const guardrails = ['a', 'b', 'c', 'd', 'e'].map(measure => ({ measure, worseBy: 0.1 }))
  expect(staged({ guardrails: guardrails.slice(1) }).type).toBe('staged')
  expect(refusalOf(() => staged({ guardrails })).code).toBe('invalid-option')
})

test('docs/strategies.md has every option of every strategy', () => {
  const store = memory()
  const page = read('docs/strategies.md')
  const rows = rowsOf('docs/strategies.md')
  for (const [name, make] of Object.entries({ pull, push, hybrid, onDemand }))
    for (const option of optionNames(options => make(store, options))) {
      if (option === 'backoff') continue
      const at = rows.findIndex(([first]) => first === `\`${option}\``)
      expect([option, at]).toEqual([option, expect.toSatisfy((index: number) => index > -1)])
      const of = [rows[at], ...(rows[at + 1]?.[0] === '' ? [rows[at + 1]] : [])].map(row => row?.[1])
      expect([name, option, of.some(text => text === 'all' || text?.split(', ').includes(name))]).toEqual([name, option, true]) // prettier-ignore
    }
  const backoff = optionNames(options => pull(store, { backoff: options }))
  for (const name of backoff) expect(page).toContain(`| \`backoff.${name}\` | pull, push, hybrid |`)
})

test('docs/strategies.md has the default of every option', () => {
  const { backoff, reports: _, ...periods } = defaultPeriods
  const defaults = {
    ...periods,
    'backoff.baseMs': backoff.baseMs,
    'backoff.capMs': backoff.capMs,
    'backoff.maxRetryAfterMs': MAX_RETRY_AFTER_MS,
  }
  const rows = rowsOf('docs/strategies.md')
  const expected = Object.entries(defaults).map(([option, value]) => [option, value.toLocaleString('en')])
  expect(
    expected.map(([option]) => [option, rows.find(([first]) => first === `\`${option}\``)?.[2]]),
  ).toEqual(expected)
})
