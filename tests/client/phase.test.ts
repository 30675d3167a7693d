import { expect, test } from 'vitest'
import { nextPhase, type ClientPhase, type PhaseEvent } from '../../src/client/phase.js'

const table: Record<ClientPhase, Record<PhaseEvent, ClientPhase>> = {
  idle: { started: 'starting', valued: 'idle', proven: 'idle', overdue: 'idle', closed: 'closed' },
  starting: { started: 'starting', valued: 'stale', proven: 'live', overdue: 'starting', closed: 'closed' },
  live: { started: 'live', valued: 'live', proven: 'live', overdue: 'stale', closed: 'closed' },
  stale: { started: 'stale', valued: 'stale', proven: 'live', overdue: 'stale', closed: 'closed' },
  closed: { started: 'closed', valued: 'closed', proven: 'closed', overdue: 'closed', closed: 'closed' },
}

test.each(
  Object.entries(table).flatMap(([phase, row]) =>
    Object.entries(row).map(([event, next]) => [phase as ClientPhase, event as PhaseEvent, next] as const),
  ),
)('a client that is %s and meets "%s" is %s', (phase, event, next) => {
  expect(nextPhase(phase, event)).toBe(next)
})
