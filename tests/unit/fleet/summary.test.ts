import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ClientReport, HeardReports, PreviousLife } from '../../../src/contracts/report.js'
import type { Release } from '../../../src/core/release/release.js'
import { summarizeFleet, type FleetState } from '../../../src/fleet/summary.js'

const now = Date.UTC(2026, 0, 1, 12)
const ago = (ms: number): string => new Date(now - ms).toISOString()
const epoch = '2-00000000'
const at = (sequence: number) => ({ epoch, sequence })
const good = 'a'.repeat(64)
const old = 'b'.repeat(64)
const newest: Release = {
  v: 1, namespace: 'n', epoch, sequence: 5, issuedAt: ago(0), cause: 'publish', prev: old,
  stable: { version: 5, variants: [{ digest: good, bytes: 1 }] },
} // prettier-ignore

const base: ClientReport = {
  v: 1, namespace: 'n', clientId: 'a', instanceId: 'a1', ephemeral: false, labels: {}, strategy: 'pull', count: 1,
  phase: 'healthy', seen: at(5), applied: at(5), digest: good, version: 5, protection: 'none', lookMs: 30_000, upMs: 0, sinceMs: 0, nextReportWithinMs: 1000, receivedAt: ago(100),
} // prettier-ignore

/** How an instance ended that died of the newest document. */
function died(ranMs = 9): PreviousLife {
  return { instanceId: 'a0', digest: good, end: 'abrupt', ranMs }
}

/** What a store answers that has listened for an hour. */
const heard = (reports: readonly ClientReport[], listenedMs = 3_600_000): HeardReports => ({
  since: ago(listenedMs),
  asOf: ago(0),
  reports,
})

