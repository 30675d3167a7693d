import { expect, onTestFinished, test } from 'vitest'
import type { Transport, WatchTransport } from '../../../src/contracts/transport.js'
import { createHandler } from '../../../src/server/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { NAMESPACE, publish } from '../../support/server-fixtures.js'

/**
 * A relay in virtual time over a board whose snapshots are all there, and come only while `hangs`
 * is false.
 */
function relayOverHanging() {
  const board = memory()
  const clock = virtualClock({ turns: 20 })
  const upstream = { hangs: true, asked: 0 }
  const source: Transport & WatchTransport = {
    name: 'upstream',
    latest: board.latest.bind(board),
    watch: board.watch.bind(board),
    snapshot: async (query, signal) => {
      upstream.asked += 1
      if (!upstream.hangs) return board.snapshot(query, signal)
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    },
  }
  const handler = createHandler(source, { system: { clock, random: seededRandom(1) } })
  onTestFinished(async () => {
    const closed = handler.close({ drainMs: 0, graceMs: 1 })
    await clock.advance(10)
    await closed
  })
  return { board, clock, upstream, handler }
}

interface Told {
  readonly sequence: number
  readonly withSnapshot: boolean
  readonly atMs: number
}

/** A reader that wants snapshots along: what it was told, and when. */
function tellingOf(fetch: (request: Request) => Promise<Response>, clock: VirtualClock): readonly Told[] {
  const told: Told[] = []
  const gone = new AbortController()
  onTestFinished(() => gone.abort())
  const listen = async (): Promise<void> => {
    const query = `ns=${NAMESPACE}&inline=1&client=a`
    const response = await fetch(
      new Request(`http://board.test/v1/~events?${query}`, { signal: gone.signal }),
    )
    let rest = ''
    const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
    for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
      const events = (rest + next.value).split('\n\n')
      rest = events.pop() ?? ''
      for (const event of events) {
        const [name, , release = '', snapshot] = event.split('\n').map(line => line.replace(/^\w+: /, ''))
        if (name !== 'release') continue
        const { sequence } = (JSON.parse(release) as { release: { sequence: number } }).release
        told.push({ sequence, withSnapshot: snapshot !== undefined, atMs: clock.monotonic() })
      }
    }
  }
  listen().catch(error => gone.signal.aborted || expect.unreachable(String(error)))
  return told
}

test('readers are told of a release whose snapshot hangs upstream, alone and soon, and of a newer one too', async () => {
  const { board, clock, upstream, handler } = relayOverHanging()
  const told = tellingOf(handler.fetch, clock)
  await clock.advance(500)
  const publishedMs: number[] = []
  for (const size of [1, 2]) {
    await publish(board, { size })
    publishedMs.push(clock.monotonic())
    await clock.advance(3_000)
  }
  expect(upstream.asked).toBe(2)
  expect(told.map(({ sequence, withSnapshot }) => [sequence, withSnapshot])).toEqual([
    [1, false],
    [2, false],
  ])
  expect(told.map(({ atMs }, index) => atMs - (publishedMs[index] ?? 0) <= 3_000)).toEqual([true, true])
})

test('a release that comes while the one before still waits for its snapshot is told within seconds', async () => {
  const { board, clock, handler } = relayOverHanging()
  const told = tellingOf(handler.fetch, clock)
  await clock.advance(500)
  await publish(board, { size: 1 })
  await clock.advance(100)
  await publish(board, { size: 2 })
  await clock.advance(3_000)
  expect(told.at(-1)).toMatchObject({ sequence: 2, withSnapshot: false })
})

test('a reader that comes while the snapshot hangs upstream is greeted with the release alone', async () => {
  const { board, clock, upstream, handler } = relayOverHanging()
  await publish(board, { size: 1 })
  const told = tellingOf(handler.fetch, clock)
  await clock.advance(3_000)
  expect(upstream.asked).toBe(1)
  expect(told).toMatchObject([{ sequence: 1, withSnapshot: false }])
})

test('a snapshot that comes goes along with its release, to who is there and to who comes', async () => {
  const { board, clock, upstream, handler } = relayOverHanging()
  upstream.hangs = false
  const early = tellingOf(handler.fetch, clock)
  await clock.advance(500)
  await publish(board, { size: 1 })
  await clock.advance(3_000)
  const late = tellingOf(handler.fetch, clock)
  await clock.advance(3_000)
  expect(early).toMatchObject([{ sequence: 1, withSnapshot: true }])
  expect(late).toMatchObject([{ sequence: 1, withSnapshot: true }])
})

test('a release waits a second for its snapshot, and goes alone after that', async () => {
  const { board, clock, handler } = relayOverHanging()
  const told = tellingOf(handler.fetch, clock)
  await clock.advance(500)
  await publish(board, { size: 1 })
  await clock.advance(999)
  expect(told).toEqual([])
  await clock.advance(101)
  expect(told).toMatchObject([{ sequence: 1, withSnapshot: false }])
})
