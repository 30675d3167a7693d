import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { RolloutState } from '../../../src/core/release/rollout.js'
import { liveMembers } from '../../../src/rollouts/members.js'
import { viewOf, type StageView } from '../../../src/rollouts/view.js'
import { CANDIDATE, hasher, heard, minuteMs, PLAN, releaseOf, sayState, word } from './fleet.js'

/** Everybody is exposed since minute 10. It is minute 20. */
function look(...reports: readonly ClientReport[]): StageView {
  const release = releaseOf(undefined, { state: 'watching' })
  const { rollout } = release
  return viewOf({ release, rollout: rollout as RolloutState, plan: PLAN, heard: heard(reports, 20), hasher })
}

function statesOf({ exposed }: StageView): readonly string[] {
  return exposed.map(({ state }) => sayState(state))
}

const well = { phase: 'healthy', digest: CANDIDATE, sinceMs: PLAN.bakeMs, slot: 0 } as const
const own = word('a', 20, well)
const stranger = (firstAt: number, lastAt: number, more: Partial<ClientReport> = {}): ClientReport =>
  word('a', lastAt, { instanceId: 'stranger', firstAt, seen: { epoch: '1-9f3a01bc', sequence: 3 }, ...more })

describe('an instance in another slot of a client', () => {
  test.each<[string, ClientReport]>([
    ['had fallen silent when the stage began', stranger(5, 6.9)],
    ['reports on demand, and was not heard since', stranger(5, 5, { nextReportWithinMs: undefined })],
    ['stopped long before', stranger(5, 5, { phase: 'stopped' })],
  ])('says nothing about it where it %s', (_, once) => {
    const view = look(own, once)
    expect(statesOf(view)).toEqual(['healthy'])
    expect(view.seenShare).toBe(1)
    expect(view.exposed[0]?.member.identity.instanceId).toBe('a-1')
  })

  test('does not hide that the client falls silent in the stage', () => {
    const gone = word('a', 15, well)
    expect(statesOf(look(gone, stranger(5, 5, { nextReportWithinMs: undefined })))).toEqual(['silent'])
  })

  test('leaves the client in doubt where it was there when the stage began, and is gone', () => {
    expect(statesOf(look(own, stranger(5, 9, { slot: 1 })))).toEqual(['doubtful: silent'])
  })

  test.each<[string, ClientReport, string]>([
    ['was gone when the stage began', stranger(5, 6.9), 'healthy'],
    ['stopped long before', stranger(5, 5, { phase: 'stopped' }), 'healthy'],
    ['fell silent in the stage', stranger(5, 9), 'doubtful: silent'],
  ])('is followed by nobody while the client goes on, where it %s', (_, once, state) => {
    const lie = { instanceId: 'another', phase: 'rejected', refused: CANDIDATE } as const
    expect(statesOf(look(own, once, stranger(19.9, 19.9, lie)))).toEqual([state])
    // The client's next word is yet to come.
    expect(statesOf(look(word('a', 19.8, well), once, stranger(19.9, 19.9, lie)))).toEqual([state])
  })

  test('counts as long as it is heard, and where it is the only one', () => {
    expect(statesOf(look(own, stranger(5, 20, { slot: 1 })))).toEqual(['waiting'])
    const onDemand = stranger(5, 5, { nextReportWithinMs: undefined })
    expect(statesOf(look(onDemand))).toEqual(['left-out: on-demand'])
  })

  test('lends a client no label once it is not heard any more', () => {
    const once = stranger(5, 5, { labels: { ring: 'late' } })
    const live = liveMembers(heard([word('a', 20, { slot: 0, labels: { ring: 'first' } }), once], 20), {
      beforeMs: minuteMs(19),
      nowMs: minuteMs(20),
    })
    expect(live.map(({ identity }) => identity.labels)).toEqual([{ ring: 'first' }])
  })
})
