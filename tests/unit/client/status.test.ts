import { expect, test } from 'vitest'
import { nextStatus, type ClientStatus, type StatusEvent } from '../../../src/client/status.js'

const table: Record<ClientStatus, Record<StatusEvent, ClientStatus>> = {
  idle: {
    started: 'starting',
    valued: 'idle',
    proven: 'idle',
    overdue: 'idle',
    refused: 'idle',
    closed: 'closed',
  },
  starting: {
    started: 'starting',
    valued: 'stale',
    proven: 'ready',
    overdue: 'starting',
    refused: 'starting',
    closed: 'closed',
  },
  ready: {
    started: 'ready',
    valued: 'ready',
    proven: 'ready',
    overdue: 'stale',
    refused: 'stale',
    closed: 'closed',
  },
  stale: {
    started: 'stale',
    valued: 'stale',
    proven: 'ready',
    overdue: 'stale',
    refused: 'stale',
    closed: 'closed',
  },
  closed: {
    started: 'closed',
    valued: 'closed',
    proven: 'closed',
    overdue: 'closed',
    refused: 'closed',
    closed: 'closed',
  },
}

test.each(
  Object.entries(table).flatMap(([status, row]) =>
    Object.entries(row).map(([event, next]) => [status as ClientStatus, event as StatusEvent, next] as const),
  ),
)('a client that is %s and meets "%s" is %s', (status, event, next) => {
  expect(nextStatus(status, event)).toBe(next)
})