test.each<[string, Partial<ClientReport>, FleetState]>([
  ['runs the newest', {}, 'current'],
  ['just switched', { phase: 'applied' }, 'current'],
  ['has it staged', { phase: 'staged', applied: at(4), digest: old }, 'behind'],
  ['has not looked yet', { seen: at(4), applied: at(4), digest: old }, 'behind'],
  ['runs the right snapshot by an older release', { seen: at(4), applied: at(4) }, 'behind'],
  [
    'waits for its first document',
    { phase: 'waiting', seen: at(5), applied: undefined, digest: undefined } as never,
    'behind',
  ],
  ['is of an older epoch', { seen: { epoch: '1-00000000', sequence: 99 } }, 'behind'],
  ['refused the newest', { phase: 'rejected', applied: at(4), digest: old, refused: good }, 'rejected'],
  ['refused an older one', { phase: 'rejected', seen: at(4), applied: at(3), digest: old }, 'behind'],
  [
    'lacks a feature that the newest needs',
    { phase: 'rejected', seen: at(4), applied: at(4), digest: old, code: 'unsupported' },
    'unsupported',
  ],
  ['took the newest and runs something else', { digest: old }, 'diverged'],
  ['went back to the one before after a death', { digest: old, previous: died() }, 'crashed'],
  ['went back after a death that came late', { digest: old, previous: died(500_000) }, 'crashed'],
  [
    'runs another after a death of something else',
    { digest: old, previous: { ...died(), digest: old } },
    'diverged',
  ],
  ['has seen the newest and still runs the one before', { applied: at(4), digest: old }, 'behind'],
  [
    'came after one that the newest ended',
    { applied: at(4), digest: old, previous: { instanceId: 'a0', digest: good, end: 'abrupt', ranMs: 9 } },
    'crashed',
  ],
  [
    'came after one that was closed in order',
    { applied: at(4), digest: old, previous: { instanceId: 'a0', digest: good, end: 'clean', ranMs: 9 } },
    'behind',
  ],
  [
    'came after one that an older one ended',
    { applied: at(4), digest: old, previous: { instanceId: 'a0', digest: old, end: 'abrupt', ranMs: 9 } },
    'behind',
  ],
  ['runs what its predecessor died on', { phase: 'applied', previous: died() }, 'crashed'],
  ['is about to try what its predecessor died on', { phase: 'trying', previous: died() }, 'crashed'],
  ['came through the trial in which its predecessor died', { previous: died() }, 'current'],
  [
    'came after one that died when its trial was over',
    { phase: 'applied', previous: died(120_000) },
    'current',
  ],
  ['took it back', { phase: 'reverted', applied: at(4), digest: old }, 'failed'],
  ['died of it twice', { phase: 'quarantined', applied: at(4), digest: old }, 'failed'],
  ['is pinned', { phase: 'paused', applied: at(1), digest: old }, 'paused'],
  ['is about to try it', { phase: 'trying' }, 'behind'],
  ['says what this version does not know', { phase: 'other' }, 'behind'],
  ['has seen more than the store has', { seen: at(6) }, 'ahead'],
  ['has seen a fork of the epoch', { seen: { epoch: '2-ffffffff', sequence: 1 } }, 'ahead'],
  ['stopped', { phase: 'stopped' }, 'stopped'],
  ['stopped long ago', { phase: 'stopped', receivedAt: ago(1_000_000) }, 'stopped'],
  ['was heard three periods ago', { nextReportWithinMs: 6_000, receivedAt: ago(18_000) }, 'current'],
  [
    'was not heard for more than three periods',
    { nextReportWithinMs: 6_000, receivedAt: ago(18_001) },
    'missing',
  ],
  [
    'reports each second, and may be in a file that is yet to be written',
    { receivedAt: ago(11_000) },
    'current',
  ],
  ['reports each second, and is in no file that was written since', { receivedAt: ago(11_001) }, 'missing'],
  [
    'promises no next word and was heard three hours ago',
    { nextReportWithinMs: undefined, receivedAt: ago(10_800_000) } as never,
    'current',
  ],
  [
    'promises no next word and was not heard for more than three hours',
    { nextReportWithinMs: undefined, receivedAt: ago(10_800_001) } as never,
    'stopped',
  ],
  ['is silent and was rejected', { phase: 'rejected', receivedAt: ago(11_001) }, 'missing'],
  ['comes from a store that does not say when', { receivedAt: undefined } as never, 'current'],
  ['was heard by a clock ahead of ours', { receivedAt: ago(-60_000) }, 'current'],
])('an instance that %s', (_name, over, state) => {
  const fleet = summarizeFleet(heard([{ ...base, ...over }]), newest)
  if (fleet.type === 'unknown') throw new Error('the fleet is known')
  expect(fleet.members.map(member => member.state)).toEqual([state])
  expect(Object.entries(fleet.counts).filter(([, count]) => count > 0)).toEqual([[state, 1]])
})

test('a fleet that was never heard is unknown and not empty, and not the same as one that is yet to be heard', () => {
  for (const [listenedMs, why] of [
    [0, 'not-yet-heard'],
    [899_999, 'not-yet-heard'],
    [900_000, 'never-heard'],
  ] as const)
    expect(summarizeFleet(heard([], listenedMs), newest)).toEqual({ type: 'unknown', why })
})

test('what reports without being a client is no member of the fleet', () => {
  const controller = { type: 'controller', policies: ['staged@1'], gates: [] } as const
  const reports = [
    base,
    ...[controller, { type: 'other' } as const].map(role => ({ ...base, instanceId: role.type, role })),
  ]
  expect(summarizeFleet(heard(reports), newest)).toMatchObject({ counts: { current: 1 }, members: [{}] })
  expect(summarizeFleet(heard(reports.slice(1)), newest)).toMatchObject({ type: 'unknown' })
})

test('the report with the highest count holds, in whatever order they come', () => {
  const late = { ...base, count: 3, phase: 'rejected' as const }
  for (const reports of [
    [base, late],
    [late, base],
  ]) {
    const fleet = summarizeFleet(heard(reports), newest)
    expect(fleet).toMatchObject({ type: 'known', counts: { rejected: 1, current: 0 } })
  }
})

