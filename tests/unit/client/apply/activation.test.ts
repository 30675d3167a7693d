import { expect, test } from 'vitest'
import { waitForActivation } from '../../../../src/client/apply/activation.js'
import { createFleetClock } from '../../../../src/client/receive/fleet-clock.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { makeRelease, never } from '../../../support/server-fixtures.js'

const START_MS = Date.parse('2026-11-21T09:00:00.000Z')
const HOUR_MS = 3_600_000

test('a client whose clock is an hour behind waits from issuedAt to activateAt, and no longer', async () => {
  const clock = virtualClock({ startMs: START_MS })
  const { release } = makeRelease(
    {},
    {
      issuedAt: new Date(START_MS + HOUR_MS).toISOString(),
      activateAt: new Date(START_MS + HOUR_MS + 10_000).toISOString(),
    },
  )
  let isOver = false
  let waits = 0
  const onWait = (): void => void (waits += 1)
  const waiting = waitForActivation(release, { clock, fleetClock: createFleetClock(clock), onWait }, never)
  void waiting.then(() => (isOver = true))
  await clock.advance(9_999)
  expect([isOver, waits]).toEqual([false, 1])
  await clock.advance(1)
  expect(isOver).toBe(true)
})

test('a release is never in force before its time, not by a millisecond', async () => {
  const clock = virtualClock({ startMs: START_MS })
  const { release } = makeRelease(
    {},
    {
      issuedAt: new Date(START_MS).toISOString(),
      activateAt: new Date(START_MS + 1_001).toISOString(),
    },
  )
  let isOver = false
  const onWait = (): void => {}
  const waiting = waitForActivation(release, { clock, fleetClock: createFleetClock(clock), onWait }, never)
  void waiting.then(() => (isOver = true))
  await clock.advance(1_000)
  expect(isOver).toBe(false)
  await clock.advance(1)
  expect(isOver).toBe(true)
})
