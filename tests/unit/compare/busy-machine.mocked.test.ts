import { expect, test, vi } from 'vitest'
import { measureCosts } from '../../../src/compare/index.js'
import { blamingMachine, patienceOf, sayBusy } from '../../../src/compare/run/busy-machine.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'

vi.mock('../../../src/compare/run/busy-machine.js', async original => ({
  ...(await original<object>()),
  thisMachine: () => ({ load: 8, processors: 2 }),
}))

test('a busy machine is named before costs are measured, and blamed where an answer does not come', async () => {
  const steps: string[] = []
  const { signal } = new AbortController()
  const measuring = measureCosts({
    cli: '/nowhere/main.js',
    signal,
    onProgress: step => void steps.push(step),
  })
  await expect(measuring).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(
      /did not start; this machine is busy, with a load of 8\.0 on 2 processors: measure again/,
    ),
  })
  expect(steps[0]).toMatch(/^this machine is busy, with a load of 8\.0 on 2 processors/)
})

test('a machine that has little to do is not blamed, nor is it for what is no wait', () => {
  const late = new NoticeboardError('unavailable', 'the event stream did not arrive')
  const [idle, busy] = [
    { load: 1, processors: 2 },
    { load: 8, processors: 2 },
  ]
  expect(sayBusy(idle)).toBeUndefined()
  expect(blamingMachine(late, idle)).toBe(late)
  const other = new NoticeboardError('unsupported', 'no /proc')
  expect(blamingMachine(other, busy)).toBe(other)
})

test('the patience grows with the load, and has an end', () => {
  expect(patienceOf({ load: 0.2, processors: 2 })).toBe(1)
  expect(patienceOf({ load: 8, processors: 2 })).toBe(4)
  expect(patienceOf({ load: 800, processors: 2 })).toBe(12)
})