const silent = { ...base, receivedAt: ago(1_000_000) }
const after = (instanceId: string) => ({ instanceId, end: 'abrupt', ranMs: 9 }) as const
const kept = { protection: 'disk' } as const

test.each<[string, readonly Partial<ClientReport>[], number]>([
  ['names it as the one before', [{ ...kept, previous: after('a1') }], 1],
  [
    'names one that names it',
    [{ previous: after('a2') }, { instanceId: 'a2', receivedAt: ago(900_000), previous: after('a1') }],
    2,
  ],
  ['came after its last word, and is heard for three periods', [{ firstHeardAt: ago(950_000) }], 1],
  [
    'named it, and has stopped since',
    [
      { instanceId: 'a2', phase: 'stopped', receivedAt: ago(900_000), previous: after('a1') },
      { instanceId: 'a3', firstHeardAt: ago(10) },
    ],
    1,
  ],
])('a silent instance is replaced when another one of its client %s', (_, others, replaced) => {
  const words = others.map(other => ({ ...base, instanceId: 'a3', ...other }))
  expect(summarizeFleet(heard([silent, ...words]), newest)).toMatchObject({
    counts: { replaced, missing: 0, current: 1 },
  })
})

test.each<[string, Partial<ClientReport>, Partial<ClientReport>?]>([
  ['says no more than the name of its client', {}],
  ['is heard for less than three periods', { firstHeardAt: ago(899_000) }],
  ['chose a period of its own', { firstHeardAt: ago(10_000), nextReportWithinMs: 1_000 }],
  ['was there before', { firstHeardAt: ago(1_100_000) }],
  ['names a guess', { previous: after('a0') }],
  ['came later, but whose state would survive', { firstHeardAt: ago(950_000) }, kept],
  ['came long after it, and has stopped', { phase: 'stopped', firstHeardAt: ago(950_000) }],
  ['is another client, and names it', { clientId: 'b', previous: after('a1') }],
])('a silent instance is missing when another one %s', (_, other, own = {}) => {
  const reports = [
    { ...silent, ...own },
    { ...base, instanceId: 'a3', ...other },
  ]
  expect(summarizeFleet(heard(reports), newest)).toMatchObject({ counts: { replaced: 0, missing: 1 } })
})

test('an instance that is named is replaced at once, and runs nothing any more', () => {
  const dead = { ...base, firstHeardAt: ago(5_000), receivedAt: ago(1_500) }
  const next = {
    ...base,
    ...{
      instanceId: 'a2',
      firstHeardAt: ago(1_400),
      phase: 'applied' as const,
      previous: { ...died(), instanceId: 'a1' },
    },
  }
  expect(summarizeFleet(heard([dead, next]), newest)).toMatchObject({
    counts: { current: 0, crashed: 1, replaced: 1 },
    running: [{ digest: good, version: 5, instances: 1 }],
    unprotected: 1,
  })
  const third = {
    ...base,
    ...{
      instanceId: 'a3',
      firstHeardAt: ago(50),
      digest: old,
      version: 4,
      applied: at(4),
      phase: 'quarantined' as const,
    },
    previous: { ...died(), instanceId: 'a2' },
  }
  expect(summarizeFleet(heard([third, next, dead]), newest)).toMatchObject({
    counts: { current: 0, crashed: 0, failed: 1, replaced: 2 },
    running: [{ digest: old, version: 4, instances: 1 }],
  })
})

test('of two that are silent the one that the other names is replaced, and one is missing', () => {
  const reports = [silent, { ...silent, instanceId: 'a2', receivedAt: ago(900_000), previous: after('a1') }]
  for (const protection of ['disk', 'none'] as const)
    expect(summarizeFleet(heard(reports.map(report => ({ ...report, protection }))), newest)).toMatchObject({
      counts: { replaced: 1, missing: 1 },
    })
})

