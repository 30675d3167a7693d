import { expect, test } from 'vitest'
import { createChanges } from '../../../src/client/changes.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

const forever = Number.POSITIVE_INFINITY

test('a wait ends as soon as its condition holds, at once when it does already', async () => {
  const { changed, until } = createChanges(virtualClock())
  await until(() => true, forever)
  let holds = false
  let ended = false
  const waiting = until(() => holds, forever).then(() => (ended = true))
  changed()
  await Promise.resolve()
  expect(ended).toBe(false)
  holds = true
  changed()
  await waiting
})

test('a wait ends after its time, and leaves no timer', async () => {
  const clock = virtualClock()
  const { changed, until } = createChanges(clock)
  const waiting = until(() => false, 1_000)
  await clock.advance(1_000)
  await waiting
  let holds = false
  const other = until(() => holds, 1_000)
  holds = true
  changed()
  await other
  expect(clock.pending).toBe(0)
})

test('a wait rejects with the reason of its signal, and leaves no timer', async () => {
  const clock = virtualClock()
  const { until } = createChanges(clock)
  const own = new AbortController()
  const reason = new Error('enough')
  const waiting = until(() => false, 1_000, own.signal)
  own.abort(reason)
  await expect(waiting).rejects.toBe(reason)
  await expect(until(() => true, forever, own.signal)).rejects.toBe(reason)
  expect(clock.pending).toBe(0)
})
