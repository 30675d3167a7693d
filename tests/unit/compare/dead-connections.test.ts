import { expect, test } from 'vitest'
import {
  compare,
  hybridModel,
  outcomeOf,
  pullModel,
  type Comparison,
  type WorkloadInput,
} from '../../../src/compare/index.js'

const FLEET: WorkloadInput = {
  clients: 2_200,
  documentBytes: 61_440,
  encodedBytes: 4_096,
  changesPerDay: 25,
  deadlines: { killSwitchMs: 10_000 },
  offlineShare: 0.04,
}

const within = (killSwitchMs: number, idleTimeoutMs = 350_000): WorkloadInput => ({
  ...FLEET,
  deadlines: { killSwitchMs, routineMs: Math.max(300_000, killSwitchMs) },
  network: { idleTimeoutMs },
})

const namesOf = ({ rows }: Comparison): readonly string[] => rows.map(({ model }) => model)

const reasonsOf = ({ recommendation }: Comparison): string => recommendation.because.join('\n')

test('a model whose dead connections have a change later than the deadline is out from one client in a hundred on', async () => {
  const models = [hybridModel(), pullModel({ pollIntervalMs: 2_000 })]
  const late = await compare(within(9_000, 7_000), { models })
  expect(late.rows[0]?.misses).toMatchObject([
    { what: 'half-open', text: expect.stringMatching(/66 % .* after up to 9\.8 s \(deadline: 9 s\)/) },
  ])
  const inTime = await compare(within(10_000, 7_000), { models })
  expect(inTime.rows[0]?.fits).toBe(true)
})

test('where more than a tenth of the clients is on dead connections, the reasons say how many', async () => {
  const models = [hybridModel()]
  const often = reasonsOf(await compare(within(10_000, 7_000), { models }))
  expect(often).toMatch(/on average 1,384 of them are .* have the change 9\.8 s after the publish at most/)
  expect(often).toMatch(/these are 66 % of the clients that are there/)
  const seldom = reasonsOf(await compare(within(60_000), { models }))
  expect(seldom).not.toMatch(/% of the clients that are there/)
})

test('a length of time that misses a deadline never reads like the deadline', async () => {
  const network = { idleTimeoutMs: 7_000, rttMs: 110 }
  const { rows } = await compare({ ...FLEET, network }, { models: [hybridModel()] })
  expect(rows[0]?.halfOpen.worstMs).toBeGreaterThan(10_000)
  expect(rows[0]?.halfOpen.worstMs).toBeLessThan(10_100)
  expect(rows[0]?.misses[0]?.text).toMatch(/after up to 10\.0\d s \(deadline: 10 s\)/)
})

test('until half of the clients have a change counts dead connections once they are more than half', async () => {
  const halfOf = async (idleTimeoutMs: number): Promise<number> => {
    const { rows } = await compare(within(60_000, idleTimeoutMs), { models: [hybridModel()] })
    return rows[0]?.stalenessMs.half ?? 0
  }
  const alive = await halfOf(350_000)
  // 66 % and 100 % of 1 s: dead streams have it some time within 9.9 and 12.2 s.
  expect(await halfOf(7_000)).toBeGreaterThan(alive + 1_000)
  expect(await halfOf(1_000)).toBeGreaterThan(await halfOf(7_000))
  expect(await halfOf(1_000)).toBeLessThan(9_000)
})

test('pull is compared at the longest round interval that meets the deadline', async () => {
  const pullsAt = async (killSwitchMs: number) =>
    namesOf(await compare(within(killSwitchMs))).filter(name => /^pull [\d.]+ \w+$/.test(name))
  expect(await pullsAt(10_000)).toEqual(['pull 8 s', 'pull 30 s'])
  expect(await pullsAt(60_000)).toEqual(['pull 50 s', 'pull 30 s'])
  expect(await pullsAt(300_000)).toEqual(['pull 4 min', 'pull 30 s'])
})

test('streams are compared at the default heartbeat, and at the longest round one that meets the deadline also on dead connections', async () => {
  const streamsAt = async (killSwitchMs: number, idleTimeoutMs?: number) =>
    namesOf(await compare(within(killSwitchMs, idleTimeoutMs))).filter(name => /^(?:hybrid|push)/.test(name))
  const both = (heartbeat: string) => [
    'hybrid',
    `hybrid, heartbeat ${heartbeat}`,
    'push, gzip',
    `push, heartbeat ${heartbeat}, gzip`,
  ]
  expect(await streamsAt(10_000)).toEqual(both('6 s'))
  expect(await streamsAt(9_000)).toEqual(both('5 s'))
  expect(await streamsAt(6_000)).toEqual(both('3 s'))
  expect(await streamsAt(15_000)).toEqual(['hybrid', 'push, gzip'])
  expect(await streamsAt(20_000)).toEqual(both('12 s'))
  expect(await streamsAt(30_000)).toEqual(both('15 s'))
  expect(await streamsAt(60_000)).toEqual(both('30 s'))
  // Where silent connections are cut, a longer heartbeat is no use, and a shorter one is.
  expect(await streamsAt(60_000, 10_000)).toEqual(['hybrid', 'push, gzip'])
  expect(await streamsAt(60_000, 7_000)).toEqual(both('6 s'))
  // Beside the longest that is not cut, one that brings it to dead connections in time.
  expect((await streamsAt(5_000, 7_000)).toSorted()).toEqual(
    [...new Set([...both('2 s'), ...both('6 s')])].sort(),
  )
  // No heartbeat brings it to dead connections within a second.
  expect(await streamsAt(1_000)).toEqual(['hybrid', 'push, gzip'])
})

test('the verdict says with which heartbeat dead connections meet the deadline as well', async () => {
  const result = await compare(within(9_000))
  expect(result.recommendation.model).toBe('push, gzip')
  expect(reasonsOf(result)).toMatch(
    /with "hybrid, heartbeat 5 s", which costs (?:\d+ % more|[\d.]+ times as much), clients on a dead connection have it in time as well, within 8\.3 s/,
  )
  expect(reasonsOf(await compare(within(20_000)))).not.toMatch(/in time as well/)
})

test('the outcome says after how long clients are back from an outage', async () => {
  const parts = outcomeOf(await compare(FLEET))
  const { points = [] } =
    parts.find(({ title }) => title === 'After an outage of all servers for a minute') ?? {}
  expect(points.join('\n')).toMatch(
    /^hybrid; .*push.*: half of the clients are back after .* s, all after .* s$/m,
  )
})

test('the outcome says in one line how long a dead link, and having been away, keeps a change from a client', async () => {
  const models = [hybridModel(), hybridModel({ heartbeatMs: 4_000 }), pullModel({ pollIntervalMs: 20_000 })]
  const result = await compare(FLEET, { models })
  const { points = [] } =
    outcomeOf(result).find(({ title }) => title === 'After an outage of all servers for a minute') ?? {}
  const [, link = '', tenth = ''] =
    /whose link dies .* has it after (.+) at most; a tenth of the clients .* has it after (.+)$/m.exec(
      points.join('\n'),
    ) ?? []
  // 1.65 heartbeats; and the next poll, at 1.1 of 20 s.
  expect(link).toMatch(/^6\.\d s \(hybrid, heartbeat 4 s\), 13 s \(hybrid\), 22 s \(pull 20 s\)$/)
  for (const { model } of result.rows) expect(tenth).toContain(model)
})