test('one that speaks on beside the one that names it is still there', () => {
  const both = (receivedAt: string): readonly ClientReport[] => [
    { ...base, receivedAt },
    { ...base, instanceId: 'a2', firstHeardAt: ago(2_000), previous: after('a1') },
  ]
  // A last word may be on the way while the next instance starts.
  expect(summarizeFleet(heard(both(ago(1_000))), newest)).toMatchObject({
    counts: { current: 1, replaced: 1 },
  })
  expect(summarizeFleet(heard(both(ago(999))), newest)).toMatchObject({ counts: { current: 2, replaced: 0 } })
})

test('fifty thousand silent instances that a stranger names of one client are told in one walk', () => {
  const reports = Array.from({ length: 50_000 }, (_, index): ClientReport => ({
    ...base,
    instanceId: `life-${index}`,
    // Heard for long, and silent since: each is compared with whoever came after it.
    firstHeardAt: ago(100_000_000 - index),
    receivedAt: ago(50_000_000 - index),
  }))
  const fleet = summarizeFleet(heard([...reports, { ...base, instanceId: 'now' }]), newest)
  expect(fleet).toMatchObject({ counts: { missing: 50_000, current: 1, replaced: 0 } })
})

test('no report of a stranger, who knows no instanceId, makes one that is missing count as replaced', () => {
  const known = [silent, { ...base, ...kept, instanceId: 'b1', clientId: 'b', receivedAt: ago(1_000_000) }]
  fc.assert(
    fc.property(
      fc.record(
        {
          clientId: fc.constantFrom('a', 'b'),
          instanceId: fc.string({ minLength: 9 }),
          slot: fc.nat(3),
          protection: fc.constantFrom('disk' as const, 'none' as const),
          nextReportWithinMs: fc.integer({ min: 1, max: 3_600_000 }),
          previous: fc.record({
            instanceId: fc.string({ minLength: 9 }),
            end: fc.constantFrom('clean' as const, 'abrupt' as const),
            ranMs: fc.nat(),
          }),
          firstHeardAt: fc.integer({ min: 0, max: 899_999 }).map(ago),
        },
        { requiredKeys: ['clientId', 'instanceId', 'firstHeardAt'] },
      ),
      forged => {
        const fleet = summarizeFleet(heard([...known, { ...base, receivedAt: ago(0), ...forged }]), newest)
        expect(fleet).toMatchObject({ counts: { replaced: 0, missing: 2 } })
      },
    ),
  )
})

test('who runs what counts the live ones only, the most frequent first', () => {
  const reports = [
    { ...base, instanceId: '1', digest: old, version: 4, seen: at(4) },
    { ...base, instanceId: '2' },
    { ...base, instanceId: '3' },
    { ...base, instanceId: '4', phase: 'stopped' as const, digest: old, version: 4 },
    { ...base, instanceId: '5', receivedAt: ago(1_000_000), digest: old, version: 4 },
  ]
  expect(summarizeFleet(heard(reports), newest)).toMatchObject({
    running: [
      { digest: good, version: 5, instances: 2 },
      { digest: old, version: 4, instances: 1 },
    ],
  })
})

test('what needs somebody comes first', () => {
  const reports = [
    base,
    { ...base, instanceId: '2', phase: 'rejected' as const },
    { ...base, instanceId: '3', seen: at(9) },
  ]
  const fleet = summarizeFleet(heard(reports), newest)
  expect(fleet).toMatchObject({ members: [{ state: 'ahead' }, { state: 'rejected' }, { state: 'current' }] })
})

test('before the first release nobody is behind', () => {
  const waiting = {
    ...base,
    phase: 'waiting' as const,
    seen: undefined,
    applied: undefined,
    digest: undefined,
  } as never
  expect(summarizeFleet(heard([waiting]), undefined)).toMatchObject({ counts: { current: 1 } })
})

