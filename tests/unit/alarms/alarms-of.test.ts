import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import {
  ALARM_NAMES,
  alarmOf,
  alarmsOf,
  type AlarmName,
  type NamespaceFacts,
} from '../../../src/alarms/index.js'
import type { Position } from '../../../src/contracts/position.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { Release } from '../../../src/core/release/release.js'
import type { RolloutState } from '../../../src/core/release/rollout.js'
import { reportOf } from '../../support/report-of.js'

const NAMESPACE = 'checkout/prod'
const nowMs = Date.UTC(2026, 0, 1, 12)
const ago = (ms: number): string => new Date(nowMs - ms).toISOString()
const at = (sequence: number) => ({ epoch: '1-00000000', sequence })
const good = 'a'.repeat(64)
const old = 'b'.repeat(64)

const newestOf = (more: Partial<Release> = {}): Release => ({
  v: 1,
  namespace: NAMESPACE,
  ...at(5),
  issuedAt: ago(3_600_000),
  cause: 'publish',
  prev: old,
  stable: { version: 5, variants: [{ digest: good, bytes: 1 }] },
  ...more,
})

const rolloutOf = (more: Partial<RolloutState> = {}): RolloutState => ({
  id: 'r1',
  state: 'running',
  stage: 1,
  plan: { type: 'staged', version: 1 },
  stageStart: { position: at(5), at: ago(60_000), live: 10, exposed: 1, control: 9 },
  from: at(4),
  decideBy: ago(-60_000),
  controller: 'server',
  ...more,
})

let instances = 0
const client = (more: Partial<ClientReport> = {}): ClientReport =>
  reportOf({
    namespace: NAMESPACE,
    instanceId: `instance-${(instances += 1)}`,
    phase: 'healthy',
    seen: at(5),
    applied: at(5),
    digest: good,
    receivedAt: ago(1_000),
    ...more,
  })
const behind = { seen: at(4), applied: at(4), digest: old } as const

const controller = client({
  role: { type: 'controller', policies: ['staged@1'], gates: [] },
  strategy: 'controller',
  phase: 'waiting',
})

const factsOf = (reports: readonly ClientReport[], more: Partial<NamespaceFacts> = {}): NamespaceFacts => ({
  newest: newestOf(),
  heard: { since: ago(7_200_000), asOf: ago(0), reports },
  nowMs,
  ...more,
})
const namesIn = (facts: NamespaceFacts): readonly AlarmName[] => alarmsOf(facts).map(({ name }) => name)

test('a fleet that runs what it should raises none, nor does one that was never heard', () => {
  expect(namesIn(factsOf([client(), client({ phase: 'stopped' })]))).toEqual([])
  expect(namesIn(factsOf([]))).toEqual([])
  expect(namesIn({ newest: undefined, heard: undefined, nowMs })).toEqual([])
})

test.each<[string, Partial<ClientReport>, readonly AlarmName[]]>([
  ['has seen more than the board has', { seen: at(6) }, ['board-behind']],
  ['runs what the release does not name', { digest: old }, ['clients-diverged']],
  ['refused the newest', { ...behind, seen: at(5), phase: 'rejected', refused: good }, ['clients-rejected']],
  ['lacks a feature', { ...behind, phase: 'rejected', code: 'unsupported' }, ['clients-rejected']],
  ['took it back', { ...behind, seen: at(5), phase: 'reverted', refused: good }, ['clients-failed']],
  ['died of it twice', { ...behind, seen: at(5), phase: 'quarantined', refused: good }, ['clients-failed']],
  [
    'came after one that died of it',
    { ...behind, previous: { instanceId: 'x', digest: good, end: 'abrupt', ranMs: 5 } },
    ['clients-failed'],
  ],
  [
    'runs what the one before it died of',
    { phase: 'applied', previous: { instanceId: 'x', digest: good, end: 'abrupt', ranMs: 5 } },
    ['clients-failed'],
  ],
  ['looks each 30 s and is behind after an hour', behind, ['clients-behind']],
  ['looks once an hour and may be behind for two', { ...behind, lookMs: 3_600_000 }, []],
  ['is missing', { ...behind, receivedAt: ago(2_000_000) }, []],
  ['is paused', { ...behind, phase: 'paused' }, []],
])('a client that %s', (_name, more, names) => {
  const alarms = alarmsOf(factsOf([client(), client({ clientId: 'web-17', ...more })]))
  expect(alarms.map(({ name }) => name)).toEqual(names)
  for (const { says, instances: count } of alarms) {
    expect(says).toContain('web-17')
    expect(count).toBe(1)
  }
})

