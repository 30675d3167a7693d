import { describe, expect, it } from 'vitest'
import type { Json } from '../../../../src/contracts/json.js'
import { shapeOf } from '../../../../src/core/json/shape.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import {
  isUnderWay,
  readEvidenceRequest,
  readRollout,
  stageNumberOf,
  type EvidenceRequest,
  type RolloutState,
} from '../../../../src/core/release/rollout.js'
import { readStepEvidence } from '../../../../src/core/release/step-evidence.js'

const position = { epoch: '1-9f3a01bc', sequence: 7 }
const at = '2026-11-21T09:30:00.000Z'
const rollout: RolloutState = {
  id: 'r1',
  state: 'running',
  stage: 0,
  plan: { type: 'staged', version: 1 },
  stageStart: { position, at, live: 60, exposed: 1, control: 59 },
  from: position,
  decideBy: at,
  controller: 'server-1',
}
const read = (change: object): RolloutState =>
  readRollout(shapeOf({ ...rollout, ...change } as unknown as Json, 'the release'))

describe('a rollout in a release', () => {
  it('is read as it was written, and a state of a later version as one that is not known', () => {
    expect(read({})).toEqual(rollout)
    expect(read({ state: 'dancing' }).state).toBe('other')
    expect(canonicalize(read({ later: 1 }))).toBe(canonicalize(rollout))
  })

  it('tells where a rehearsal of the way back is, which is stage 0, and keeps a phase of a later version as another one', () => {
    const at = (rehearsal: object): RolloutState =>
      read({ stageStart: { ...rollout.stageStart, rehearsal: { id: 'a'.repeat(32), ...rehearsal } } })
    for (const phase of ['forward', 'back', 'again'])
      expect(at({ phase }).stageStart.rehearsal).toEqual({ phase, id: 'a'.repeat(32) })
    expect(at({ phase: 'sideways' }).stageStart.rehearsal?.phase).toBe('other')
    expect([stageNumberOf(at({ phase: 'back' })), stageNumberOf(read({}))]).toEqual([0, 1])
    for (const broken of [
      { phase: 'back', id: 'web-1' },
      { phase: 7 },
      { phase: 'back', id: 'A'.repeat(32) },
    ])
      expect(() => at(broken)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })

  it('tells that its gates are awaited, which is stage 0, by true alone', () => {
    const at = (awaitsGates: unknown): RolloutState =>
      read({ stageStart: { ...rollout.stageStart, awaitsGates } })
    expect([at(true).stageStart.awaitsGates, stageNumberOf(at(true))]).toEqual([true, 0])
    for (const broken of [false, null, 1, 'x', [], ['latency', 'latency'], { latency: true }])
      expect(() => at(broken)).toThrow(
        expect.objectContaining({
          code: 'invalid-data',
          message: 'the release: stageStart.awaitsGates must be true, or missing',
        }),
      )
  })

  it('keeps the stages that somebody promoted it past', () => {
    expect(read({ skipped: [1, 2] })).toEqual({ ...rollout, skipped: [1, 2] })
    expect(read({})).not.toHaveProperty('skipped')
  })

  it('is under way unless it is watched or over; what is not known has not ended', () => {
    const underWay = [
      'running',
      'paused',
      'retreated',
      'dancing',
      'watching',
      'completed',
      'rolled-back',
    ].filter(state => isUnderWay(read({ state })))
    expect(underWay).toEqual(['running', 'paused', 'retreated', 'dancing'])
  })

  it.each<[string, object]>([
    ['a plan of more than 4,096 bytes', { plan: 'ä'.repeat(2_048) }],
    ['no plan', { plan: undefined }],
    ['no way back', { from: undefined }],
    ['a stage that nobody can be in', { stage: 1_001 }],
    ['a state that forges a line', { state: 'run\nning' }],
    ['a control of less than nobody', { stageStart: { ...rollout.stageStart, control: -1 } }],
    ['a skipped stage that nobody can be in', { skipped: [1_001] }],
    ['half a skipped stage', { skipped: [0.5] }],
    ['a skipped stage below the first', { skipped: [-1] }],
    ['a skipped stage that does not come back from a text', { skipped: [-0] }],
    ['skipped stages that are no list', { skipped: 2 }],
    ['more skipped stages than there can be', { skipped: Array(1_001).fill(1) }],
    ['a start at no time', { stageStart: { ...rollout.stageStart, at: 'today' } }],
  ])('is refused with %s', (_, change) => {
    expect(() => read(change)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })

  it('takes a plan of exactly 4,096 bytes', () => {
    expect(read({ plan: 'x'.repeat(4_094) }).plan).toHaveLength(4_094)
  })
})

describe('what a release asks its clients for', () => {
  const asked: EvidenceRequest = { bakeMs: 1, reportMs: 1, spreadMs: 0, measures: ['latencyMs'] }
  const readAsked = (change: object): object =>
    readEvidenceRequest(shapeOf({ ...asked, ...change } as unknown as Json, 'the release'))

  it('is read as it was written', () => {
    expect(readAsked({})).toEqual(asked)
    expect(readAsked({ measures: [] })).toEqual({ ...asked, measures: [] })
  })

  it.each<[string, object]>([
    ['five numbers', { measures: ['a', 'b', 'c', 'd', 'e'] }],
    ['a name that forges a line', { measures: ['a\nb'] }],
    ['a name of 65 characters', { measures: ['x'.repeat(65)] }],
    ['a bake of more than a week', { bakeMs: 604_800_001 }],
  ])('is refused with %s', (_, change) => {
    expect(() => readAsked(change)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })
})

describe('the evidence of a step', () => {
  const evidence = {
    rollout: 'r1',
    stage: 1,
    step: 'roll-back',
    verdict: 'bad',
    code: 'way-back-failed',
    why: 'two clients ended abruptly',
    asOf: at,
    counts: { exposed: 6, healthy: 4 },
    exceptions: [{ clientId: 'web-1', kind: 'abrupt' }],
    omitted: 1,
    canSee: '1 of 20 clients',
    unknowns: ['baking'],
    wouldChange: ['a healthy client more'],
  }
  const readStep = (change: object): object =>
    readStepEvidence(shapeOf({ ...evidence, ...change } as unknown as Json, 'the record'))

  it('is read as it was written, and another verdict is unknown', () => {
    expect(readStep({})).toEqual(evidence)
    expect(readStep({ verdict: 'splendid' })).toMatchObject({ verdict: 'unknown' })
  })

  it.each<[string, object]>([
    ['101 clients', { exceptions: Array.from({ length: 101 }, () => ({ clientId: 'a', kind: 'b' })) }],
    ['65 numbers', { counts: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`n${n}`, 1])) }],
    ['a number that is none', { counts: { exposed: 'six' } }],
    ['a reason of two lines', { why: 'a\nb' }],
    ['a code of two lines', { code: 'a\nb' }],
    ['what it can see in two lines', { canSee: 'a\nb' }],
    ['an unknown that is no text', { unknowns: [1] }],
    ['65 ways to another verdict', { wouldChange: Array.from({ length: 65 }, () => 'a') }],
  ])('is refused with %s', (_, change) => {
    expect(() => readStep(change)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })
})