test('a client whose state is lost at each start counts as unprotected, whatever it says itself', () => {
  const life = (instanceId: string, [first, last]: readonly [number, number], more = {}): ClientReport => ({
    ...base,
    instanceId,
    slot: 0,
    protection: 'disk',
    firstHeardAt: ago(first),
    receivedAt: ago(last),
    ...more,
  })
  const stopped = life('a1', [9_000, 5_000], { phase: 'stopped' })
  const unprotectedIn = (reports: readonly ClientReport[]): unknown => summarizeFleet(heard(reports), newest)
  expect(unprotectedIn([stopped, life('a2', [900, 100])])).toMatchObject({ unprotected: 1 })
  const previous = { instanceId: 'a1', end: 'clean', ranMs: 1 }
  expect(unprotectedIn([stopped, life('a2', [900, 100], { previous })])).toMatchObject({ unprotected: 0 })
})

test('who was heard last before the server began to listen is counted apart, as long as it is live', () => {
  const reports: readonly ClientReport[] = [
    base,
    { ...base, clientId: 'before', instanceId: 'b1', receivedAt: ago(900) },
    { ...base, clientId: 'gone', instanceId: 'c1', receivedAt: ago(19_000) },
  ]
  const beforeOf = (listenedMs: number) => {
    const fleet = summarizeFleet(heard(reports, listenedMs), newest)
    return fleet.type === 'known' && fleet.heardBefore
  }
  expect([beforeOf(500), beforeOf(900), beforeOf(50)]).toEqual([1, undefined, 2])
})

test('what a pinned client runs is no default', () => {
  const { digest: _, version: __, ...bare } = base
  const reports: readonly ClientReport[] = [
    base,
    { ...bare, clientId: 'pinned', instanceId: 'b1', phase: 'paused' },
    { ...bare, clientId: 'new', instanceId: 'c1', phase: 'waiting' },
    { ...base, clientId: 'held', instanceId: 'd1', phase: 'paused' },
  ]
  const fleet = summarizeFleet(heard(reports), newest)
  expect(fleet.type === 'known' && fleet.running).toEqual([
    { digest: good, version: 5, instances: 2 },
    { digest: undefined, version: undefined, paused: true, instances: 1 },
    { digest: undefined, version: undefined, instances: 1 },
  ])
})

test('a pin file and pause() are both paused, and told apart by a count', () => {
  const pinnedOf = (...reports: readonly Partial<ClientReport>[]) => {
    const fleet = summarizeFleet(
      heard(reports.map((report, index) => ({ ...base, instanceId: `i${index}`, ...report }))),
      newest,
    )
    return fleet.type === 'known' && [fleet.counts.paused, fleet.pinned]
  }
  const pinned = { phase: 'paused', code: 'pinned' } as const
  expect(pinnedOf(pinned, { phase: 'paused' })).toEqual([2, 1])
  expect(pinnedOf({ phase: 'paused' })).toEqual([1, undefined])
  // Who is gone is not held any more, and a code says what it says with its phase alone.
  expect(pinnedOf({ ...pinned, receivedAt: ago(1_000_000) })).toEqual([0, undefined])
  expect(pinnedOf({ ...pinned, phase: 'healthy' })).toEqual([0, undefined])
})

test('a death of an earlier time of a document is not held against it once everybody went back to it', () => {
  const report = { ...base, phase: 'applied', previous: died() } as const
  const stateOf = (more: Partial<ClientReport>, release: Partial<Release>) => {
    const fleet = summarizeFleet(heard([{ ...report, ...more }]), { ...newest, ...release })
    return fleet.type === 'known' ? fleet.members.map(({ state }) => state) : []
  }
  const back = { cause: 'rollback', issuedAt: ago(60_000) }
  const before = { firstHeardAt: ago(90_000) }
  expect(stateOf(before, back)).toEqual(['current'])
  // One that came since, one of which that is not known, and one that keeps off it.
  expect(stateOf({ firstHeardAt: ago(30_000) }, back)).toEqual(['crashed'])
  expect(stateOf({}, back)).toEqual(['crashed'])
  expect(stateOf({ ...before, digest: old }, back)).toEqual(['crashed'])
  // Each stage of a rollout is another release of the same trial.
  expect(stateOf(before, { cause: 'advance', issuedAt: ago(60_000) })).toEqual(['crashed'])
})
