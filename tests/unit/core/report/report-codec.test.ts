import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isNoticeboardError, type Json, type ClientReport } from '../../../../src/contracts/index.js'
import { readHeardReports, readReport } from '../../../../src/core/report/report-codec.js'
import { shapeOf } from '../../../../src/core/json/shape.js'
import { damaged, digest, epoch, labels, namespace, sequence } from '../../../support/arbitraries.js'

it.each([
  ['reserve', 'reserve'],
  ['none', 'none'],
  ['less-than-none', undefined],
  [7, undefined],
  [undefined, undefined],
])('of a board whose room is told as %s a reader knows %s', (room, known) => {
  const at = '2026-01-01T00:00:00.000Z'
  const heard = { since: at, asOf: at, reports: [], ...(room !== undefined && { room }) }
  expect(readHeardReports(shapeOf(heard, 'the reports')).room).toBe(known)
})

const line = fc.string({
  unit: fc.constantFrom(...'abcXYZ 09-_.:/é\u{1f600}=') as fc.Arbitrary<string>,
  minLength: 1,
  maxLength: 40,
})
const position = fc.record({ epoch, sequence })
const instanceId = fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/)
const verdict = fc.record(
  {
    digest,
    verdict: fc.constantFrom('rejected', 'reverted', 'quarantined'),
    code: line,
    validator: line,
    path: line,
    overridden: fc.constant(true as const),
  },
  { requiredKeys: ['digest', 'verdict'] },
)
const answer = fc.constantFrom('healthy', 'unhealthy', 'threw', 'timeout', 'none')
const previous = fc.record(
  { instanceId, digest, end: fc.constantFrom('clean', 'abrupt'), ranMs: fc.nat() },
  { requiredKeys: ['instanceId', 'end', 'ranMs'] },
)
const measures = fc.record({
  stage: position,
  digest,
  overMs: fc.nat(),
  numbers: fc.array(
    fc.record({
      name: line,
      count: fc.integer({ min: 1, max: 1_000 }),
      sum: fc.double({ min: 0, max: 1e15, noNaN: true }),
    }),
    { maxLength: 4 },
  ),
})
const role = fc.oneof(
  fc.record(
    { type: fc.constant('controller'), policies: fc.array(line), gates: fc.array(line), rollout: line },
    { requiredKeys: ['type', 'policies', 'gates'] },
  ),
  fc.constant({ type: 'other' }),
)
const report: fc.Arbitrary<ClientReport> = fc.record(
  {
    v: fc.constant(1 as const), namespace, clientId: line, instanceId: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,20}$/), ephemeral: fc.boolean(), labels, build: line, strategy: line, count: sequence,
    phase: fc.constantFrom('waiting', 'staged', 'trying', 'applied', 'healthy', 'rejected', 'reverted', 'quarantined', 'paused', 'stopped'), seen: position, applied: position, digest, version: sequence, refused: digest, code: line,
    validator: line, path: line, overridden: fc.array(line), role, slot: fc.nat(65_535), lookMs: fc.nat(), upMs: fc.nat(), sinceMs: fc.nat(), verdicts: fc.array(verdict, { maxLength: 4 }),
    health: fc.record({ before: answer, now: answer }), previous, measures, protection: fc.constantFrom('disk', 'none'), nextReportWithinMs: fc.integer({ min: 1, max: 3_600_000 }),
  },
  { requiredKeys: ['v', 'namespace', 'clientId', 'instanceId', 'ephemeral', 'labels', 'strategy', 'count', 'phase', 'lookMs', 'upMs', 'sinceMs', 'protection'] },
) as fc.Arbitrary<ClientReport> // prettier-ignore

const one: ClientReport = {
  v: 1, namespace: 'a', clientId: 'web-1', instanceId: 'i1', ephemeral: false, labels: {}, strategy: 'pull', count: 1, phase: 'waiting', protection: 'none', lookMs: 30_000, upMs: 0, sinceMs: 0, nextReportWithinMs: 1000,
} // prettier-ignore
const measured = {
  stage: { epoch: '1-9f3a01bc', sequence: 7 },
  digest: 'a'.repeat(64),
  overMs: 1,
  numbers: [{ name: 'latencyMs', count: 1, sum: 1 }],
}
const read = (change: object) => readReport({ ...one, ...change } as unknown as Json)

