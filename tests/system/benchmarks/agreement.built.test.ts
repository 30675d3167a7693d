import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { decisionOf, drawWorkloads, familyOf, MODELS } from '../../../benchmarks/compare/drawn-workloads.js'
import { root } from '../../../scripts/entry-points.js'
import { compare } from '../../../src/compare/index.js'
import { whyNotRun } from '../../../src/compare/run/runnable.js'

const agreement = (...args: readonly string[]) =>
  spawnSync(process.execPath, [`${root}/benchmarks/compare/agreement.js`, ...args], { encoding: 'utf8' })

test('the check of the depths explains its options, and says them where one is unknown', () => {
  const asked = agreement('--help')
  expect([asked.status, asked.stderr]).toEqual([0, ''])
  for (const name of [
    'workloads',
    'clients',
    'skip',
    'draws',
    'page',
    'seed',
    'light',
    'run',
    'costs',
    'only',
  ])
    expect(asked.stdout).toMatch(new RegExp(`^  --${name} `, 'm'))
  const wrong = agreement('--fleets=5')
  expect([wrong.status, wrong.stdout]).toEqual([2, ''])
  expect(wrong.stderr).toMatch(/--fleets[^]*--workloads N/)
})

test('the drawn workloads have a best model that a run shows and that is more than 15 % better than any of another kind, and several answers', async () => {
  const drawn = await drawWorkloads(5, 5)
  expect(drawn.length).toBe(5)
  for (const { workload, weights, best } of drawn) {
    const comparison = await compare(workload, { models: MODELS, weights })
    const { model, ties } = comparison.recommendation
    // A tie of the 15 % of a verdict is of the same kind.
    expect([model, ...ties].map(name => familyOf(name ?? ''))).toEqual(
      [model, ...ties].map(() => familyOf(best)),
    )
    expect(decisionOf(comparison)?.ratio).toBeGreaterThan(1.15)
    const shape = MODELS.find(({ name }) => name === best)?.shape
    expect(shape === undefined ? 'no model' : whyNotRun(shape)).toBeUndefined()
  }
  const answers = drawn.map(({ best }) => familyOf(best))
  expect(Math.max(...answers.map(answer => answers.filter(other => other === answer).length))).toBe(2)
  const listed = agreement('--draws').stdout
  for (const { seed, best } of drawn) expect(listed).toMatch(new RegExp(`^${seed} +${best}  `, 'm'))
})
