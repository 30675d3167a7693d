import { expect, test, vi } from 'vitest'
import type * as Signals from '../../../src/async/signals.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Transport } from '../../../src/contracts/transport.js'
import { onDemand } from '../../../src/strategies/index.js'
import { closedAfterEach } from '../../support/client-harness.js'
import { testBoard } from './board.js'

const started = closedAfterEach(25_000)

/** Whether the client is asked in another request than the one that started it. */
const request = vi.hoisted(() => ({ isAnother: false }))

vi.mock('../../../src/async/signals.js', async importOriginal => ({
  ...(await importOriginal<typeof Signals>()),
  isElsewhere: () => request.isAnother,
}))

test('while the board is down one request a second looks', async () => {
  const board = testBoard()
  board.publish({ pool: { size: 1 } })
  let asked = 0
  const transport: Transport = {
    ...board.transport,
    async latest(query, signal) {
      asked += 1
      return board.transport.latest(query, signal)
    },
  }
  const { client, clock } = started(board, { strategy: onDemand(transport) })
  const first = client.ready()
  await clock.advance(100)
  await first
  board.failing = new NoticeboardError('unavailable', 'connection refused')
  request.isAnother = true
  const counts: number[] = []
  for (const waitMs of [40_000, 900, 200]) {
    await clock.advance(waitMs)
    const before = asked
    const refreshed = client.refresh().catch((error: unknown) => error)
    await clock.advance(0)
    expect(await refreshed).toMatchObject({ code: 'unavailable' })
    counts.push(asked - before)
  }
  request.isAnother = false
  expect(counts).toEqual([1, 0, 1])
})
