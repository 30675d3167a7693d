import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/index.js'
import type { Position } from '../../../src/contracts/position.js'
import type { Fetch } from '../../../src/contracts/system.js'
import type { Store } from '../../../src/contracts/transport.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { createPublisher, everyone, type Publisher } from '../../../src/publisher/index.js'
import { createHandler, type Handler } from '../../../src/server/index.js'
import { seededDice } from '../../../src/sim/dice.js'
import { simDisk, type DiskImage } from '../../../src/sim/disk.js'
import { startProcess } from '../../../src/sim/process.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { pull, push } from '../../../src/strategies/index.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { storeFrom } from '../../../src/transports/store/store-from.js'
import { goingBack } from '../../support/going-back.js'
import { reportOf } from '../../support/report-of.js'
import { NAMESPACE, TOKEN } from '../../support/server-fixtures.js'
import { openReader, type StreamReader } from '../../support/stream-reader.js'

const schema = z.object({ pool: z.number() })
const settings = { rollout: everyone(), reason: 'a test' }

/** A store that a copy is taken of, and put back under whoever uses it. */
interface Kept {
  readonly store: Store
  /** Another handle, as another process has one: it remembers nothing. */
  readonly another: () => Store
  copy(): Promise<() => Promise<void>>
  empty(): Promise<void>
}

const KINDS: readonly (readonly [string, (clock: VirtualClock) => Kept])[] = [
  [
    'a folder',
    clock => {
      const disk = simDisk(clock, seededDice(1, 'disk'))
      let handles = 0
      const open = (): Store => {
        handles += 1
        const own = startProcess(`server.${handles}`, { clock, seed: 1 })
        return fileStore('/board', { fs: disk.mount(own), owner: own.owner, system: own.system })
      }
      const restore = (image: DiskImage) => async () => disk.restore(image)
      return {
        store: open(),
        another: open,
        copy: async () => restore(disk.copy()),
        empty: async () => disk.restore(new Map()),
      }
    },
  ],
  [
    'a database',
    clock => {
      const engine = goingBack()
      const open = (): Store => storeFrom(engine, { system: { clock } })
      return {
        store: open(),
        another: open,
        async copy() {
          const copied = await engine.contents()
          return () => engine.putBack(copied)
        },
        empty: () => engine.putBack(new Map()),
      }
    },
  ],
]

interface Scene extends Kept {
  readonly clock: VirtualClock
  readonly handler: Handler
  readonly log: string[]
  readonly publisher: Publisher<{ pool: number }>
  readonly reader: StreamReader
  /** Lets time pass until something has come about. */
  done<Result>(work: Promise<Result>): Promise<Result>
  publisherOn(store: Store): Publisher<{ pool: number }>
  client(strategy: 'pull' | 'push', fetch?: Fetch): Promise<Client<{ pool: number }>>
  refusal(work: Promise<unknown>): Promise<string>
}

const reportRequest = (instanceId: string, seen: Position): Request =>
  new Request(`http://board.test/v1/${NAMESPACE}/~reports`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ reports: [reportOf({ namespace: NAMESPACE, instanceId, seen })] }),
  })

const fetchOf =
  (handler: Handler): Fetch =>
  (url, init) =>
    handler.fetch(new Request(url as string, init as RequestInit))

/** A server, a publisher and a reader of its stream. */
async function setUp(open: (clock: VirtualClock) => Kept): Promise<Scene> {
  const clock = virtualClock({ turns: 20 })
  const system = { clock, random: seededRandom(1) }
  const kept = open(clock)
  const log: string[] = []
  const logger = {
    debug() {},
    info: (message: string) => void log.push(`info ${message}`),
    warn: (message: string) => void log.push(`warn ${message}`),
    error: (message: string) => void log.push(`error ${message}`),
  }
  const handler = createHandler(kept.store, { system, logger, write: { token: TOKEN } })
  const done = async <Result>(work: Promise<Result>): Promise<Result> => {
    let isOver = false
    const over = (): void => void (isOver = true)
    work.then(over, over)
    while (!isOver) await clock.advance(2)
    return work
  }
  const url = 'http://board.test'
  const publisherOn = (store: Store): Publisher<{ pool: number }> =>
    createPublisher({ namespace: NAMESPACE, schema, store, system })
  const closing: (() => Promise<unknown>)[] = []
  onTestFinished(async () => {
    for (const close of closing) await done(close())
    await done(handler.close({ drainMs: 0, graceMs: 1 }))
  })
  const remote = httpStore(url, { token: TOKEN, fetch: fetchOf(handler), system })
  const publisher = publisherOn(remote)
  for (const pool of [1, 2, 3]) await done(publisher.publish({ pool }, settings))
  const reader = openReader(handler.fetch, clock, `ns=${NAMESPACE}`)
  return {
    ...kept,
    clock,
    handler,
    log,
    publisher,
    reader,
    done,
    publisherOn,
    async client(strategy, fetch = fetchOf(handler)) {
      const transport = http(url, { fetch, system })
      const client = createClient({
        namespace: NAMESPACE,
        schema,
        strategy: strategy === 'pull' ? pull(transport, { pollIntervalMs: 5_000 }) : push(transport),
        clientId: strategy,
        system,
      })
      closing.push(() => client.close())
      await done(client.ready())
      return client
    },
    async refusal(work) {
      const error = (await done(
        work.then(
          () => undefined,
          (thrown: Error) => thrown,
        ),
      )) as (Error & { code: string }) | undefined
      return error === undefined ? 'done' : `${error.code}: ${error.message}`
    },
  }
}

