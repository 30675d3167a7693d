import { expect, test } from 'vitest'
import { createClient } from '../../../../src/client/client.js'
import type { ClientReport } from '../../../../src/contracts/report.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { pull } from '../../../../src/strategies/pull.js'
import { schema, testPlatform } from '../../../support/client-harness.js'
import { namespace, testBoard } from '../board.js'

test('two clients of one name report instanceIds of their own, of 32 hexadecimal digits', async () => {
  const board = testBoard()
  board.publish({ pool: { size: 1 } })
  const clock = virtualClock()
  const reports: ClientReport[] = []
  const transport = {
    ...board.transport,
    report: async (states: readonly ClientReport[]) => void reports.push(...states),
  }
  const clients = [1, 2].map(() =>
    createClient({
      namespace,
      schema,
      strategy: pull(transport, { pollIntervalMs: 1_000 }),
      // Chance is that of the machine.
      system: { clock, platform: testPlatform() },
    }),
  )
  for (const client of clients) client.ready({ timeoutMs: 0 }).catch(() => {})
  await clock.advance(10_000)
  const closing = Promise.all(clients.map(client => client.close()))
  await clock.advance(5_000)
  await closing
  expect(new Set(reports.map(({ clientId }) => clientId)).size).toBe(1)
  const instanceIds = [...new Set(reports.map(({ instanceId }) => instanceId))]
  expect(instanceIds).toEqual([
    expect.stringMatching(/^[0-9a-f]{32}$/),
    expect.stringMatching(/^[0-9a-f]{32}$/),
  ])
})
