import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import { cameBack, membersOf, presenceOf, wasLive } from '../../../src/rollouts/members.js'
import { CANDIDATE, heard, minuteMs, word } from './fleet.js'

/** The instances of client `a` whose word counts at minute 20; a stage began at minute 10. */
const counted = (...reports: readonly ClientReport[]): readonly string[] =>
  membersOf(heard(reports, 20), minuteMs(9)).flatMap(({ words }) => words.map(({ instanceId }) => instanceId))
const instance = (
  name: string,
  firstAt: number,
  lastAt: number,
  more: Partial<ClientReport> = {},
): ClientReport => word('a', lastAt, { instanceId: name, firstAt, ...more })
const crashed = (instanceId: string): Partial<ClientReport> => ({
  previous: { instanceId, digest: CANDIDATE, end: 'abrupt', ranMs: 300 },
})

describe('whose word counts', () => {
  test('an incumbent, and nobody who was first heard when the stage was about to begin', () => {
    expect(counted(instance('old', 0, 20))).toEqual(['old'])
    expect(counted(instance('in-time', 9, 20))).toEqual(['in-time'])
    expect(counted(instance('late', 9.1, 20))).toEqual([])
  })

  test('a successor that names an incumbent, at once, and one after another', () => {
    expect(
      counted(
        instance('old', 0, 19.9),
        instance('next', 19.95, 20, crashed('old')),
        instance('third', 19.99, 20, crashed('next')),
      ),
    ).toEqual(['old', 'next', 'third'])
  })

  test('a successor that names nobody, once the incumbent stopped or was not heard for longer than a period', () => {
    expect(counted(instance('old', 0, 15), instance('next', 16, 20))).toEqual(['old', 'next'])
    expect(counted(instance('old', 0, 19, { phase: 'stopped' }), instance('next', 19.5, 20))).toEqual([
      'old',
      'next',
    ])
    expect(counted(instance('old', 0, 19), instance('next', 19.5, 20))).toEqual(['old'])
    // It does not come after one that went on beside it.
    expect(counted(instance('old', 0, 14), instance('next', 12, 20))).toEqual(['old'])
  })

  test('a successor that names nobody while another slot goes on does not, nor does who comes after it', () => {
    const others = [instance('own', 0, 20, { slot: 0 }), instance('other', 1, 12, { slot: 1 })]
    const late = instance('late', 15, 16, { slot: 1 })
    expect(counted(...others, late)).toEqual(['own', 'other'])
    expect(counted(...others, late, instance('later', 18, 20, { slot: 1 }))).toEqual(['own', 'other'])
    expect(counted(...others, { ...late, ...crashed('other') })).toEqual(['own', 'other', 'late'])
  })

  test('successors in all slots that name nobody, once those before them are gone: their folder was lost', () => {
    const stopped = [0, 1].map(slot => instance(`old-${slot}`, 0, 15, { slot, phase: 'stopped' }))
    const anew = [0, 1].map(slot => instance(`new-${slot}`, 15 + (slot + 1) / 10, 20, { slot }))
    expect(counted(...stopped, ...anew)).toEqual(['old-0', 'old-1', 'new-0', 'new-1'])
    const silent = stopped.map(report => ({ ...report, phase: 'healthy' }) as const)
    expect(counted(...silent, ...anew)).toEqual(['old-0', 'old-1', 'new-0', 'new-1'])
  })

  test('a successor that names nobody beside another slot that reports on demand and was not heard since', () => {
    const onDemand = { slot: 0, nextReportWithinMs: undefined } as const
    const old = instance('old', 0, 15)
    const next = instance('next', 17, 20)
    expect(counted(old, instance('once', 5, 5, onDemand), next)).toEqual(['old', 'once', 'next'])
    expect(counted(old, instance('once', 5, 18, onDemand), next)).toEqual(['old', 'once'])
  })

  test('no stranger under the name of a client that is there, whatever it says and how many there are', () => {
    const strangers = Array.from({ length: 100 }, (_, index) =>
      instance(`stranger-${index}`, 19, 20, { ...crashed('guessed'), phase: 'rejected', refused: CANDIDATE }),
    )
    expect(counted(instance('old', 0, 19.5), ...strangers)).toEqual(['old'])
    expect(counted(...strangers)).toEqual([])
  })

  test('no stranger who came long before the stage, while the client whose name it took goes on', () => {
    const lie = { phase: 'rejected', refused: CANDIDATE } as const
    expect(counted(instance('old', 0, 20), instance('stranger', 2, 2, lie))).toEqual(['old'])
    expect(counted(instance('old', 0, 20), instance('stranger', 2, 20, lie))).toEqual(['old'])
    // Who takes over runs beside the one before for a while, and speaks after it.
    expect(counted(instance('old', 0, 4.5), instance('next', 4, 20))).toEqual(['old', 'next'])
    expect(counted(instance('old', 0, 15), instance('stranger', 4, 14, lie))).toEqual(['old'])
    expect(counted(instance('one', 0, 3), instance('two', 4, 8), instance('three', 8.5, 20))).toEqual([
      'one',
      'two',
      'three',
    ])
  })

  test('no successor in another slot, and no controller', () => {
    expect(counted(instance('old', 0, 10, { slot: 0 }), instance('next', 16, 20, { slot: 1 }))).toEqual([
      'old',
    ])
    const role = { type: 'controller', policies: [], gates: [] } as const
    expect(counted(instance('old', 0, 20, { role }))).toEqual([])
  })
})

