import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { everyone } from '../../../../src/publisher/index.js'
import { push } from '../../../../src/strategies/push.js'
import { memoryBoard, type Asked } from './board.js'
import { EVENTS } from './scene.js'

vi.setConfig({ testTimeout: 60_000 })

const schema = z.object({ n: z.number(), text: z.string() })
const TEXT = 'x'.repeat(10_000)
/** The last bound of the delay after failures, as it is by default. */
const RETRY_CAP_MS = 30_000

/**
 * The most that chance puts into one second when a number a second comes independently: seven
 * standard deviations above the mean, which no stretch of these tests reaches, and far below a
 * fleet in step.
 */
const mostByChance = (perSecond: number): number => perSecond + 7 * Math.sqrt(perSecond)

/** How many times fall into the busiest stretch of that length. */
function busiest(times: readonly number[], withinMs: number): number {
  const sorted = times.toSorted((a, b) => a - b)
  let most = 0
  for (let from = 0, to = 0; to < sorted.length; to += 1) {
    while ((sorted[to] as number) - (sorted[from] as number) >= withinMs) from += 1
    most = Math.max(most, to - from + 1)
  }
  return most
}

test('flagd-12s-herd: a fleet that lost its streams together does not come back together', async () => {
  const { board, clients, publish } = await fleet(50)
  const { clock, streams, asked } = board
  board.meddle = (request, ask, who) =>
    who.startsWith('web') ? Promise.resolve(new Response('no backend', { status: 503 })) : ask(request)
  const cutMs = clock.monotonic()
  for (const { cut } of streams) cut()
  await clock.advance(100_000)
  expect(new Set(streams.map(({ endedAtMs }) => endedAtMs))).toEqual(new Set([cutMs]))
  await publish(2)
  const backMs = clock.monotonic()
  board.meddle = undefined
  await clock.advance(RETRY_CAP_MS + 1_000)

  // While it lasts and when it is over: at the cap each draws anew from all of it, half of it in
  // the mean.
  const perSecond = clients.length / (RETRY_CAP_MS / 2 / 1_000)
  const tried = asked.filter(({ atMs, path }) => path === EVENTS && atMs >= cutMs + 40_000 && atMs < backMs)
  expect(tried.length).toBeGreaterThan(clients.length)
  expect(
    busiest(
      tried.map(({ atMs }) => atMs),
      1_000,
    ),
  ).toBeLessThanOrEqual(mostByChance(perSecond))
  const returned = streams.filter(({ openedAtMs }) => openedAtMs >= backMs)
  expect(returned).toHaveLength(clients.length)
  expect(
    busiest(
      returned.map(({ openedAtMs }) => openedAtMs),
      1_000,
    ),
  ).toBeLessThanOrEqual(mostByChance(perSecond))
  expect(clients.every(({ current }) => current.n === 2)).toBe(true)
  await board.end()
})

test('salt-syn-flood: a restarted server that fails under too many requests at once is not kept down by its fleet', async () => {
  const { board, clients, publish } = await fleet(100)
  const { clock, streams, asked } = board
  // Whoever comes while more than that came within a second is refused, and counts all the same.
  const CAPACITY = 40
  const arrivals: number[] = []
  board.meddle = async (request, ask, who) => {
    if (!who.startsWith('web')) return ask(request)
    const nowMs = clock.monotonic()
    arrivals.push(nowMs)
    const recent = arrivals.filter(atMs => atMs > nowMs - 1_000).length
    return recent > CAPACITY ? new Response('flooded', { status: 503 }) : ask(request)
  }
  const flooded = (): readonly Asked[] => asked.filter(({ status }) => status === 503)
  board.restart()
  await clock.advance(1_000)
  expect(busiest(arrivals, 1_000)).toBeGreaterThan(CAPACITY)
  expect(flooded().length).toBeGreaterThan(0)

  await publish(2)
  await clock.advance(30_000)
  const calmMs = clock.monotonic()
  await clock.advance(120_000)
  expect(flooded().filter(({ atMs }) => atMs >= calmMs)).toEqual([])
  expect(streams.filter(({ endedAtMs }) => endedAtMs === undefined)).toHaveLength(clients.length)
  expect(clients.every(({ current }) => current.n === 2)).toBe(true)
  await board.end()
})

test('dust-5s: what was missed in a long outage does not pile up, on neither side', async () => {
  const { board, clients, publish } = await fleet(40)
  const { clock, streams } = board
  const inHealth = clock.pending
  board.meddle = (request, ask, who) =>
    who.startsWith('web') ? Promise.reject(new TypeError('fetch failed')) : ask(request)
  for (const { cut } of streams) cut()
  const RELEASES = 61
  const pending: number[] = []
  for (let n = 2; n <= RELEASES; n += 1) {
    await publish(n)
    await clock.advance(10_000)
    pending.push(clock.pending)
  }
  expect(clients.every(({ current }) => current.n === 1)).toBe(true)
  // A client waits for its next try, and for nothing else that it had not waited for before.
  expect(Math.max(...pending)).toBeLessThanOrEqual(inHealth + clients.length)

  const backMs = clock.monotonic()
  board.meddle = undefined
  await clock.advance(RETRY_CAP_MS + 1_000)
  expect(clients.every(({ current }) => current.n === RELEASES)).toBe(true)
  const opened = streams.filter(({ openedAtMs }) => openedAtMs >= backMs)
  expect(opened).toHaveLength(clients.length)
  // No fixed delay: they come back over the whole of the last one, each for one release.
  expect(
    busiest(
      opened.map(({ openedAtMs }) => openedAtMs),
      3_000,
    ),
  ).toBeLessThan(clients.length / 3)
  for (const { frames } of opened) expect(frames.filter(({ name }) => name === 'release')).toHaveLength(1)
  const bytes = opened.flatMap(({ frames }) => frames).reduce((sum, frame) => sum + frame.bytes, 0)
  expect(bytes).toBeLessThan(2 * clients.length * TEXT.length)
  await board.end()
})

/** A fleet with streams, which runs the first release of a large document and is well. */
async function fleet(size: number) {
  const board = memoryBoard()
  const publisher = board.publisher({ schema })
  const publish = (n: number): Promise<unknown> =>
    board.drive(publisher.publish({ n, text: TEXT }, { rollout: everyone(), reason: 'an update' }))
  await publish(1)
  const clients = Array.from({ length: size }, (_, index) =>
    board.client({ schema, clientId: `web-${index}`, strategy: push(board.transport(`web-${index}`)) }),
  )
  await board.drive(Promise.all(clients.map(client => client.ready({ timeoutMs: 20_000 }))))
  await board.clock.advance(60_000)
  expect(board.streams).toHaveLength(size)
  return { board, clients, publish }
}
