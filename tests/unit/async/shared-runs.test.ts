import { expect, test } from 'vitest'
import { createSharedRuns } from '../../../src/async/shared-runs.js'

test('who asks for the same meanwhile shares a run, and nobody else does', async () => {
  const share = createSharedRuns<string, number>()
  let runs = 0
  const run = async (): Promise<number> => (runs += 1)
  expect(await Promise.all([share('a', run), share('a', run), share('b', run)])).toEqual([1, 1, 2])
  expect(await share('a', run)).toBe(3)
})

test('a run that failed fails for all who shared it, and the next one is made anew', async () => {
  const share = createSharedRuns<string, string>()
  const failing = async (): Promise<string> => {
    throw new Error('away')
  }
  const settled = await Promise.allSettled([share('a', failing), share('a', failing)])
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  expect(await share('a', async () => 'there')).toBe('there')
})
