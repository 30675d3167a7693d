import { expect, test } from 'vitest'
import { faulty } from '../../../src/transports/faulty/index.js'
import type { FaultPlan } from '../../../src/transports/faulty/index.js'
import { memory } from '../../../src/transports/memory.js'

test.each<readonly [what: string, plan: unknown, says: string]>([
  ['no plan', undefined, 'needs a plan'],
  ['another name for its faults', { faults: [], fault: [] }, 'no option "fault"'],
  ['an unknown type', { faults: [{ on: 'latest', type: 'explode' }] }, '`type` of a fault'],
  ['a misspelled chance', { faults: [{ on: 'latest', type: 'fail', chanc: 0.3 }] }, 'did you mean chance?'],
  ['a member of another type', { faults: [{ on: 'latest', type: 'stall', maxMs: 5 }] }, '"maxMs"'],
])('a plan with %s is refused', (_what, plan, says) => {
  expect(() => faulty(memory(), plan as FaultPlan)).toThrow(
    expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(says) }),
  )
})
