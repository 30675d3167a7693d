import { expect, test } from 'vitest'
import { createRefusals } from '../../../../src/server/access/refusals.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'

test('what is refused when its server has ended is told at once, and leaves no timer behind', () => {
  const clock = virtualClock()
  const told: unknown[] = []
  const logger = {
    debug() {},
    info() {},
    warn: (_: string, details?: Readonly<Record<string, unknown>>) => void told.push(details?.['times']),
    error() {},
  }
  const refusals = createRefusals({ clock, logger })
  const note = (): void => refusals.note({ address: '192.0.2.1', status: 401, token: undefined })
  note()
  note()
  note()
  expect([told, clock.pending]).toEqual([[1], 1])
  refusals.end()
  expect([told, clock.pending]).toEqual([[1, 2], 0])
  note()
  expect([told, clock.pending]).toEqual([[1, 2, 1], 0])
})
