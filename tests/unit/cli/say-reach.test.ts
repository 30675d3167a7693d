import { expect, test } from 'vitest'
import { sayReach } from '../../../src/cli/progress.js'

const none = { exposed: 24, applied: 23, behind: 0, rejected: 0, failed: 0, missing: 0 }

test('who has not yet said that it runs what ran before is not told as silent: it may have been heard refusing', () => {
  expect(sayReach({ ...none, state: 'rolled-back', behind: 1 })).toBe(
    '23 of 24 clients run what ran before, 1 not confirmed yet',
  )
  expect(sayReach({ ...none, state: 'running', behind: 1, rejected: 1 })).toBe(
    '23 of 24 exposed run it, 1 rejected',
  )
})
