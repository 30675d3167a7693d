import { spawnSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { PLANTED_BUGS } from './bugs.js'
import { bundle } from './bundle.js'
import { hunt } from './hunt.js'
import { drawPlan } from './plan.js'
import { lessOf } from './less-of.js'
import { shrunk } from './shrunk.js'

const bug = PLANTED_BUGS.find(({ name }) => name === 'digest-not-checked')

test('a seed that breaks something is left with less that still breaks it, and with a command that replays it', async () => {
  if (bug === undefined) throw new Error('that bug is planted no more')
  const file = await bundle({ entry: 'seed-process', bug })
  const { seed = 0, oracle } = await hunt({ file, bug, from: 1_000_086, most: 400, workers: 1 })
  expect(oracle).toBe('digest-matches')

  const { lines, command = '' } = await shrunk({ seed, bug, mostMs: 60_000 })
  expect(lines[0]).toMatch(new RegExp(`^seed ${seed}: digest-matches, with `))
  expect(lines.at(-1)).toMatch(new RegExp(`^left of seed ${seed}: `))
  expect(lines.some(line => line.startsWith('digest-matches: '))).toBe(true)

  const [words = '', parts = ''] = command.split(' --without ')
  expect(words).toBe(`npm run sim -- ${seed} trace`)
  const less = lessOf(parts.split(' '))
  const [before, after] = [drawPlan(seed), drawPlan(seed, less)]
  expect(after.actions.length).toBeLessThan(before.actions.length)
  expect(after.clients.length).toBeGreaterThan(0)

  // With the bug the command finds it again; without, there is nothing to find.
  const replayed = (entry: string): { status: number | null; stdout: string } =>
    spawnSync(process.execPath, [entry, String(seed), '1', 'trace', '--without', ...parts.split(' ')], {
      encoding: 'utf8',
      timeout: 120_000,
    })
  const found = replayed(await bundle({ entry: 'run-seeds', bug }))
  expect(found.stdout).toContain(' digest-matches: ')
  expect(found.status).toBe(1)
  expect(replayed(await bundle({ entry: 'run-seeds' })).status).toBe(0)
}, 600_000)

test('a seed that breaks nothing is not shrunk', async () => {
  expect(await shrunk({ seed: 1, mostMs: 90_000 })).toEqual({
    lines: ['seed 1 breaks nothing'],
    command: undefined,
  })
}, 120_000)
