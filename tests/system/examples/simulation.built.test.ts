import { join } from 'node:path'
import { expect, test } from 'vitest'
import { examples } from '../../support/place.js'
import { start } from '../../support/program.js'

test('the simulation of the example finds the planted mistake, and shrinks it to the few steps that it takes', async () => {
  const program = start([process.execPath, 'main.mjs'], { cwd: join(examples, 'simulation') })
  expect(await program.ended, program.output).toBe(0)
  const [sound = '', ...planted] = program.output.split('\n')
  expect(sound).toBe('ageingPull: 40 histories, and everybody got there')
  expect(planted[1]).toMatch(
    /^seed \d+ at [0-9.]+ s: everybody gets there: client-[ab] runs \d+ instead of \d+$/,
  )
  const begins = planted.indexOf('steps of the chaos:')
  const ends = planted.findIndex(line => line.startsWith('replay with: '))
  const steps = planted.slice(begins + 1, ends).map(line => line.replace(/^ *[0-9.]+ s /, ''))
  // In some seeds something has to hold the answer up until the proxy is there.
  expect(steps).toEqual(expect.arrayContaining([expect.stringMatching(/^mangling-proxy for /), 'publish']))
  expect(steps.length).toBeLessThanOrEqual(3)
})
