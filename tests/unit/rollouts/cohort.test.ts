import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BUCKETS, cohortHash, type Audience } from '../../../src/core/release/audience.js'
import {
  audienceOf,
  canaryOf,
  idOf,
  inAudience,
  isWider,
  oneMore,
  type CohortQuery,
} from '../../../src/rollouts/cohort.js'
import type { Member } from '../../../src/rollouts/members.js'
import { defaultStages, type Stage } from '../../../src/rollouts/stage.js'
import { audience as anyAudience } from '../../support/arbitraries.js'
import { exposedIn, hasher, membersFor, names } from './fleet.js'

const fleetOf = (count: number): readonly Member[] =>
  membersFor(
    names(count).map((_, index) => ({ labels: { cell: `c${index % 4}`, region: index % 2 ? 'eu' : 'us' } })),
  )

const stage: fc.Arbitrary<Stage> = fc.oneof(
  fc.record({ by: fc.constant('count' as const), count: fc.integer({ min: 1, max: 30 }) }),
  fc.record({ by: fc.constant('share' as const), share: fc.double({ min: 0.01, max: 1, noNaN: true }) }),
  fc.record({
    by: fc.constant('labels' as const),
    labels: fc.constantFrom({ cell: ['c1'] }, { region: ['eu'] }),
  }),
  fc.nat(9).map((index): Stage => ({ by: 'ids', ids: [idOf(`client-${index}`, { salt: 's', hasher })] })),
)
const start: Audience = { salt: 's', clauses: [] }

describe('the audiences of a rollout', () => {
  test('only grow, clause by clause, whatever the stages are and whoever comes and goes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(stage, fc.integer({ min: 1, max: 60 })), { minLength: 1, maxLength: 6 }),
        stages => {
          let before = start
          for (const [next, count] of [...stages, [{ by: 'all' }, 60] as const]) {
            const live = fleetOf(count)
            const audience = audienceOf({ stage: next, live, before, holdback: 0, hasher })
            expect(isWider(audience, before)).toBe(true)
            const was = new Set(exposedIn(before, fleetOf(60)))
            const is = new Set(exposedIn(audience, fleetOf(60)))
            expect([...was].every(name => is.has(name))).toBe(true)
            before = audience
          }
          expect(exposedIn(before, fleetOf(60))).toHaveLength(60)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('are the same when the rollout is started again with its salt, and others with another salt', () => {
    const live = fleetOf(40)
    const of = (salt: string): readonly string[] => {
      const query: CohortQuery = {
        stage: { by: 'share', share: 0.5 },
        live,
        before: { salt, clauses: [] },
        holdback: 0,
        hasher,
      }
      return exposedIn(audienceOf(query), live)
    }
    expect(of('one')).toEqual(of('one'))
    expect(of('one')).not.toEqual(of('two'))
  })

  test('expose exactly as many of up to 2,000 clients as they say, and one at least', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 120 }),
        fc.double({ min: 0.001, max: 1, noNaN: true }),
        (count, share) => {
          const live = fleetOf(count)
          const audience = audienceOf({
            stage: { by: 'share', share },
            live,
            before: start,
            holdback: 0,
            hasher,
          })
          expect(exposedIn(audience, live)).toHaveLength(Math.ceil(share * count))
        },
      ),
      { numRuns: 60 },
    )
    // As a plain threshold, 5 % would expose nobody in a third of such fleets.
    const live = fleetOf(20)
    const plain = (salt: string): Audience => ({ salt, clauses: [{ below: 0.05 * BUCKETS }] })
    const unlucky = names(60).filter(salt => exposedIn(plain(salt), live).length === 0)
    expect(unlucky.length).toBeGreaterThan(10)
    for (const salt of unlucky) {
      const before = { salt, clauses: [] }
      const audience = audienceOf({ stage: { by: 'share', share: 0.05 }, live, before, holdback: 0, hasher })
      expect(exposedIn(audience, live)).toHaveLength(1)
    }
  })

  test('are a plain threshold beyond 2,000 clients, close to what they say', () => {
    const live = fleetOf(2_500)
    const audience = audienceOf({
      stage: { by: 'share', share: 0.1 },
      live,
      before: start,
      holdback: 0,
      hasher,
    })
    expect(audience.clauses).toEqual([{ below: Math.ceil(0.1 * BUCKETS) }])
    expect(Math.abs(exposedIn(audience, live).length - 250)).toBeLessThan(60)
  })

  test('of a whole label hold all who carry it, and count them towards the next share', () => {
    const live = fleetOf(40)
    const cell = audienceOf({
      stage: { by: 'labels', labels: { cell: ['c1'] } },
      live,
      before: start,
      holdback: 0,
      hasher,
    })
    expect(exposedIn(cell, live)).toHaveLength(10)
    const half = audienceOf({ stage: { by: 'share', share: 0.5 }, live, before: cell, holdback: 0, hasher })
    expect(exposedIn(half, live)).toHaveLength(20)
  })

  test('leave out who is held back, the same clients in each release', () => {
    const live = fleetOf(200)
    const audience = audienceOf({ stage: { by: 'all' }, live, before: start, holdback: 0.1, hasher })
    const left = live.length - exposedIn(audience, live).length
    expect(left).toBeGreaterThan(8)
    expect(left).toBeLessThan(35)
    expect(
      live.filter(member => !inAudience(member, audience, hasher)).map(({ clientId }) => clientId),
    ).toEqual(
      live
        .map(({ clientId }) => clientId)
        .filter(name => Number.parseInt(cohortHash('s', name, hasher).slice(0, 8), 16) >= 0.9 * BUCKETS),
    )
  })

  test('take nobody back who is to be held back, and was exposed already', () => {
    const live = fleetOf(40)
    const most = audienceOf({ stage: { by: 'share', share: 1 }, live, before: start, holdback: 0, hasher })
    const all = audienceOf({ stage: { by: 'all' }, live, before: most, holdback: 0.3, hasher })
    expect(isWider(all, most)).toBe(true)
  })

  test('take one client more when they are asked to, until nobody is left', () => {
    const live = fleetOf(5)
    let audience = audienceOf({ stage: { by: 'count', count: 1 }, live, before: start, holdback: 0, hasher })
    for (const exposed of [2, 3, 4, 5, 5]) {
      const wider = oneMore({ live, before: audience, hasher })
      expect(isWider(wider, audience)).toBe(true)
      expect(exposedIn(wider, live)).toHaveLength(exposed)
      audience = wider
    }
  })
})

