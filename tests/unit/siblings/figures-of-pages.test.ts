import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { presets } from '../../../src/compare/index.js'
import { CACHE_PLACES } from '../../../src/compare/formula/service.js'
import { MOST_HALF_OPEN } from '../../../src/compare/verdict/misses.js'
import { GUARDRAIL_ALPHA } from '../../../src/rollouts/guardrail.js'
import { FAULTS } from '../../proof/sim/plan.js'

/** A file of the project in one line, so that it may be wrapped anywhere. */
const textOf = (file: string): string => readFileSync(`${root}/${file}`, 'utf8').replaceAll(/\s+/g, ' ')

/** What a constant is set to, where it is not exported: a number, or a list of numbers. */
const constantIn = (file: string, name: string): string => {
  const [, value = 'no such constant'] =
    new RegExp(`const ${name} = (\\[[^\\]]*\\]|[\\d_.]+)`).exec(textOf(file)) ?? []
  return value.replaceAll(/_|, (?=\])/g, '')
}

test.each([
  [
    'docs/rollouts.md',
    'by a person, or by its policy for a minute or longer',
    'src/cli/wait.ts',
    'HELD_UP_MS',
    60_000,
  ],
  [
    'docs/choosing.md',
    'more than 50,000 streams a server is ruled out',
    'src/compare/verdict/misses.ts',
    'MOST_STREAMS',
    50_000,
  ],
  [
    'docs/choosing.md',
    'If more than a tenth of the clients wait',
    'src/compare/verdict/because.ts',
    'MANY',
    0.1,
  ],
  ['docs/choosing.md', 'four thousand of them are drawn', 'src/compare/formula/return.ts', 'SAMPLES', 4_000],
  ['docs/guarantees.md', '`npm test` runs 400 histories', 'tests/proof/sim/seeds.test.ts', 'ENOUGH', 400],
  ['docs/guarantees.md', 'gives up after 3,000', 'tests/proof/sim/bugs.test.ts', 'MOST', 3_000],
  [
    'docs/guarantees.md',
    'acknowledged 5 s before that',
    'tests/proof/sim/oracles/freshness.ts',
    'DELIVERY_MS',
    5_000,
  ],
  [
    'docs/guarantees.md',
    '27.5 s more for each relay',
    'tests/proof/sim/oracles/freshness.ts',
    'RELAY_MS',
    27_500,
  ],
  [
    'docs/guarantees.md',
    'no sleep 100 ms after they closed',
    'tests/proof/sim/ending.ts',
    'INSTANTS_MS',
    100,
  ],
  [
    'docs/guarantees.md',
    'hears of everybody within 9 s,',
    'tests/proof/sim/settling.ts',
    'REPORTED_MS',
    9_000,
  ],
  ['docs/guarantees.md', 'and 2 s more for each relay', 'tests/proof/sim/settling.ts', 'RELAYED_MS', 2_000],
  [
    'docs/guarantees.md',
    '`island` and `board-back` in one of twenty',
    'tests/proof/sim/plan.ts',
    'RARELY',
    0.05,
  ],
  [
    'docs/benchmarks.md',
    'for every hundred clients, up to ten',
    'benchmarks/strategies/fleet.js',
    'mostProcesses',
    10,
  ],
  ['docs/siege.md', '| memory | 700 MB,', 'benchmarks/siege/bounds.js', 'mostMemoryBytes', 700_000_000],
  [
    'docs/siege.md',
    '300 MB of it bodies and buffers |',
    'benchmarks/siege/bounds.js',
    'mostBufferBytes',
    300_000_000,
  ],
  [
    'docs/siege.md',
    'Each worker may take 250 MB of memory more',
    'benchmarks/siege/bounds.js',
    'mostWorkerBytes',
    250_000_000,
  ],
  [
    'docs/siege.md',
    'asked for all reports 500 MB',
    'benchmarks/siege/bounds.js',
    'mostAnswerBytes',
    500_000_000,
  ],
  ['docs/siege.md', '| disk | 40 MB:', 'benchmarks/siege/bounds.js', 'mostDiskBytes', 40_000_000],
  ['docs/siege.md', "| lines of the server's log | 50 |", 'benchmarks/siege/bounds.js', 'mostLines', 50],
  ['docs/siege.md', 'forged marks | 20 |', 'benchmarks/siege/bounds.js', 'mostLedAwayLines', 20],
  ['docs/siege.md', 'arrives at all clients | in 10 s |', 'benchmarks/siege/bounds.js', 'rollbackMs', 10_000],
  ['docs/siege.md', '| reads, p99 | 5 times', 'benchmarks/siege/bounds.js', 'mostSlower', 5],
  ['docs/siege.md', '| 32 of 2,560 |', 'benchmarks/siege/bounds.js', 'mostFollowed', 32],
])('%s says "%s" as %s has it in %s', (page, says, file, name, value) => {
  expect(textOf(page)).toContain(says)
  expect(constantIn(file, name)).toBe(String(value))
})

test('what is exported is what the pages say of it', () => {
  const choosing = textOf('docs/choosing.md')
  expect([
    choosing.includes('where more than one in a hundred waits on a dead stream'),
    MOST_HALF_OPEN,
  ]).toEqual([true, 0.01])
  expect([choosing.includes('fetched it for each of ten places'), CACHE_PLACES]).toEqual([true, 10])
  const clients = Object.fromEntries(presets.map(({ name, workload }) => [name, workload.clients]))
  expect(choosing).toContain('`data-centre` (1,000 servers), `large-fleet` (15,000 hosts)')
  expect(clients).toMatchObject({ 'data-centre': 1_000, 'large-fleet': 15_000 })
  expect(textOf('docs/rollouts.md')).toContain('in 1 % of the stages at most, so each of two has 0.5 %')
  expect(GUARDRAIL_ALPHA).toBe(0.01)
  expect(textOf('docs/guarantees.md')).toContain('its own mix of 39 [kinds of faults]')
  expect(FAULTS).toHaveLength(39)
})

test('docs/choosing.md has the intervals of pull that are compared', () => {
  expect(textOf('docs/choosing.md')).toContain(
    ': 1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 40, 50, 60, 90 s, 2, 3, 4, 5, 8, 10, 15, 20, 30 min, and 1 h.',
  )
  const minutes = [2, 3, 4, 5, 8, 10, 15, 20, 30, 60].map(each => 60 * each)
  const seconds = [1, 2, 3, 4, 5, 8, 10, 15, 20, 30, 40, 50, 60, 90, ...minutes]
  const intervals = JSON.parse(
    constantIn('src/compare/default-models.ts', 'INTERVALS_S').replace(/,\s*\]/, ']'),
  ) as number[]
  expect(intervals).toEqual(seconds.toReversed())
})

test('a server has room for 128 MiB of reports, in its registry and in its handler', () => {
  expect(textOf('docs/siege.md')).toContain('| 128 MiB at most;')
  expect(textOf('src/fleet/registry.ts')).toContain(' maxBytes = 134_217_728,')
  expect(textOf('src/server/handler.ts')).toContain(' maxReportBytes = 134_217_728,')
})
