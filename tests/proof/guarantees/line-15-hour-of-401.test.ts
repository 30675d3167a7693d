import { describe, expect, test } from 'vitest'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { boundMs, openPlace, PERIODS, runs, WAYS } from './place.js'

const HOUR_MS = 3_600_000

/** What a server says that does not know the caller any more. */
const refuse = (): Response =>
  new Response('{"error":{"code":"unauthorized","message":"no"}}', {
    status: 401,
    headers: { 'content-type': 'application/json' },
  })

describe.each(WAYS)('15. no error is terminal (%s)', (_name, way) => {
  test('an hour of 401s, then 200, converges without a restart', async () => {
    const clock = virtualClock({ turns: 1 })
    const store = memory({ system: { clock } })
    const place = openPlace({ clock, store })
    await place.publish({ n: 1 })
    const member = place.client(way)
    await place.until(() => runs(member)?.n === 1, boundMs(way))

    // The one who is refused is whoever asks the origin: the client itself, or its relay.
    const asker = way.relayed ? place.relay : member
    asker.obstacle = refuse
    place.origin.start(store)
    await place.publish({ n: 2 })
    const before = member.sent.length
    await clock.advance(HOUR_MS)
    expect(runs(member)).toEqual({ n: 1 })
    // It went on asking, and not in a loop: the stream, the release and the report each wait for
    // half a cap in the mean.
    const asked = member.sent.length - before
    expect(asked).toBeGreaterThan(HOUR_MS / PERIODS.sweepIntervalMs)
    expect(asked).toBeLessThan(1.2 * 3 * (HOUR_MS / (PERIODS.retryCapMs / 2)))

    asker.obstacle = undefined
    await place.until(() => runs(member)?.n === 2 && member.client.status === 'ready', boundMs(way))
    // And whoever has a stream has it again: the next release comes at once.
    await clock.advance(boundMs(way))
    await place.publish({ n: 3 })
    await place.until(() => runs(member)?.n === 3, way.strategy === 'pull' ? boundMs(way) : 2_000)
  })
})
