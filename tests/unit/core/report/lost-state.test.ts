import fc from 'fast-check'
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

  test('is told in one walk as each instance beside each other would tell it', () => {
    const lives = fc.array(
      fc.record({
        from: fc.integer({ min: 0, max: 12 }),
        minutes: fc.integer({ min: 0, max: 6 }),
        slot: fc.constantFrom(0, 1, undefined),
        protection: fc.constantFrom('disk' as const, 'none' as const),
        names: fc.option(fc.integer({ min: 0, max: 7 }), { nil: undefined, freq: 3 }),
        isTold: fc.boolean(),
      }),
      { maxLength: 8 },
    )
    fc.assert(
      fc.property(lives, drawn => {
        const words = drawn.map(({ from, minutes, slot, protection, names, isTold }, index) => {
          const { firstHeardAt, ...word } = life(`i${index}`, [from, from + minutes], {
            protection,
            ...(names !== undefined && after(`i${names}`)),
          })
          const { slot: _, ...bare } = word
          return {
            ...bare,
            ...(isTold && firstHeardAt !== undefined && { firstHeardAt }),
            ...(slot !== undefined && { slot }),
          }
        })
        expect(lost(...words)).toEqual(lostBeside(words))
      }),
    )
  })

  test('of fifty thousand instances that a stranger names of one client is told in one walk', () => {
    const words = Array.from({ length: 50_000 }, (_, index) => life(`i${index}`, [index, index]))
    expect(lostState(words).size).toBe(50_000)
  })
})

/** The same, by looking at each instance beside each other. */
function lostBeside(words: readonly ClientReport[]): readonly string[] {
  const found = new Set(words.map(({ previous }) => previous?.instanceId))
  const first = ({ firstHeardAt, receivedAt = '' }: ClientReport): string => firstHeardAt ?? receivedAt
  const all = words.flatMap(word => {
    const { instanceId, slot, protection, previous, firstHeardAt } = word
    if (protection !== 'disk' || slot === undefined || previous !== undefined || firstHeardAt === undefined)
      return []
    const earlier = words.filter(other => other !== word && first(other) < firstHeardAt)
    if (earlier.some(({ receivedAt = '' }) => receivedAt > firstHeardAt)) return []
    const gone = earlier.filter(other => other.protection === 'disk' && other.slot === slot)
    return gone.length === 0 ? [] : [...gone.map(other => other.instanceId), instanceId]
  })
  return [...new Set(all)].filter(instanceId => !found.has(instanceId)).toSorted()
}
