import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { defaultPeriods } from '../../../../src/core/defaults.js'
import { everyone } from '../../../../src/publisher/index.js'
import { hybrid } from '../../../../src/strategies/hybrid.js'
import { push } from '../../../../src/strategies/push.js'
import { PERIODS } from '../client-actor.js'
import { memoryBoard } from './board.js'
import { EVENTS, everyWay, setScene, type Scene } from './scene.js'

vi.setConfig({ testTimeout: 60_000 })

const schema = z.object({ n: z.number(), text: z.string() })
const DIRECT = everyWay().filter(({ strategy, relayed }) => strategy !== 'pull' && !relayed)
const never = new Promise<void>(() => {})

/** How many streams somebody holds just now, as the server's side sees it. */
const open = ({ streams }: Scene, who: string): number =>
  streams.filter(stream => stream.who === who && stream.endedAtMs === undefined).length

test('ld-458: however often the connection breaks, there is one stream and one retry', async () => {
  const scene = await setScene({ clients: DIRECT })
  const { clock } = scene.world
  await scene.publish()
  await scene.everybodyIsCurrent(20_000)

  const FLAPS = 20
  const waiting = new Map<string, Set<Request>>()
  let [most, hung] = [0, 0]
  /** Takes the connection and says nothing, until whoever asked gives up. */
  const hang = (request: Request, who: string): Promise<Response> =>
    new Promise((_resolve, reject) => {
      const own = waiting.get(who) ?? new Set()
      waiting.set(who, own.add(request))
      hung += 1
      most = Math.max(most, own.size)
      request.signal.addEventListener('abort', () => {
        own.delete(request)
        reject(new TypeError('aborted'))
      })
    })
  /** How many streams were asked for in each time in which none was given. */
  const tries: number[] = []
  for (let flap = 0; flap < FLAPS; flap += 1) {
    let count = 0
    scene.meddle = (request, ask, who) => {
      if (!request.url.includes(EVENTS)) return ask(request)
      count += 1
      return flap % 2 === 0 ? Promise.resolve(new Response('no', { status: 503 })) : hang(request, who)
    }
    for (const { cut } of scene.streams) cut()
    await clock.advance(30_000)
    tries.push(count)
    scene.meddle = undefined
    await clock.runUntil(() => DIRECT.every(({ name }) => open(scene, name) === 1), 20_000)
    await clock.advance(2_000)
    for (const { name } of DIRECT) expect(open(scene, name)).toBe(1)
  }

  for (const { name } of DIRECT)
    expect(scene.streams.filter(({ who }) => who === name).length).toBeGreaterThan(FLAPS)
  expect(hung).toBeGreaterThan(FLAPS)
  expect(tries.every(count => count >= DIRECT.length)).toBe(true)
  // One at a time, and no more of them for all the breaks there were before.
  expect(most).toBe(1)
  const sum = (counts: readonly number[]): number => counts.reduce((total, count) => total + count, 0)
  expect(sum(tries.slice(-6))).toBeLessThanOrEqual(2 * sum(tries.slice(0, 6)))
  await scene.publish()
  await scene.everybodyIsCurrent(20_000)
  await scene.end()
})

test('ld-198: a stream that nobody serves any more is noticed, and not held on to for days', async () => {
  const HEARTBEAT_MS = defaultPeriods.heartbeatMs
  const board = memoryBoard()
  const { clock, streams } = board
  const publisher = board.publisher({ schema })
  const publish = (n: number): Promise<unknown> =>
    board.drive(publisher.publish({ n, text: '' }, { rollout: everyone(), reason: 'an update' }))
  await publish(1)
  const clients = [
    board.client({ schema, clientId: 'push', strategy: push(board.transport('push')) }),
    board.client({ schema, clientId: 'hybrid', strategy: hybrid(board.transport('hybrid')) }),
  ]
  await board.drive(Promise.all(clients.map(client => client.ready({ timeoutMs: 20_000 }))))
  await clock.advance(3 * HEARTBEAT_MS)

  // From here on these streams bring nothing, nobody is told, and everything else works.
  const dead = [...streams]
  board.hold = who =>
    dead.some(stream => stream.who === who && stream.endedAtMs === undefined) ? never : undefined
  const heard = dead.map(({ frames }) => frames.length)
  await publish(2)
  await clock.advance(HEARTBEAT_MS)
  expect(dead.map(({ who }) => who).toSorted()).toEqual(['hybrid', 'push'])
  expect(dead.every(({ endedAtMs }) => endedAtMs === undefined)).toBe(true)
  expect(dead.map(({ frames }) => frames.length)).toEqual(heard)

  await clock.advance(1.5 * HEARTBEAT_MS)
  expect(dead.every(({ endedAtMs }) => endedAtMs !== undefined)).toBe(true)
  await clock.advance(1_000)
  expect(streams).toHaveLength(4)
  expect(
    streams.slice(2).every(({ frames, endedAtMs }) => frames.length > 0 && endedAtMs === undefined),
  ).toBe(true)
  expect(clients.map(({ current }) => current.n)).toEqual([2, 2])
  await board.end()
})

