import { describe, expect, test } from 'vitest'
import { restorePlan } from '../../../../src/client/state/restore-plan.js'
import { savedAfter, withGood } from '../../../../src/client/state/saved-after.js'
import type { SavedSnapshot, SavedState } from '../../../../src/contracts/state.js'
import type { IdentifiedRelease, Release } from '../../../../src/core/release/release.js'
import { received } from '../apply/states.js'

const saved = (digest: string): SavedSnapshot => ({ digest, version: 1, bytes: 1 })
const position = (sequence: number): { epoch: string; sequence: number } => ({
  epoch: '1-0000000a',
  sequence,
})
const state = (parts: Partial<SavedState> = {}): SavedState => ({
  good: [saved('good')],
  refused: [],
  ...parts,
})
const prepared = { type: 'prepared', saved: saved('new'), change: undefined } as const
const unchanged = { type: 'unchanged', saved: saved('new') } as const

describe('what is kept after a release', () => {
  test('is the snapshot and where it was applied', () => {
    for (const end of [prepared, unchanged])
      expect(savedAfter(state(), received(3), end)).toEqual({
        applied: position(3),
        current: saved('new'),
        good: [saved('good')],
      })
  })

  test('is what ran before when everything was refused', () => {
    expect(savedAfter(state(), received(3), { type: 'kept' })).toEqual({ good: [saved('good')] })
  })

  test('is no last-known-good that the release withdraws, whatever its end', () => {
    const pending = { ...received(3), release: { withdrawn: ['good'] } as unknown as Release }
    for (const end of [prepared, unchanged, { type: 'kept' } as const])
      expect(savedAfter(state(), pending, end).good).toEqual([])
  })

  test('is no position of a bare document, nor its snapshot in place of a published one', () => {
    const pending = { ...received(3), origin: 'unmanaged' as const }
    expect(savedAfter(state(), pending, prepared)).toEqual({ current: saved('new'), good: [saved('good')] })
    const managed = state({ applied: position(1), current: saved('published') })
    expect(savedAfter(managed, pending, prepared)).toEqual({ good: [saved('good')] })
  })
})

test('of last-known-good three generations are kept, each digest once', () => {
  const full = state({ good: [saved('a'), saved('b'), saved('c')] })
  expect(withGood(full, saved('d')).good.map(({ digest }) => digest)).toEqual(['d', 'a', 'b'])
  expect(withGood(full, saved('b')).good.map(({ digest }) => digest)).toEqual(['b', 'a', 'c'])
})

describe('a restart', () => {
  const seen = { release: { sequence: 2 } as Release, position: position(2) } as IdentifiedRelease
  const names = (of: SavedState, newest?: IdentifiedRelease): readonly string[] =>
    restorePlan(of, newest).map(pending =>
      pending.type === 'saved-version' ? pending.saved.digest : pending.type,
    )

  test('tries what the newest release asks for, then what ran, then last-known-good', () => {
    expect(names(state({ applied: position(2), current: saved('current') }), seen)).toEqual([
      'saved-release',
      'current',
      'good',
    ])
  })

  test('asks no release that was not applied', () => {
    expect(names(state({ applied: position(1), current: saved('current') }), seen)).toEqual([
      'current',
      'good',
    ])
    expect(names(state(), seen)).toEqual(['good'])
    expect(names(state({ applied: position(2) }))).toEqual(['good'])
  })

  test('of a bare document has no position', () => {
    expect(restorePlan(state({ current: saved('current') }), undefined)[0]).toEqual({
      type: 'saved-version',
      saved: saved('current'),
      position: undefined,
    })
  })
})
