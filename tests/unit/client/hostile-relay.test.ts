import { describe, expect, test } from 'vitest'
import type { Latest } from '../../../src/contracts/transport.js'
import { encodeText } from '../../../src/core/json/text.js'
import { closedAfterEach, memoryFolder } from '../../support/client-harness.js'
import { testBoard, type TestBoard } from './board.js'

const started = closedAfterEach(5_000)

const doc = (size: number): object => ({ pool: { size } })
const newestOf = ({ newest }: TestBoard): Latest => ({ type: 'release', bytes: newest! })

// What docs/security.md says of a relay or a CDN, while releases are not signed.

describe('a relay cannot', () => {
  test('make a client go back: an older release is passed over, also after a restart', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const older = newestOf(board)
    board.publish(doc(2))
    const state = memoryFolder()
    const first = started(board, { state })
    await first.start()
    board.answer = older
    await first.clock.advance(120_000)
    expect(first.client.current.pool.size).toBe(2)
    await first.client.close()
    const second = started(board, { state })
    await second.start()
    await second.clock.advance(120_000)
    expect(second.client.current.pool.size).toBe(2)
  })

  test('have it run what is refused: a document that the schema refuses is never run', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, reports } = started(board)
    await start()
    board.publish(doc(100_000))
    await clock.advance(120_000)
    expect(client.current.pool.size).toBe(1)
    expect(reports.at(-1)).toMatchObject({ phase: 'rejected', validator: 'schema' })
  })

  test('pass anything for a document: other bytes than a release names are never run', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const lying: { now: boolean } = { now: false }
    const relay: TestBoard = {
      ...board,
      transport: {
        ...board.transport,
        snapshot: (query, signal) =>
          lying.now
            ? Promise.resolve(encodeText('{"pool":{"size":3}}'))
            : board.transport.snapshot(query, signal),
      },
    }
    const { client, clock, start } = started(relay)
    await start()
    lying.now = true
    board.publish(doc(2))
    await clock.advance(300_000)
    expect(client.current.pool.size).toBe(1)
    // The control: the very same document is run once its bytes are its own.
    lying.now = false
    await clock.advance(300_000)
    expect(client.current.pool.size).toBe(2)
  })

  test('take it away: a relay that says that nothing was published takes nothing away', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    board.answer = { type: 'none' }
    await clock.advance(300_000)
    expect(client.current.pool.size).toBe(1)
  })
})

describe('a relay can', () => {
  test('replace: a newer release of its own is run, if the schema takes its document', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    board.publish(doc(666))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(666)
  })

  test('freeze: of what it holds back a client learns nothing', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const frozen = newestOf(board)
    const { client, clock, start } = started(board)
    await start()
    board.publish(doc(2))
    board.answer = frozen
    await clock.advance(600_000)
    expect(client.current.pool.size).toBe(1)
  })
})