const newestOf = async ({ handler, done }: Scene): Promise<string> => {
  const answer = await done(handler.fetch(new Request(`http://board.test/v1/${NAMESPACE}/release.json`)))
  if (answer.status !== 200) return String(answer.status)
  const { release } = (await answer.json()) as { release: { epoch: string; sequence: number } }
  return `${release.epoch.split('-')[0]}:${release.sequence}`
}

const errors = ({ log }: Scene): readonly string[] => log.filter(line => line.startsWith('error'))
const wentBack = expect.stringMatching(
  /^store-damaged: .*the board of checkout\/prod went back: it had 1-[0-9a-f]{8}:5 before.*noticeboard epoch checkout\/prod/,
)

describe.each(KINDS)('%s that goes back under a running server', (_, open) => {
  test('is told, served as it is, marked no more, and takes nothing but a new epoch, which heals it', async () => {
    const scene = await setUp(open)
    const { clock, publisher, reader, done, refusal, copy, client } = scene
    const putBack = await copy()
    for (const pool of [4, 5]) await done(publisher.publish({ pool }, settings))
    const clients = [await client('pull'), await client('push')]
    await clock.advance(20_000)
    const marks = reader.of('mark').length
    expect([marks > 0, await newestOf(scene), errors(scene)]).toEqual([true, '1:5', []])

    await putBack()
    await clock.advance(120_000)
    expect(errors(scene)).toEqual([expect.stringContaining('went back')])
    expect([await newestOf(scene), reader.of('mark').length]).toEqual(['1:3', marks])
    expect(clients.map(({ current, status }) => [current.pool, status])).toEqual([
      [5, 'stale'],
      [5, 'stale'],
    ])
    expect(await refusal(publisher.publish({ pool: 6 }, settings))).toEqual(wentBack)
    expect(await refusal(publisher.publish({ pool: 6 }, { ...settings, ignoreReports: true }))).toEqual(
      wentBack,
    )
    expect(await refusal(publisher.rollback({ reason: 'away' }))).toEqual(wentBack)
    expect(await refusal(publisher.rollback({ reason: 'away', to: 3 }))).toEqual(wentBack)
    expect(await refusal(publisher.kill({ patch: { pool: 0 }, reason: 'away' }))).toEqual(wentBack)
    expect(await done(publisher.alarms())).toMatchObject([
      {
        name: 'board-behind',
        severity: 'critical',
        says: expect.stringContaining('2 clients have seen more'),
      },
    ])

    const epoch = await done(publisher.openEpoch({ reason: 'restored' }))
    await clock.advance(40_000)
    expect([epoch.position.epoch.split('-')[0], await newestOf(scene)]).toEqual(['2', '2:1'])
    expect(clients.map(({ current, status }) => [current.pool, status])).toEqual([
      [3, 'ready'],
      [3, 'ready'],
    ])
    expect(reader.of('mark').length).toBeGreaterThan(marks)
    expect(await done(publisher.alarms())).toEqual([])
    expect((await done(publisher.publish({ pool: 7 }, settings))).outcome).toBe('published')
    expect(errors(scene)).toHaveLength(1)
  })

  test('and has nothing left takes an epoch with a document, above the one that was lost', async () => {
    const scene = await setUp(open)
    const { clock, handler, publisher, done, refusal, empty, client } = scene
    const { position: seen } = await done(publisher.openEpoch({ reason: 'the second' }))
    const one = await client('push')
    await empty()
    await clock.advance(60_000)
    expect([await newestOf(scene), errors(scene).length, one.status]).toEqual(['404', 1, 'stale'])
    for (const work of [
      () => publisher.publish({ pool: 6 }, settings),
      () => publisher.rollback({ reason: 'away' }),
      () => publisher.kill({ patch: { pool: 0 }, reason: 'away' }),
      () => publisher.abort({ reason: 'away' }),
    ])
      expect(await refusal(work())).toContain('has no release now')
    // The server knows that there was a release, so whoever is heard of now counts as well.
    const { status } = await done(handler.fetch(reportRequest('late', seen)))
    expect([status, (await done(publisher.alarms())).map(({ says }) => says)]).toEqual([
      204,
      [expect.stringContaining('2 clients have seen more')],
    ])
    const epoch = await done(publisher.openEpoch({ reason: 'all was lost', document: { pool: 8 } }))
    await clock.advance(20_000)
    expect([epoch.position.epoch.split('-')[0], one.current.pool, one.status]).toEqual(['3', 8, 'ready'])
  })

  test('and comes back to where it was goes on as if nothing had been', async () => {
    const scene = await setUp(open)
    const { clock, publisher, done, refusal, copy, client } = scene
    const older = await copy()
    for (const pool of [4, 5]) await done(publisher.publish({ pool }, settings))
    const one = await client('push')
    const newer = await copy()
    await older()
    await clock.advance(60_000)
    expect(await refusal(publisher.publish({ pool: 6 }, settings))).toEqual(wentBack)
    await newer()
    await clock.advance(60_000)
    expect((await done(publisher.publish({ pool: 6 }, settings))).outcome).toBe('published')
    await clock.advance(1_000)
    expect([one.current.pool, one.status, await done(publisher.alarms())]).toEqual([6, 'ready', []])
    expect(scene.log.filter(line => line.includes('goes on again'))).toHaveLength(1)
  })

  test('and goes on in another log stays refused until an epoch is opened', async () => {
    const scene = await setUp(open)
    const { clock, publisher, done, refusal, copy, another, publisherOn } = scene
    const putBack = await copy()
    for (const pool of [4, 5]) await done(publisher.publish({ pool }, settings))
    await clock.advance(2_000)
    await putBack()
    // Somebody who remembers nothing publishes past the server.
    const stranger = publisherOn(another())
    for (const pool of [14, 15, 16]) {
      await done(stranger.publish({ pool }, settings))
      await clock.advance(20_000)
      expect(await refusal(publisher.publish({ pool: 6 }, settings))).toEqual(wentBack)
    }
    expect(errors(scene)).toHaveLength(1)
    await done(publisher.openEpoch({ reason: 'that one is right' }))
    expect((await done(publisher.publish({ pool: 6 }, settings))).outcome).toBe('published')
  })

  test('a relay follows it back, and its clients do not say that all is well', async () => {
    const scene = await setUp(open)
    const { clock, handler, publisher, done, copy, client } = scene
    const system = { clock, random: seededRandom(2) }
    const relay = createHandler(http('http://board.test', { fetch: fetchOf(handler), system }), { system })
    const putBack = await copy()
    for (const pool of [4, 5]) await done(publisher.publish({ pool }, settings))
    const one = await client('pull', fetchOf(relay))
    const reader = openReader(relay.fetch, clock, `ns=${NAMESPACE}`)
    await clock.advance(20_000)
    expect([one.current.pool, one.status]).toEqual([5, 'ready'])
    await putBack()
    await clock.advance(120_000)
    expect([one.current.pool, one.status, await newestOf({ ...scene, handler: relay })]).toEqual([
      5,
      'stale',
      '1:3',
    ])
    await done(publisher.openEpoch({ reason: 'restored' }))
    await clock.advance(20_000)
    expect([one.current.pool, one.status]).toEqual([3, 'ready'])
    reader.stop()
    await done(relay.close({ drainMs: 0, graceMs: 1 }))
  })

  test('a publisher over the store itself knows it too', async () => {
    const { clock, store, done, publisherOn, copy, refusal } = await setUp(open)
    const direct = publisherOn(store)
    const putBack = await copy()
    for (const pool of [4, 5]) await done(direct.publish({ pool }, settings))
    await putBack()
    await clock.advance(30_000)
    expect(await refusal(direct.publish({ pool: 6 }, settings))).toEqual(wentBack)
    expect(await refusal(direct.rollback({ reason: 'away' }))).toEqual(wentBack)
    await done(direct.openEpoch({ reason: 'restored' }))
    expect((await done(direct.publish({ pool: 6 }, settings))).outcome).toBe('published')
  })
})

