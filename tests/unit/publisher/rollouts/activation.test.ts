import { describe, expect, test } from 'vitest'
import { activationOf, tooEarly } from '../../../../src/publisher/rollouts/activation.js'
import { audience } from './rollout-board.js'

const nowMs = Date.UTC(2026, 0, 1, 12)
const plan = { type: 'staged', version: 1, stages: [1, 'all'], bakeMs: 60_000 }
const start = { at: '2026-01-01T12:00:00.000Z', live: 9, exposed: 1, control: 8 }
const activateAt = '2026-01-01T13:00:00.000Z'
const decideBy = '2026-01-01T12:30:00.000Z'
const put = { activateAt, decideBy: '2026-01-01T13:30:00.000Z' }

describe('when a step comes into force', () => {
  test.each([
    ['a stage before the last: on arrival', { stage: 0, audience, start }, { decideBy }],
    ['the last stage: together, and it is decided as much later', { stage: 1, audience, start }, put],
    ['stable by hand, in whatever stage: together', { stage: 0, audience: undefined, start }, put],
    [
      'a rehearsal with one client: on arrival',
      { stage: 1, audience, start: { ...start, rehearsal: { phase: 'forward' as const, id: 'a' } } },
      { decideBy },
    ],
  ])('%s', (_name, step, expected) => {
    expect(activationOf({ activateAt, plan }, { ...step, decideBy }, nowMs)).toEqual(expected)
  })

  test('a time that has passed, and none at all, change nothing', () => {
    const step = { stage: 1, audience, start, decideBy }
    expect(activationOf({ activateAt, plan }, step, Date.parse(activateAt))).toEqual({ decideBy })
    expect(activationOf({ plan }, step, nowMs)).toEqual({ decideBy })
  })
})

test('a time is too early that comes before the bakes of the stages that go first', () => {
  const rollout = { activateAt: '2026-01-01T12:00:59.000Z', plan }
  expect(tooEarly(rollout, { stage: 0 }, nowMs)?.message).toContain('2026-01-01T12:01:00.000Z')
  expect(
    tooEarly({ ...rollout, activateAt: '2026-01-01T12:01:00.000Z' }, { stage: 0 }, nowMs),
  ).toBeUndefined()
  expect(tooEarly(rollout, { stage: 1 }, nowMs)).toBeUndefined()
  expect(tooEarly({ ...rollout, plan: { type: 'own' } }, { stage: 0 }, nowMs)).toBeUndefined()
  expect(tooEarly({ plan }, { stage: 0 }, nowMs)).toBeUndefined()
})
