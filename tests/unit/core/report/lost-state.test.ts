import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../../src/contracts/report.js'
import { lostState, withLostState } from '../../../../src/core/report/lost-state.js'
import { word } from '../../rollouts/fleet.js'

/** An instance of one client with a disk, heard from one minute to another. */
function life(
  instanceId: string,
  [firstAt, heardAt]: readonly [number, number],
  more: Partial<ClientReport> = {},
): ClientReport {
  return word('web-1', heardAt, { instanceId, firstAt, slot: 0, ...more })
}

const after = (instanceId: string): Partial<ClientReport> => ({
  previous: { instanceId, end: 'clean', ranMs: 1 },
})

const lost = (...words: readonly ClientReport[]): readonly string[] => [...lostState(words)].toSorted()

describe('the state of a client', () => {
  test('is lost where a restart does not know of the instance before it', () => {
    expect(lost(life('a', [0, 5]), life('b', [6, 9]))).toEqual(['a', 'b'])
    expect(lost(life('a', [0, 5], { phase: 'stopped' }), life('b', [6, 9]))).toEqual(['a', 'b'])
    // Whatever order they come in.
    expect(lost(life('b', [6, 9]), life('a', [0, 5]))).toEqual(['a', 'b'])
  })

  test('has survived where it does, and counts as kept again from then on', () => {
    expect(lost(life('a', [0, 5]), life('b', [6, 9], after('a')))).toEqual([])
    expect(lost(life('a', [0, 5]), life('b', [6, 9]), life('c', [10, 12], after('b')))).toEqual(['a'])
  })

  test.each<[string, readonly ClientReport[]]>([
    ['at its first start', [life('a', [0, 5])]],
    ['of a second process beside the first', [life('a', [0, 7]), life('b', [6, 9], { slot: 1 })]],
    ['of a process that came while another was still there', [life('a', [0, 7]), life('b', [6, 9])]],
    ['of a slot that nobody had', [life('a', [0, 5]), life('b', [6, 9], { slot: 1 })]],
    ['that has none', [life('a', [0, 5]), life('b', [6, 9], { protection: 'none' })]],
    ['that had none before', [life('a', [0, 5], { protection: 'none' }), life('b', [6, 9])]],
  ])('%s is not lost', (_, words) => {
    expect(lost(...words)).toEqual([])
  })

  test('that is lost is no protection', () => {
    const words = [life('a', [0, 5]), life('b', [6, 9]), life('c', [10, 12])]
    expect(withLostState(words).map(({ protection }) => protection)).toEqual(['none', 'none', 'none'])
    const kept = [life('a', [0, 5]), life('b', [6, 9], after('a'))]
    expect(withLostState(kept)).toBe(kept)
  })
})
