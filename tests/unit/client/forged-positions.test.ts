import { expect, test } from 'vitest'
import type { Position } from '../../../src/contracts/position.js'
import { pull } from '../../../src/strategies/pull.js'
import { closedAfterEach, memoryFolder } from '../../support/client-harness.js'
import { makeRelease } from '../../support/server-fixtures.js'
import { namespace, testBoard, type TestBoard } from './board.js'

const started = closedAfterEach(5_000)

const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000
const LAST = { epoch: '999999999-ffffffff', sequence: Number.MAX_SAFE_INTEGER }

const doc = (size: number): object => ({ pool: { size } })

/** From here on the relay says that this is the newest, with a document of its own. */
function forge(board: TestBoard, { epoch, sequence }: Position, size = 666): void {
  const { bytes } = makeRelease(
    {},
    {
      namespace,
      epoch,
      sequence,
      issuedAt: '2026-01-01T00:00:00.000Z',
      stable: { version: 1, variants: [board.put(doc(size))] },
    },
  )
  board.answer = { type: 'release', bytes, tag: `${epoch}:${sequence}` }
}

test('a relay that answers once with the last position there is deafens no client, over a restart neither', async () => {
  const board = testBoard()
  const state = memoryFolder()
  board.publish(doc(1))
  const first = started(board, { state })
  await first.start()
  forge(board, LAST)
  await first.clock.advance(40_000)
  board.answer = undefined
  expect(first.client.current.pool.size).toBe(1)
  expect(first.errors).toEqual(['fork'])
  expect(first.logs.find(line => line.includes('fork'))).toMatch(
    /999999999-ffffffff:9007199254740991 is the newest, and this client has seen 1-0000000a:1/,
  )
  await first.client.close()

  const second = started(board, { state })
  await second.start()
  board.publish(doc(2))
  await second.clock.advance(40_000)
  expect(second.client.current.pool.size).toBe(2)
})

test('a client that has seen nothing yet does not begin with a position that leaves no room above', async () => {
  for (const position of [LAST, { epoch: '1-0000000a', sequence: Number.MAX_SAFE_INTEGER }]) {
    const board = testBoard()
    forge(board, position)
    const { client, clock, start, errors } = started(board)
    await start()
    expect(errors).toEqual(['fork'])
    board.answer = undefined
    board.publish(doc(1))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(1)
    expect(client.status).toBe('ready')
  }
})

test('what is forged again and again is told once an hour', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const { clock, start, errors } = started(board)
  await start()
  forge(board, LAST)
  await clock.advance(HOUR_MS - MINUTE_MS)
  expect(errors).toEqual(['fork'])
  await clock.advance(2 * HOUR_MS)
  expect(errors).toEqual(['fork', 'fork', 'fork'])
})

test('many small leaps are no large one: the room above an honest store is not used up', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const { client, clock, start } = started(board)
  await start()
  for (let n = 1_001; n < 60_000; n += 1_000) {
    forge(board, { epoch: `${n}-ffffffff`, sequence: 1 })
    await clock.advance(33_000)
  }
  expect(client.running.position).toEqual({ epoch: '1001-ffffffff', sequence: 1 })
})

test('no hour has more leaps than another, whenever it begins', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const { client, clock, start } = started(board)
  await start()
  const came: number[] = []
  for (let minute = 0; minute < 200; minute += 1) {
    const { epoch } = client.running.position ?? { epoch: '1' }
    came.push(Number.parseInt(epoch, 10))
    // Never the same for long, so that it is followed at once or not at all.
    const next = Number.parseInt(epoch, 10) + (minute < 58 ? 0 : 990)
    forge(board, { epoch: `${next}-${String(minute).padStart(8, '0')}`, sequence: 1 })
    await clock.advance(MINUTE_MS)
  }
  const most = Math.max(...came.map((epoch, minute) => epoch - (came[minute - 60] ?? 1)))
  expect(most).toBe(990)
  expect(came.at(-1)).toBeGreaterThan(1_900)
})

test('an operator who opened many epochs is followed once nothing else was served for ten minutes', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const { client, clock, start } = started(board)
  await start()
  forge(board, { epoch: '5000-ffffffff', sequence: 1 }, 5)
  await clock.advance(9 * MINUTE_MS)
  board.answer = undefined
  await clock.advance(MINUTE_MS)
  forge(board, { epoch: '5000-ffffffff', sequence: 1 }, 5)
  await clock.advance(9 * MINUTE_MS)
  expect(client.current.pool.size).toBe(1)
  await clock.advance(2 * MINUTE_MS)
  expect(client.current.pool.size).toBe(5)

  // What follows in that epoch is followed at once.
  forge(board, { epoch: '5000-ffffffff', sequence: 2 }, 6)
  await clock.advance(MINUTE_MS)
  expect(client.current.pool.size).toBe(6)
})

test('a client that is ahead of what is served says so after ten minutes, and again each hour, with both positions', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const { clock, start, errors, logs } = started(board)
  await start()
  const lagging = board.newest
  board.publish(doc(2))
  await clock.advance(MINUTE_MS)
  if (lagging !== undefined) board.answer = { type: 'release', bytes: lagging, tag: 'old' }
  await clock.advance(9 * MINUTE_MS)
  expect(errors).toEqual([])
  await clock.advance(3 * MINUTE_MS)
  expect(errors).toEqual(['fork'])
  expect(logs.find(line => line.includes('fork'))).toMatch(
    /1-0000000a:1 is the newest, which is older than 1-0000000a:2/,
  )
  await clock.advance(2 * HOUR_MS)
  expect(errors).toEqual(['fork', 'fork', 'fork'])
})

test('a bare document may have any position', async () => {
  const board = testBoard()
  forge(board, { epoch: '60000000-0000000a', sequence: 1 }, 5)
  const bare = { ...board.transport, unmanaged: true as const }
  const { client, start } = started(board, { strategy: pull(bare) })
  await start()
  expect(client.current.pool.size).toBe(5)
})
