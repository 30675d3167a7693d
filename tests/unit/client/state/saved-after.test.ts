import { describe, expect, test } from 'vitest'
import { restorePlan } from '../../../../src/client/state/restore-plan.js'
import { savedAfter, withGood } from '../../../../src/client/state/saved-after.js'
import type { SavedSnapshot, SavedState } from '../../../../src/contracts/state.js'
import { cohortHash } from '../../../../src/core/release/audience.js'
import type { IdentifiedRelease, Release } from '../../../../src/core/release/release.js'
import { systemHasher } from '../../../../src/system/system.js'
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

  test('is the release that was applied before, where that comes back since nothing ran', () => {
    const end = { ...prepared, saved: saved('good'), instead: true, restores: true }
    expect(savedAfter(state({ applied: position(2) }), received(3), end)).toEqual({
      current: saved('good'),
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

  test('is a candidate no more once a release names it as stable', () => {
    const mark = { ...saved('good'), candidate: true } as const
    const named = (digest: string): Release =>
      ({ stable: { version: 1, variants: [{ digest, bytes: 1 }] } }) as unknown as Release
    const goodAfter = (digest: string): unknown =>
      savedAfter(state({ good: [mark] }), { ...received(3), release: named(digest) }, { type: 'kept' }).good
    expect(goodAfter('another')).toEqual([mark])
    expect(goodAfter('good')).toEqual([saved('good')])
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
  expect(withGood(full, saved('d'), undefined).good.map(({ digest }) => digest)).toEqual(['d', 'a', 'b'])
  expect(withGood(full, saved('b'), undefined).good.map(({ digest }) => digest)).toEqual(['b', 'a', 'c'])
})

describe('a restart', () => {
  const identity = { clientId: 'c', instanceId: 'i', ephemeral: false, labels: {} }
  const nowMs = Date.parse('2026-01-01T12:00:00.000Z')
  const arm = (digest: string): Release['stable'] => ({ version: 1, variants: [{ digest, bytes: 1 }] })
  const seenOf = (more: Partial<Release>): IdentifiedRelease =>
    ({ release: { sequence: 2, stable: arm('stable'), ...more }, position: position(2) }) as IdentifiedRelease
  const seen = seenOf({})
  const names = (of: SavedState, newest?: IdentifiedRelease): readonly string[] =>
    restorePlan(of, newest, { identity, hasher: systemHasher, nowMs }).map(pending =>
      pending.type === 'saved-version' ? pending.saved.digest : pending.type,
    )
  const ran = state({ applied: position(1), current: saved('current') })

  test('tries what the newest release asks for, then last-known-good, then what ran', () => {
    expect(names(ran, seen)).toEqual(['saved-release', 'good', 'current'])
    expect(names({ ...ran, current: saved('good') }, seen)).toEqual(['saved-release', 'good'])
    expect(names(state(), seen)).toEqual(['saved-release', 'good'])
  })

  test('goes back to the stable snapshot before another one that counts as good', () => {
    const { stable, candidate } = { stable: arm('stable'), candidate: arm('new') }
    const audience = { salt: 's', clauses: [{ below: 2 ** 32 }] }
    const good = [saved('another'), saved('stable')]
    const expected = ['saved-release', 'stable', 'another']
    expect(names(state({ good }), seenOf({ stable, candidate, audience }))).toEqual(expected)
    const current = saved('stable')
    const unearned = state({ good: [saved('another')], current })
    expect(names(unearned, seenOf({ stable, candidate, audience }))).toEqual(expected)
    const activateAt = '2026-01-01T13:00:00.000Z'
    expect(names(state({ good }), seenOf({ stable, activateAt }))).toEqual(['another', 'stable'])
  })

  test('runs no candidate that was given up for another one, unless the release is yet to come', () => {
    const mark = (digest: string): SavedSnapshot => ({ ...saved(digest), candidate: true })
    const left = state({ good: [mark('left'), saved('good')], current: mark('current') })
    const everybody = { salt: 's', clauses: [{ below: 2 ** 32 }] }
    expect(names(left, seen)).toEqual(['saved-release', 'good'])
    const next = seenOf({ candidate: arm('next'), audience: everybody })
    expect(names(left, next)).toEqual(['saved-release', 'good'])
    expect(names(left, seenOf({ stable: arm('left') }))).toEqual(['saved-release', 'left', 'good'])
    const again = seenOf({ candidate: arm('left'), audience: everybody })
    expect(names(left, again)).toEqual(['saved-release', 'left', 'good'])
    const later = seenOf({ activateAt: '2026-01-01T13:00:00.000Z' })
    expect(names(left, later)).toEqual(['left', 'good', 'current'])
  })

  test('without a release that can be read begins with what ran', () => {
    expect(names({ ...ran, applied: position(2) })).toEqual(['current', 'good'])
    expect(names(state())).toEqual(['good'])
  })

  test('runs nothing that the newest release withdraws, but what it asks for all the same', () => {
    expect(names(ran, seenOf({ withdrawn: ['current', 'good'] }))).toEqual(['saved-release'])
    expect(names(ran, seenOf({ withdrawn: ['good'], stable: arm('good') }))).toEqual([
      'saved-release',
      'good',
      'current',
    ])
  })

  test('runs a candidate only if this client is exposed to it', () => {
    const clause = (ids: readonly string[]): Partial<Release> => ({
      candidate: arm('current'),
      audience: { salt: 's', clauses: [{ ids }] },
    })
    const own = cohortHash('s', 'c', systemHasher).slice(0, 32)
    expect(names(ran, seenOf(clause([])))).toEqual(['saved-release', 'good'])
    expect(names(ran, seenOf(clause([own])))).toEqual(['saved-release', 'good', 'current'])
  })

  test('applies no release before its time that was not applied before', () => {
    const later = seenOf({ activateAt: '2026-01-01T12:00:01.000Z' })
    expect(names(ran, later)).toEqual(['good', 'current'])
    expect(names({ ...ran, applied: position(2) }, later)).toEqual(['saved-release', 'good', 'current'])
    expect(names(ran, seenOf({ activateAt: '2026-01-01T12:00:00.000Z' }))[0]).toBe('saved-release')
  })

  test('of a bare document has no position', () => {
    const plan = restorePlan(state({ current: saved('current') }), undefined, {
      identity,
      hasher: systemHasher,
      nowMs,
    })
    expect(plan[0]).toEqual({ type: 'saved-version', saved: saved('current'), position: undefined })
  })
})