test.each([
  ['reserve', /may not be written; the reserve is there/],
  ['none', /its reserve is missing/],
] as const)('a board whose disk leaves the room %s is failing', (room, says) => {
  const heard = { since: ago(7_200_000), asOf: ago(0), reports: [client()], room }
  const alarms = alarmsOf(factsOf([], { heard }))
  expect(alarms).toMatchObject([{ name: 'board-failing', says: expect.stringMatching(says) }])
})

test('a release gives clients the time that it names itself', () => {
  const issuedAt = ago(150_000)
  const isLate = (more: Partial<Release>): boolean =>
    namesIn(factsOf([client(behind)], { newest: newestOf({ issuedAt, ...more }) })).length > 0
  expect(isLate({})).toBe(true)
  expect(isLate({ spreadMs: 60_000 })).toBe(false)
  expect(isLate({ activateAt: ago(100_000) })).toBe(false)
  expect(isLate({ evidence: { bakeMs: 1, reportMs: 1, spreadMs: 60_000 } })).toBe(false)
})

test.each<[string, Partial<RolloutState>, Partial<NamespaceFacts>, readonly AlarmName[]]>([
  ['goes on', {}, {}, []],
  ['was paused by hand', { state: 'paused', why: 'the sale begins' }, {}, ['rollout-paused']],
  ['has retreated', { state: 'retreated' }, {}, ['rollout-paused']],
  ['stands still by its policy', {}, { standsStill: 'e is 25' }, ['rollout-paused']],
  ['is past its time', { decideBy: ago(1) }, {}, ['rollout-overdue']],
  ['is watched past its time', { state: 'watching', decideBy: ago(1) }, {}, ['rollout-overdue']],
  ['has ended', { state: 'completed', decideBy: ago(1) }, {}, []],
  ['was rolled back', { state: 'rolled-back', decideBy: ago(1) }, {}, []],
])('a rollout that %s', (_name, more, facts, names) => {
  const newest = newestOf({ rollout: rolloutOf(more) })
  expect(namesIn(factsOf([client(), controller], { newest, ...facts }))).toEqual(names)
})

test('a rollout whose controllers are silent, stopped, or lack its policy is orphaned', () => {
  const newest = newestOf({ rollout: rolloutOf() })
  const orphaned = (...reports: readonly ClientReport[]): boolean =>
    namesIn(factsOf([client(), ...reports], { newest })).includes('rollout-orphaned')
  expect(orphaned(controller)).toBe(false)
  expect(orphaned()).toBe(true)
  expect(orphaned({ ...controller, phase: 'stopped' })).toBe(true)
  expect(orphaned({ ...controller, receivedAt: ago(2_000_000) })).toBe(true)
  const role = { type: 'controller', policies: ['timed@1'], gates: [] } as const
  expect(orphaned({ ...controller, role })).toBe(true)
  const driver = (rollout: string) =>
    orphaned({ ...controller, role: { type: 'controller', policies: ['staged@1'], gates: [], rollout } })
  expect([driver('r1'), driver('r2')]).toEqual([false, true])
  // Over a store without reports nobody can be heard, and the rollouts that there are go by time.
  expect(namesIn({ newest, heard: undefined, nowMs })).toEqual([])
})

test('the most urgent come first, and name three clients at most', () => {
  const late = Array.from({ length: 5 }, (_, index) => client({ ...behind, clientId: `late-${index}` }))
  const alarms = alarmsOf(factsOf([...late, client({ seen: at(9) }), client({ digest: old })]))
  expect(alarms.map(({ name }) => name)).toEqual(['board-behind', 'clients-diverged', 'clients-behind'])
  expect(alarms.at(-1)).toMatchObject({ instances: 5, says: expect.stringContaining(', and 2 more') })
  expect(new Set(ALARM_NAMES).size).toBe(ALARM_NAMES.length)
})

test('a store that was copied or has forked is told by what its clients have seen or run', () => {
  // Another epoch with the number of ours: they followed another board.
  const elsewhere = client({ clientId: 'web-17', seen: { epoch: '1-00000001', sequence: 3 } })
  expect(alarmsOf(factsOf([elsewhere]))).toEqual([
    {
      name: 'board-forked',
      severity: 'critical',
      says: '1 of 1 have seen another epoch with the number of 1-00000000: web-17',
      instances: 1,
    },
  ])
  // The other history is longer.
  expect(namesIn(factsOf([client({ seen: at(7), applied: at(7) })]))).toEqual(['board-behind'])
  // Another release at the same position, with another document.
  expect(namesIn(factsOf([client({ digest: old })]))).toEqual(['clients-diverged'])
})

