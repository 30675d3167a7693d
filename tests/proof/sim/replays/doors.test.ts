import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { systemHasher } from '../../../../src/system/system.js'
import { everyone } from '../../../../src/publisher/index.js'
import { createHandler } from '../../../../src/server/handler.js'
import { hybrid } from '../../../../src/strategies/hybrid.js'
import { pull } from '../../../../src/strategies/pull.js'
import { push } from '../../../../src/strategies/push.js'
import { cached } from '../../../../src/transports/cached.js'
import { http } from '../../../../src/transports/http/http.js'
import { PERIODS } from '../client-actor.js'
import { seededDice } from '../../../../src/sim/dice.js'
import { memoryBoard } from './board.js'
import { EVENTS, everyWay, POINTER, setScene } from './scene.js'

vi.setConfig({ testTimeout: 60_000 })

const schema = z.object({ n: z.number() })
const HOUR_MS = 3_600_000
/** A look, and what a retry may add to it; a relay adds its own. */
const TOLD_MS = 2 * (PERIODS.intervalMs * 1.1 + PERIODS.retryCapMs)

test('unleash-401: after an hour of refused credentials everybody goes on by itself', async () => {
  const board = memoryBoard()
  const { clock, asked } = board
  const publisher = board.publisher({ schema })
  const publish = (n: number): Promise<unknown> =>
    board.drive(publisher.publish({ n }, { rollout: everyone(), reason: 'an update' }))
  await publish(1)
  const relay = createHandler(cached(board.transport('relay')), {
    system: { clock, random: seededDice(1, 'relay'), hasher: systemHasher },
  })
  const relayed = http('http://relay.test', {
    system: { clock },
    fetch: (url, init) => relay.fetch(new Request(url, init)),
  })
  const direct = ['pull', 'push', 'hybrid', 'late'] as const
  const make = { pull, push, hybrid, late: hybrid }
  const clients = [
    ...direct.map(who => board.client({ schema, clientId: who, strategy: make[who](board.transport(who)) })),
    board.client({ schema, clientId: 'relayed', strategy: hybrid(relayed) }),
  ]
  const late = clients[3]
  const early = clients.filter(client => client !== late)
  await board.drive(Promise.all(early.map(client => client.ready({ timeoutMs: 20_000 }))))

  await clock.advance(1_000)
  const fromMs = clock.monotonic()
  board.meddle = (request, ask, who) =>
    who.startsWith('publisher')
      ? ask(request)
      : Promise.resolve(new Response('who are you?', { status: 401 }))
  for (const { cut } of board.streams) cut()
  await clock.advance(HOUR_MS / 2)
  await publish(2)
  // Who starts in the middle of it says that it has nothing, and is not lost by that either.
  const ready = late?.ready({ timeoutMs: 10_000 })
  await expect(board.drive(ready as Promise<unknown>)).rejects.toMatchObject({ code: 'not-ready' })
  await clock.advance(HOUR_MS / 2)
  for (const who of [...direct, 'relay']) {
    const answers = asked.filter(
      ({ atMs, method, ...answer }) => answer.who === who && method === 'GET' && atMs >= fromMs,
    )
    expect(new Set(answers.map(({ status }) => status)), who).toEqual(new Set([401]))
    // To the last minute; and nobody hammers, neither by asking nor by listening.
    expect(
      answers.some(({ atMs }) => atMs > clock.monotonic() - 60_000),
      who,
    ).toBe(true)
    expect(answers.length, who).toBeLessThan((3 * HOUR_MS) / 15_000)
  }
  expect(early.map(({ current }) => current.n)).toEqual([1, 1, 1, 1])

  board.meddle = undefined
  // The last delay, and a look: through a relay one more of each.
  await clock.advance(2 * 30_000 + 2 * 33_000)
  expect(clients.map(({ current, status }) => `${current.n} ${status}`)).toEqual(clients.map(() => '2 ready'))
  await board.end(() => relay.close())
})

/** What stood where an answer was expected. */
const BAD: readonly (readonly [string, (path: string, good: Response) => Promise<Response> | Response])[] = [
  ['a page', () => new Response('<html>Sign in</html>', { headers: { 'content-type': 'text/html' } })],
  [
    'half of a release',
    async (path, good) =>
      path === POINTER ? new Response((await good.text()).slice(0, 100), { headers: good.headers }) : good,
  ],
  [
    'a snapshot with other content',
    async (path, good) =>
      path.includes('/snapshots/')
        ? new Response((await good.text()).replace('hunter2', 'hunter3'), good)
        : good,
  ],
  ['nothing', () => new Response('', { headers: { 'content-type': 'application/json' } })],
]

test.each(BAD)(
  'flagd-bad-payload-ready: with %s instead of an answer nobody says that it is ready',
  async (_what, spoil) => {
    const scene = await setScene()
    const { clock, trace } = scene.world
    let given = 0
    // No stream, so that everybody depends on what is asked for.
    scene.meddle = async (request, ask, who) => {
      const { pathname } = new URL(request.url)
      if (who === 'publisher' || request.method !== 'GET') return ask(request)
      if (pathname === EVENTS) return new Response('', { status: 503 })
      const good = await ask(request)
      const bad = await spoil(pathname, good)
      if (bad !== good) given += 1
      return bad
    }
    for (const { cut } of scene.streams) cut()
    await scene.publish()
    const outcomes: string[] = []
    for (const { client, plan } of scene.clients)
      client?.ready({ timeoutMs: 60_000 }).then(
        () => outcomes.push(`${plan.name} is ready`),
        () => outcomes.push(`${plan.name} has nothing`),
      )
    await clock.advance(61_000)
    expect(given).toBeGreaterThan(2 * scene.clients.length)
    expect(outcomes.toSorted()).toEqual(
      everyWay()
        .map(({ name }) => `${name} has nothing`)
        .toSorted(),
    )
    expect(scene.clients.map(({ client }) => client?.status)).toEqual(scene.clients.map(() => 'starting'))
    for (const { name } of everyWay())
      expect(
        trace.lines.some(line => line.includes(` ${name} error `)),
        name,
      ).toBe(true)

    scene.meddle = undefined
    await scene.everybodyIsCurrent(TOLD_MS + 30_000)
    await scene.end()
  },
)
