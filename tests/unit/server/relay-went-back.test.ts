import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { LogDetails } from '../../../src/contracts/system.js'
import type { Latest, Transport } from '../../../src/contracts/transport.js'
import { createHandler, type Handler } from '../../../src/server/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { sampleLog, type SampleRelease } from '../../../src/testing/conformance/fixture.js'
import { NAMESPACE } from '../../support/server-fixtures.js'
import { openReader } from '../../support/stream-reader.js'

let clock: VirtualClock
let relay: Handler
/** What the clone, bucket or mirror that the relay reads has; undefined where it has nothing. */
let upstream: SampleRelease | undefined
let isAway = false
let lines: [level: string, message: string, details: LogDetails | undefined][]

const releases = (() => {
  const log = sampleLog(NAMESPACE)
  const made = [log.next(), log.next(), log.next()]
  return { made, next: log.next(), opened: log.next({ epoch: '2-0badcafe' }) }
})()
const [first, second, third] = releases.made as [SampleRelease, SampleRelease, SampleRelease]

beforeEach(() => {
  clock = virtualClock({ turns: 20 })
  upstream = third
  isAway = false
  lines = []
  const latest = async (): Promise<Latest> => {
    if (isAway) throw new Error('away')
    return upstream === undefined ? { type: 'none' } : { type: 'release', bytes: upstream.bytes }
  }
  const transport: Transport = {
    name: 'a clone',
    latest,
    snapshot: async () => third.snapshot.bytes,
  }
  const log =
    (level: string) =>
    (message: string, details?: LogDetails): void =>
      void lines.push([level, message, details])
  const logger = { debug() {}, info: log('info'), warn: log('warn'), error: log('error') }
  relay = createHandler(transport, { system: { clock, random: seededRandom(1) }, logger, heartbeatMs: 5_000 })
  const reader = openReader(relay.fetch, clock, `ns=${NAMESPACE}`)
  onTestFinished(async () => {
    reader.stop()
    const closed = relay.close({ drainMs: 0, graceMs: 1 })
    await clock.advance(100)
    await closed
  })
})

const errors = (): readonly string[] =>
  lines.filter(([level]) => level === 'error').map(([, message]) => message)
const infos = (): readonly string[] =>
  lines.filter(([level]) => level === 'info').map(([, message]) => message)

test('a relay whose history goes back logs one error that says what to do, and that it goes on again', async () => {
  await clock.advance(20_000)
  upstream = first
  await clock.advance(4_000)
  expect(errors()).toEqual([])
  await clock.advance(120_000)
  expect(errors()).toEqual([
    `the history of ${NAMESPACE} that this relay reads of a clone went back: it had 1-9f3a01bc:3 before, and ends at 1-9f3a01bc:1 now. Clients keep what they run and turn stale; put the right history back, or, if this is the right one, open a new epoch where it is published: noticeboard epoch ${NAMESPACE} --reason "…"`,
  ])
  upstream = second
  await clock.advance(60_000)
  expect([errors().length, infos()]).toEqual([1, []])
  upstream = third
  await clock.advance(5_000)
  expect(infos()).toEqual(['the history of a namespace goes on again'])
  upstream = first
  await clock.advance(20_000)
  expect(errors()).toHaveLength(2)
})

test.each([
  ['a later release of the same history', releases.next],
  ['a new epoch', releases.opened],
])('it goes on again with %s', async (_, release) => {
  await clock.advance(20_000)
  upstream = first
  await clock.advance(20_000)
  expect(errors()).toHaveLength(1)
  upstream = release
  await clock.advance(5_000)
  expect([errors().length, infos()]).toEqual([1, ['the history of a namespace goes on again']])
})

test('another release at the place of the newest is another history', async () => {
  await clock.advance(20_000)
  const log = sampleLog(NAMESPACE)
  log.next()
  log.next()
  upstream = log.next()
  await clock.advance(20_000)
  expect(errors()).toMatchObject([
    expect.stringContaining('it had 1-9f3a01bc:3 before, and ends at 1-9f3a01bc:3 now, in another log'),
  ])
})

test('a history that is gone is told', async () => {
  await clock.advance(20_000)
  upstream = undefined
  await clock.advance(20_000)
  expect(errors()).toMatchObject([
    expect.stringContaining('it had 1-9f3a01bc:3 before, and has no release now'),
  ])
})

test('a copy that lags for less than a heartbeat is not told', async () => {
  await clock.advance(20_000)
  for (let round = 0; round < 10; round += 1) {
    upstream = second
    await clock.advance(3_000)
    upstream = third
    await clock.advance(3_000)
  }
  expect([...errors(), ...infos()]).toEqual([])
})

test('a history that cannot be read is judged once it can be', async () => {
  await clock.advance(20_000)
  upstream = second
  await clock.advance(2_000)
  isAway = true
  await clock.advance(60_000)
  expect(errors()).toEqual([])
  isAway = false
  await clock.advance(60_000)
  expect(errors()).toHaveLength(1)
})
