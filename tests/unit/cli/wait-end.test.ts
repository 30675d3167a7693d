import { expect, test } from 'vitest'
import { hasArrived, type Arrival, type WaitFor } from '../../../src/cli/wait-end.js'
import type { RolloutStep } from '../../../src/publisher/index.js'

const began = { stage: 0, rehearsal: undefined }
const everywhere = { is: 'everywhere', underWay: 0, refused: 0, leftOut: 0, refusals: [] } as const
const step: RolloutStep = {
  ...{ state: 'watching', stage: 1, of: 2, why: [], waitingFor: [], isPaused: false, controllers: [] },
  ...{ exposed: 2, applied: 2, healthy: 0, behind: 0, rejected: 0, failed: 0, missing: 0 },
  reach: everywhere,
  fleet: { type: 'unknown', why: 'not-yet-heard' },
}
const underWay = { ...everywhere, is: 'under-way', underWay: 1 } as const
const refused = { ...everywhere, is: 'refused', refused: 1 } as const

test.each<[string, WaitFor, Partial<RolloutStep>, Arrival | undefined]>([
  ['a later stage', 'stage', { state: 'running', reach: underWay }, 'passed'],
  ['a later stage', 'completed', { state: 'running' }, undefined],
  ['the same stage', 'stage', { state: 'running', stage: 0 }, undefined],
  ['a watch that all run', 'stage', {}, 'passed'],
  ['a watch that all run', 'completed', {}, 'passed'],
  ['a watch that all run', 'watched', {}, undefined],
  ['a watch that one is under way to', 'stage', { reach: underWay }, undefined],
  ['a watch that one is under way to', 'completed', { reach: underWay }, undefined],
  ['a watch that is bad', 'completed', { reach: refused, verdict: 'bad' }, undefined],
  ['a watch that is held up', 'completed', { reach: refused, isPaused: true }, undefined],
  ['a watch with a refusal', 'stage', { reach: refused, verdict: 'unknown' }, 'refused'],
  ['a watch with a refusal', 'completed', { reach: refused, verdict: 'unknown' }, 'refused'],
  ['a watch with a refusal', 'watched', { reach: refused, verdict: 'unknown' }, undefined],
  ['a watch of nobody', 'completed', { reach: { ...everywhere, is: 'nobody' } }, undefined],
  ['a watch that cannot be seen', 'completed', { reach: { ...everywhere, is: 'unseen' } }, 'passed'],
  ['the end', 'watched', { state: 'completed' }, 'passed'],
  ['the end with a refusal', 'watched', { state: 'completed', reach: refused, verdict: 'good' }, 'refused'],
  ['the end with one under way', 'completed', { state: 'completed', reach: underWay }, undefined],
  ['the end with nobody', 'completed', { state: 'completed', reach: { ...everywhere, is: 'nobody' } }, 'nobody'],
  ['a release that all run', 'watched', { state: 'everyone' }, 'completed'],
  ['a release with a refusal', 'stage', { state: 'everyone', reach: refused }, 'refused'],
  ['a release with one under way', 'completed', { state: 'everyone', reach: underWay }, undefined],
  ['a pause', 'completed', { state: 'paused' }, undefined],
  ['a rollback', 'completed', { state: 'rolled-back' }, undefined],
])('at %s a wait for %s ends: %o', (_, what, seen, end) => {
  expect(hasArrived({ ...step, ...seen }, { what, began, wasEverywhere: false })).toBe(end)
}) // prettier-ignore

test('at the end of a watch a client that was started since does not count, unless it refuses', () => {
  const wait = { what: 'watched', began, wasEverywhere: true } as const
  const end = { ...step, state: 'completed', reach: underWay } as const
  expect(hasArrived(end, wait)).toBe('passed')
  expect(hasArrived({ ...end, reach: { ...underWay, refused: 1 } }, wait)).toBeUndefined()
})