test('a folder with more namespaces than are polled one by one is told to have gone back once each had its turn, and a heartbeat', async () => {
  const scene = await setUp(KINDS[0]![1])
  const { clock, handler, publisher, done, copy, another } = scene
  scene.reader.stop()
  const others = Array.from({ length: 33 }, (_, index) => `other/${index}`)
  const elsewhere = another()
  const publishTo = (namespace: string): Promise<unknown> =>
    done(
      createPublisher({ namespace, schema, store: elsewhere, system: { clock } }).publish(
        { pool: 1 },
        settings,
      ),
    )
  for (const namespace of others) await publishTo(namespace)
  // No note says any more that they are written to, and that of what is lost is too old in the end
  // to be missed.
  await clock.advance(61 * 60_000)
  await publishTo('the-last')
  const putBack = await copy()
  for (const pool of [4, 5]) await done(publisher.publish({ pool }, settings))
  await clock.advance(31 * 60_000)
  const reader = openReader(handler.fetch, clock, [NAMESPACE, ...others].map(name => `ns=${name}`).join('&'))
  await clock.advance(20_000)
  expect(errors(scene)).toEqual([])
  await putBack()
  // 34 namespaces of which 8 are polled each half second; and a heartbeat.
  await clock.advance((34 / 8) * 500 + 8_800)
  expect(errors(scene)).toEqual([expect.stringContaining('went back')])
  const marksOf = (): number => reader.of('mark').filter(([namespace]) => namespace === NAMESPACE).length
  const before = marksOf()
  await clock.advance(60_000)
  expect([before > 0, marksOf()]).toEqual([true, before])
  reader.stop()
})
