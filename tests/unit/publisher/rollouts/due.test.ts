import { expect, test } from 'vitest'
import type { ClientReport } from '../../../../src/contracts/report.js'
import { sayDue } from '../../../../src/publisher/rollouts/due.js'
import { reportOf } from '../../../support/report-of.js'

const asOf = '2026-01-01T00:01:00.000Z'
const plan = { type: 'staged', version: 1, gates: [] } as never
const controller = (name: string, receivedAt: string, policies = ['staged@1']): ClientReport =>
  reportOf({
    ...{ namespace: 'shop/prod', instanceId: `i-${name}`, clientId: name, receivedAt },
    role: { type: 'controller', policies, gates: [] },
    nextReportWithinMs: 30_000,
  })
const said = (type: 'advance' | 'widen' | 'hold', reports: readonly ClientReport[]): readonly string[] =>
  sayDue({ type }, { rollout: { id: 'r1', plan }, heard: { since: asOf, asOf, reports } })

test('a step that is due names who takes it, and how long ago that one was heard', () => {
  const reports = [
    controller('publisher of web-1', '2026-01-01T00:00:20.000Z'),
    controller('unable', asOf, ['other@1']),
  ]
  expect(said('advance', reports)).toEqual([
    'the next step is due, and is taken by publisher of web-1 (heard 40 s ago)',
  ])
  expect(said('widen', [...reports, controller('board-1', asOf)])).toEqual([
    'the next step is due, and is taken by publisher of web-1 (heard 40 s ago) or board-1 (heard 0 s ago)',
  ])
})

test('a step that is due and that nobody takes says so, and one that is not due says nothing', () => {
  expect(said('advance', [])).toEqual(['the next step is due, and nobody is heard that could take it'])
  expect(said('hold', [controller('board-1', asOf)])).toEqual([])
})
