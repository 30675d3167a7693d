import { describe, expect, test } from 'vitest'
import { describeClient, type ReportFacts } from '../../../../src/client/report/report-state.js'
import type { ReportState } from '../../../../src/client/report/reporter.js'
import { MODES, stateOf, TRIALS, working, WORKS } from '../apply/states.js'

const refusal = {
  digest: 'r'.repeat(64),
  build: 'b',
  code: 'invalid-document',
  validator: 'schema',
  path: 'pool.size',
  at: '2026-01-01T00:00:00.000Z',
}

function report(facts: Partial<ReportFacts> = {}): ReportState {
  return describeClient({
    namespace: 'a',
    identity: { clientId: 'c', instanceId: 'i', ephemeral: false, labels: {} },
    strategy: { name: 'pull', lookMs: 30_000 },
    state: stateOf({}),
    running: undefined,
    seen: undefined,
    applied: undefined,
    refusal: undefined,
    quarantined: undefined,
    verdicts: [],
    slot: undefined,
    previous: undefined,
    health: undefined,
    measures: undefined,
    protects: false,
    ...facts,
  })
}

describe('the phase of a report', () => {
  test.each([
    ['waiting', stateOf({})],
    ['applied', stateOf({ trial: TRIALS.probation })],
    ['healthy', stateOf({ trial: TRIALS.earned })],
    ['healthy', stateOf({ trial: TRIALS.earned, work: WORKS.applying })],
    ['staged', stateOf({ trial: TRIALS.earned, work: { ...WORKS.applying, step: { type: 'staged' } } })],
    ['rejected', stateOf({ trial: TRIALS.earned, work: { at: 'settled', how: 'unsupported' } })],
    ['stopped', stateOf({ trial: TRIALS.none, work: WORKS.closed })],
  ] as const)('is %s', (phase, state) => {
    expect(report({ state }).phase).toBe(phase)
  })

  test('is what was refused, although something else runs or is staged', () => {
    for (const work of [WORKS.settled, { ...WORKS.applying, step: { type: 'staged' } } as const])
      expect(report({ state: stateOf({ work, trial: TRIALS.earned }), refusal })).toMatchObject({
        phase: 'rejected',
        refused: refusal.digest,
        code: 'invalid-document',
        validator: 'schema',
        path: 'pool.size',
      })
  })

  test('names the snapshot that was vetoed, and nothing that merely failed', () => {
    const retry = (why: typeof WORKS.retrying.retry.why): ReportState =>
      report({ state: stateOf({ work: { ...WORKS.retrying, retry: { pending: working, why } } }) })
    expect(retry({ type: 'vetoed', digest: 'v'.repeat(64) })).toMatchObject({
      phase: 'rejected',
      code: 'vetoed',
      refused: 'v'.repeat(64),
    })
    const told = { participant: 'db', reason: 'did not prepare within 10000 ms' }
    expect(retry({ type: 'vetoed', digest: 'v'.repeat(64), ...told })).toMatchObject({
      code: 'vetoed',
      validator: 'db',
      reason: 'did not prepare within 10000 ms',
    })
    expect(retry({ type: 'failed' }).phase).toBe('waiting')
  })

  test('says nothing of a refusal once the client has stopped', () => {
    const said = report({ state: stateOf({ work: WORKS.closed }), refusal })
    expect(said.phase).toBe('stopped')
    expect(said).not.toHaveProperty('refused')
  })
})

test('a report says that a client is paused or pinned, until it closes, and what protects it', () => {
  expect(report().protection).toBe('none')
  for (const mode of [MODES.paused, MODES.pinned]) {
    expect(report({ state: stateOf({ mode }), protects: true })).toMatchObject({
      phase: 'paused',
      protection: 'disk',
    })
    expect(report({ state: stateOf({ mode, work: WORKS.closed }) })).toMatchObject({ phase: 'stopped' })
    expect(report({ state: stateOf({ mode, work: WORKS.closed }) })).not.toHaveProperty('code')
  }
  expect(report({ state: stateOf({ mode: MODES.pinned }) }).code).toBe('pinned')
  expect(report({ state: stateOf({ mode: MODES.paused }) })).not.toHaveProperty('code')
})

test('a report says how far apart the looks of the strategy are', () => {
  expect(report().lookMs).toBe(30_000)
  expect(report({ strategy: { name: 'on-demand', lookMs: Infinity } }).lookMs).toBe(Number.MAX_SAFE_INTEGER)
})

test('paths of overrides are bounded, and what is not known is left out', () => {
  const running = {
    value: 'secret',
    digest: undefined,
    version: undefined,
    position: undefined,
    origin: 'defaults' as const,
    arm: undefined,
    rolloutId: undefined,
    overridden: Array.from({ length: 300 }, () => 'p'.repeat(300)),
  }
  const said = report({ running })
  expect(said.overridden).toHaveLength(256)
  expect(said.overridden?.[0]).toHaveLength(256)
  for (const name of ['digest', 'version', 'seen', 'applied', 'refused'])
    expect(said).not.toHaveProperty(name)
  expect(JSON.stringify(said)).not.toContain('secret')
})