describe('reports', () => {
  it('come back as they were sent', () => {
    fc.assert(
      fc.property(report, value => {
        expect(readReport(value as unknown as Json)).toEqual(value)
      }),
    )
  })

  it('are refused with our own error and nothing else, wherever they are damaged', () => {
    let refused = 0
    fc.assert(
      fc.property(
        report.chain(value => damaged(value as unknown as Json)),
        value => {
          try {
            readReport(value)
          } catch (error) {
            refused += 1
            expect(isNoticeboardError(error, 'invalid-data')).toBe(true)
          }
        },
      ),
      { numRuns: 2_000 },
    )
    expect(refused).toBeGreaterThan(200)
  })

  it.each(['upMs', 'sinceMs', 'lookMs'])('are refused with a -0 for %s, which no text brings back', name => {
    expect(() => read({ [name]: -0 })).toThrow(name)
    expect(read({ [name]: 0 })).toHaveProperty(name, 0)
  })

  it('may hold more than this version knows, which is left out', () => {
    expect(read({ later: { secret: 1 } })).toEqual(one)
  })

  it('keep what a later version added to a list as something else that is not known', () => {
    expect(read({ phase: 'dancing' }).phase).toBe('other')
    expect(read({ role: { type: 'relay', hops: 2 } }).role).toEqual({ type: 'other' })
    expect(read({ health: { before: 'none', now: 'dizzy' } }).health).toEqual({
      before: 'none',
      now: 'threw',
    })
    const digest = 'a'.repeat(64)
    expect(read({ verdicts: [{ digest, verdict: 'bewitched' }] }).verdicts).toEqual([
      { digest, verdict: 'other' },
    ])
    expect(read({ verdicts: [{ digest, verdict: 'rejected', overridden: false }] }).verdicts).toEqual([
      { digest, verdict: 'rejected' },
    ])
  })

  it.each<[string, object]>([
    ['a clientId that forges a line', { clientId: 'a\nb' }], ['a clientId with a line separator', { clientId: 'a\u2028b' }], ['an empty clientId', { clientId: '' }], ['a clientId of 257 units', { clientId: 'x'.repeat(257) }],
    ['a clientId with half a pair', { clientId: '\ud800' }], ['an instanceId that climbs', { instanceId: '../x' }], ['an instanceId with a dot', { instanceId: 'x.json' }], ['a long instanceId', { instanceId: 'x'.repeat(65) }],
    ['an escape for the terminal', { strategy: '\u001b[2J' }], ['a label whose name holds =', { labels: { 'a=b': 'c' } }], ['a label that is no text', { labels: { a: 1 } }],
    ['65 labels', { labels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, 'x'])) }], ['a phase that forges a line', { phase: 'dan\ncing' }], ['a slot that is none', { slot: -1 }], ['five verdicts', { verdicts: Array.from({ length: 5 }, () => ({ digest: 'a'.repeat(64), verdict: 'rejected' })) }],
    ['an end of two lines', { previous: { instanceId: 'i', end: 'a\nb', ranMs: 1 } }], ['a time that runs backwards', { sinceMs: -1 }], ['count 0', { count: 0 }],
    ...([
      ['the sum of more than so many values can be', { count: 2, sum: 2.1e15 }], ['a sum below nothing', { count: 1, sum: -1 }], ['a sum of -0', { count: 1, sum: -0 }], ['a sum that is no number', { count: 1, sum: '7' }], ['values that are none', { count: 0, sum: 0 }],
      ['a number whose name is too long', { name: 'x'.repeat(65), count: 1, sum: 1 }],
    ] as const).map(([what, number]): [string, object] => [what, { measures: { ...measured, numbers: [{ ...measured.numbers[0], ...number }] } }]),
    ['five numbers', { measures: { ...measured, numbers: Array.from({ length: 5 }, () => measured.numbers[0]) } }],
    ['65 policies', { role: { type: 'controller', policies: Array.from({ length: 65 }, () => 'staged@1'), gates: [] } }], ['65 gates', { role: { type: 'controller', policies: [], gates: Array.from({ length: 65 }, () => 'calm') } }],
    ['another version', { v: 2 }], ['a namespace that is none', { namespace: '../x' }], ['a presence of no end', { nextReportWithinMs: 1e12 }], ['257 overrides', { overridden: Array.from({ length: 257 }, () => 'a') }],
  ])('are refused with %s', (_, change) => {
    expect(() => read(change)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  }) // prettier-ignore

  it('keep labels that are named like what objects inherit', () => {
    const labels = JSON.parse('{"__proto__":"x","constructor":"y"}') as Record<string, string>
    const { labels: kept } = read({ labels })
    expect(Object.entries(kept)).toEqual([['__proto__', 'x'], ['constructor', 'y']]) // prettier-ignore
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })

  it('never put what they hold into the error', () => {
    for (const change of [
      { clientId: 'hunter2\n' },
      { phase: 'hunter2\n' },
      { count: 'hunter2' },
      { labels: { 'hunter2 ': 5 } },
      { labels: { region: 'hunter2\n' } },
    ]) {
      expect(() => read(change)).toThrow(
        expect.objectContaining({ message: expect.not.stringContaining('hunter2') }),
      )
    }
  })
})