describe('a client', () => {
  const only = (...reports: readonly ClientReport[]) => {
    const [member, ...others] = membersOf(heard(reports, 20), minuteMs(9))
    expect(others).toEqual([])
    if (member === undefined) throw new Error('nobody counts')
    return member
  }

  test('is one, whatever the number of its processes, and what the latest of each slot says', () => {
    const workers = [0, 1, 2].map(slot => instance(`w${slot}`, 0, 20, { slot }))
    const member = only(...workers, instance('again', 19.9, 20, { slot: 1, ...crashed('w1') }))
    expect(member.words).toHaveLength(4)
    expect(member.current.map(({ instanceId }) => instanceId).toSorted()).toEqual(['again', 'w0', 'w2'])
    expect(member.shared).toBe(false)
  })

  test('shares its name when two instances of one slot report on side by side', () => {
    expect(only(instance('one', 0, 20), instance('two', 5, 20)).shared).toBe(true)
    // Who spoke once under its name does not make it one name for two.
    expect(only(instance('one', 0, 20), instance('once', 5, 5)).shared).toBe(false)
    // Who goes while its successor comes does not.
    expect(only(instance('one', 0, 5.5), instance('two', 5, 20)).shared).toBe(false)
    expect(only(instance('one', 0, 19, { phase: 'stopped' }), instance('two', 5, 20)).shared).toBe(false)
  })

  test('is live, silent or gone', () => {
    const at = (...reports: readonly ClientReport[]): string => presenceOf(only(...reports), minuteMs(20))
    expect(at(instance('one', 0, 17))).toBe('live')
    expect(at(instance('one', 0, 16.9))).toBe('silent')
    expect(at(instance('one', 0, 5, { phase: 'stopped' }))).toBe('gone')
    expect(at(instance('one', 0, 5, { slot: 0 }), instance('two', 0, 20, { slot: 1 }))).toBe('live')
    expect(at(instance('one', 0, 5, { phase: 'stopped', slot: 0 }), instance('two', 0, 5, { slot: 1 }))).toBe(
      'silent',
    )
  })

  test('was live when a stage began unless it had stopped or fallen silent by then', () => {
    const was = (report: ClientReport): boolean => wasLive(only(report), minuteMs(10))
    expect(was(instance('one', 0, 20))).toBe(true)
    expect(was(instance('one', 0, 7))).toBe(true)
    expect(was(instance('one', 0, 6.9))).toBe(false)
    expect(was(instance('one', 0, 9, { phase: 'stopped' }))).toBe(false)
    expect(was(instance('one', 0, 11, { phase: 'stopped' }))).toBe(true)
  })

  test('came back when it was started again around that moment, and not long after', () => {
    const came = (stopped: number, again: number): boolean =>
      cameBack(
        only(instance('one', 0, stopped, { phase: 'stopped' }), instance('two', again, 20)),
        minuteMs(10),
        60_000,
      )
    expect([came(9.9, 10.1), came(9.5, 10.5)]).toEqual([true, true])
    expect([came(9.4, 10.5), came(9.5, 9.9), came(10.1, 10.2)]).toEqual([false, false, false])
    expect(cameBack(only(instance('one', 0, 20)), minuteMs(10), 60_000)).toBe(false)
  })
})