test('replane-eof-loop: a stream that ends in order at once is opened again by the backoff', async () => {
  const scene = await setScene({ clients: DIRECT })
  const { clock } = scene.world
  await scene.publish()
  await scene.everybodyIsCurrent(5_000)

  const sinceMs = clock.monotonic()
  scene.onFrame = () => 'end-after'
  for (const { cut } of scene.streams) cut()
  await clock.advance(60_000)
  // Who cannot listen asks: nobody stays behind meanwhile.
  await scene.publish()
  await scene.everybodyIsCurrent(2.5 * PERIODS.heartbeatMs + 2 * PERIODS.intervalMs + 1_000)
  await clock.advance(240_000)
  const minutes = (clock.monotonic() - sinceMs) / 60_000
  for (const { name } of DIRECT) {
    const opened = scene.streams.filter(({ who, openedAtMs }) => who === name && openedAtMs >= sinceMs)
    expect(opened.every(({ frames, endedAtMs }) => frames.length === 1 && endedAtMs !== undefined)).toBe(true)
    expect(opened.length).toBeGreaterThan(4 * minutes)
    // A mean delay of half the cap, and the shorter ones at the start.
    expect(opened.length).toBeLessThan((1.5 * 60_000 * minutes) / (PERIODS.retryCapMs / 2))
  }

  scene.onFrame = undefined
  await clock.advance(2 * PERIODS.retryCapMs)
  await scene.publish()
  await clock.advance(1_000)
  expect(scene.stragglers()).toEqual([])
  await scene.end()
})

test('edge-lag: a reader that is slow for many releases gets the newest on the same stream, and holds up nobody', async () => {
  const board = memoryBoard()
  const { clock, streams } = board
  const publisher = board.publisher({ schema })
  const publish = (n: number): Promise<unknown> =>
    board.drive(publisher.publish({ n, text: 'x'.repeat(1_000) }, { rollout: everyone(), reason: 'a burst' }))
  await publish(1)
  const clients = ['slow', 'quick'].map(who =>
    board.client({ schema, clientId: who, strategy: push(board.transport(who)) }),
  )
  const [slow, quick] = clients
  await board.drive(Promise.all(clients.map(client => client.ready({ timeoutMs: 20_000 }))))
  expect(streams.map(({ who }) => who)).toEqual(['slow', 'quick'])

  let goOn = (): void => {}
  const reading = new Promise<void>(resolve => (goOn = resolve))
  board.hold = who => (who === 'slow' ? reading : undefined)
  const RELEASES = 100
  for (let n = 2; n <= RELEASES; n += 1) {
    await publish(n)
    await clock.advance(1)
    expect(quick?.current.n).toBe(n)
  }
  expect(slow?.current.n).toBeLessThan(4)
  goOn()
  await clock.advance(1)
  expect(slow?.current.n).toBe(RELEASES)
  const told = streams.map(({ frames }) => frames.filter(({ name }) => name === 'release').length)
  // What it could not take was not kept for it: the newest alone followed what had been under way.
  expect(told[0]).toBeLessThan(RELEASES / 3)
  expect(told[1]).toBe(RELEASES)
  expect(streams).toHaveLength(2)
  await board.end()
})

test('etcd-mid-revision: a stream that breaks inside of a burst loses nothing of it', async () => {
  const board = memoryBoard()
  const { clock, streams } = board
  const namespaces = ['shop/a', 'shop/b'] as const
  const publishers = namespaces.map(namespace => board.publisher({ namespace, schema }))
  const publish = (n: number): Promise<unknown> =>
    board.drive(
      Promise.all(
        publishers.map(to => to.publish({ n, text: '' }, { rollout: everyone(), reason: 'a batch' })),
      ),
    )
  await publish(1)
  // One stream for both, as a process with two namespaces has.
  const transport = board.transport('both')
  const clients = namespaces.map(namespace =>
    board.client({ namespace, schema, clientId: 'both', strategy: hybrid(transport) }),
  )
  await board.drive(Promise.all(clients.map(client => client.ready({ timeoutMs: 20_000 }))))
  await clock.advance(20_000)

  for (const [index, fate] of (['cut-after', 'cut-inside', 'cut-before'] as const).entries()) {
    const n = index + 2
    const opened = streams.length
    let told = 0
    board.onFrame = text => {
      if (!text.startsWith('event: release')) return 'pass'
      told += 1
      // The first of the two gets through. What happens to the second is what the outage was.
      if (fate === 'cut-after') return fate
      return told === 1 ? 'pass' : fate
    }
    await publish(n)
    await clock.advance(20)
    board.onFrame = undefined
    const [stream] = streams.slice(opened - 1)
    expect(stream?.endedAtMs).toBeDefined()
    expect(stream?.frames.at(-1)?.name).toBe('release')
    expect(clients.filter(({ current }) => current.n === n)).toHaveLength(1)

    // The next stream begins with the newest of each, wherever the last one ended.
    await clock.runUntil(() => clients.every(({ current }) => current.n === n), 1_000)
    expect(streams.length).toBe(opened + 1)
    await clock.advance(90_000)
  }
  await board.end()
})
