import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'

const agreement = (...args: readonly string[]) =>
  spawnSync(process.execPath, [`${root}/benchmarks/compare/agreement.js`, ...args], { encoding: 'utf8' })

test('the check of the depths explains its options, and says them where one is unknown', () => {
  const asked = agreement('--help')
  expect([asked.status, asked.stderr]).toEqual([0, ''])
  for (const name of ['workloads', 'clients', 'seed', 'light', 'run', 'costs', 'only'])
    expect(asked.stdout).toMatch(new RegExp(`^  --${name} `, 'm'))
  const wrong = agreement('--fleets=5')
  expect([wrong.status, wrong.stdout]).toEqual([2, ''])
  expect(wrong.stderr).toMatch(/--fleets[^]*--workloads N/)
})