describe('an audience that keeps or widens another', () => {
  test('is what exposes everybody whom the other one exposes', () => {
    const live = fleetOf(30)
    let wider = 0
    fc.assert(
      fc.property(anyAudience, anyAudience, fc.boolean(), (a, b, grown) => {
        const next = grown
          ? { ...b, salt: a.salt, clauses: [...a.clauses, ...b.clauses] }
          : { ...b, salt: a.salt }
        if (!isWider(next, a)) return
        wider += 1
        const is = new Set(exposedIn(next, live))
        expect(exposedIn(a, live).every(name => is.has(name))).toBe(true)
      }),
      { numRuns: 500 },
    )
    expect(wider).toBeGreaterThan(100)
  })

  const clause = { ids: ['a', 'b'], labels: { region: ['eu'], tier: ['x'] }, below: 9 }
  test.each<[string, boolean, object]>([
    ['the same', true, clause],
    ['an id more', true, { ...clause, ids: ['a', 'b', 'c'] }],
    ['an id less', false, { ...clause, ids: ['a'] }],
    ['a value more', true, { ...clause, labels: { region: ['eu', 'us'], tier: ['x'] } }],
    ['another value', false, { ...clause, labels: { region: ['us'], tier: ['x'] } }],
    ['a label less', true, { ...clause, labels: { region: ['eu'] } }],
    ['no labels left, which is for nobody', false, { ...clause, labels: {} }],
    ['a label more', false, { ...clause, labels: { region: ['eu'], tier: ['x'], zone: ['a'] } }],
    ['a higher threshold', true, { ...clause, below: 10 }],
    ['a lower threshold', false, { ...clause, below: 8 }],
    ['a condition less', true, { below: 9 }],
    ['no condition, which is for nobody', false, {}],
    ['a condition that is not known', false, { ...clause, unknown: true }],
  ])('%s: %s', (_name, expected, next) => {
    expect(isWider({ salt: 's', clauses: [{ below: 0 }, next] }, { salt: 's', clauses: [clause] })).toBe(
      expected,
    )
    expect(isWider({ salt: 't', clauses: [next] }, { salt: 's', clauses: [clause] })).toBe(false)
  })
})

describe('the canary', () => {
  test('is well, has a disk and a timer, and is of the build that most clients run', () => {
    const live = membersFor([
      { build: '1', phase: 'waiting' },
      { build: '1', ephemeral: true },
      { build: '1', protection: 'none' },
      { build: '2' },
      { build: '1', nextReportWithinMs: undefined },
      { build: '1', health: { before: 'none', now: 'unhealthy' } },
      { build: '1' },
    ])
    for (const salt of ['a', 'b', 'c', 'd'])
      expect(canaryOf(live, { salt, hasher })?.clientId).toBe('client-6')
  })

  test('is another one with another salt, and the best of those there are where nobody is fit', () => {
    const chosen = names(20).map((_, index) => canaryOf(fleetOf(40), { salt: `s${index}`, hasher })?.clientId)
    expect(new Set(chosen).size).toBeGreaterThan(5)
    expect(canaryOf(membersFor([{ ephemeral: true }]), { salt: 's', hasher })?.clientId).toBe('client-0')
    expect(canaryOf([], { salt: 's', hasher })).toBeUndefined()
  })
})

describe('the default stages', () => {
  test.each([
    [1, 'all'],
    [2, 'all'],
    [3, '1, all'],
    [19, '1, all'],
    [20, '1, 3, 10, all'],
    [199, '1, 20, 100, all'],
    [200, '1, 10, 50, all'],
    [999, '1, 50, 250, all'],
    [1_000, '1, 10, 100, 500, all'],
  ])('of %i live clients expose %s', (live, expected) => {
    const sizes = defaultStages(live).map(each => {
      if (each.by === 'all') return 'all'
      const audience = audienceOf({ stage: each, live: fleetOf(live), before: start, holdback: 0, hasher })
      return exposedIn(audience, fleetOf(live)).length
    })
    expect(sizes.join(', ')).toBe(expected)
  })
})