test('who lost releases and who followed another board are told apart, and one stranger in a fleet is neither', () => {
  const known = { firstHeardAt: ago(7_200_000) }
  const fleet = (count: number, more: Partial<ClientReport> = {}): readonly ClientReport[] =>
    Array.from({ length: count }, () => client({ ...known, ...more }))
  const forked = { seen: { epoch: '1-00000001', sequence: 900 } }
  const lost = { seen: at(7) }
  const told = (...reports: readonly ClientReport[]) =>
    alarmsOf(factsOf(reports)).map(({ name, instances: count }) => [name, count])
  expect(told(...fleet(40), ...fleet(6, forked))).toEqual([['board-forked', 6]])
  expect(told(...fleet(40), ...fleet(6, forked), ...fleet(7, lost))).toEqual([
    ['board-behind', 7],
    ['board-forked', 6],
  ])
  expect(told(...fleet(40), ...fleet(6, forked), ...fleet(1, lost))).toEqual([['board-forked', 6]])
  expect(told(...fleet(40), ...fleet(1, forked), ...fleet(6, lost))).toEqual([['board-behind', 7]])
  expect(told(...fleet(40), ...fleet(1, forked))).toEqual([])
  // An epoch above both ends it.
  const newest = newestOf({ epoch: '2-00000002' })
  expect(namesIn(factsOf(fleet(5, forked), { newest }))).not.toContain('board-forked')
})

test.each<[string, Position | undefined, AlarmName]>([
  ['ends before what it had', at(3), 'board-behind'],
  ['is empty', undefined, 'board-behind'],
  ['has another release at that place', at(5), 'board-forked'],
  ['has gone on without it', at(6), 'board-forked'],
  ['has another epoch of that number', { epoch: '1-00000001', sequence: 2 }, 'board-forked'],
])('a board that %s went back, or has another history now', (_name, to, name) => {
  const wentBack = { from: at(5), ...(to && { to }) }
  const heard = { since: ago(7_200_000), asOf: ago(0), reports: [client()], wentBack }
  const [alarm, ...more] = alarmsOf(factsOf([], { heard }))
  expect([alarm?.name, alarm?.says.endsWith(', in another log'), more]).toEqual([
    name,
    name === 'board-forked',
    [],
  ])
})

test('docs/alarms.md has a row and a section for each, and none besides', async () => {
  const text = await readFile(new URL('../../../docs/alarms.md', import.meta.url), 'utf8')
  const sections = [...text.matchAll(/^## ([a-z-]+)$/gm)].map(([, name]) => name)
  expect(sections).toEqual(ALARM_NAMES)
  const rows = [...text.matchAll(/^\| \[`([a-z-]+)`\]\(#\1\) \| (critical|warning) \|/gm)]
  expect(rows.map(([, name, severity]) => [name, severity])).toEqual(
    ALARM_NAMES.map(name => [name, alarmOf(name, '').severity]),
  )
})

test('who runs the newest document after a death is told apart from who took it back', () => {
  const previous = { instanceId: 'x', digest: good, end: 'abrupt', ranMs: 5 } as const
  const again = client({ clientId: 'again', phase: 'applied', previous })
  const back = client({ clientId: 'back', digest: old, previous })
  const alarms = alarmsOf(factsOf([client(), again, back]))
  expect(alarms.map(({ name, instances: count }) => [name, count])).toEqual([
    ['clients-failed', 1],
    ['clients-failed', 1],
  ])
  expect(alarms.map(({ says }) => says)).toEqual([
    expect.stringMatching(/^1 of 3 took the newest document back: back the process before this one died/),
    expect.stringMatching(
      /^1 of 3 run the newest document again, after processes that died .*: again the process/,
    ),
  ])
})

test('two clocks that differ are an alarm, and nobody is late by one of them alone', () => {
  const hourMs = 3_600_000
  const late = factsOf([client(behind)])
  expect(namesIn(late)).toEqual(['clients-behind'])
  // The server is two hours ahead: by the clock here the release will be issued in an hour.
  const [wrong, ...others] = alarmsOf({ ...late, aheadMs: 2 * hourMs })
  expect([wrong?.name, others]).toEqual(['clock-wrong', []])
  expect(wrong?.says).toMatch(/^the clock of the server is 2 h ahead of the one here; /)
  const slow = alarmsOf({ ...late, aheadMs: -2 * hourMs })
  expect(slow.map(({ name }) => name)).toEqual(['clock-wrong', 'clients-behind'])
  expect(slow[0]?.says).toMatch(/^the clock of the server is 2 h behind the one here; /)
  for (const aheadMs of [-60_000, 0, 60_000])
    expect(namesIn({ ...late, aheadMs })).toEqual(['clients-behind'])

  const early = (ms: number) => factsOf([client(behind)], { newest: newestOf({ issuedAt: ago(-ms) }) })
  const [soon, ...more] = alarmsOf(early(hourMs))
  expect([soon?.name, more]).toEqual(['clock-wrong', []])
  expect(soon?.says).toContain('issued 60 min from now')
  expect(namesIn(early(60_000))).toEqual([])
})
