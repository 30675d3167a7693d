import { describe, expect, test } from 'vitest'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { openMachine } from './machine.js'
import { boundMs, openPlace, PERIODS, runs, WAYS, type Member, type Place, type Way } from './place.js'

/** Lets everything happen that will: looks, sweeps, streams opened anew. */
const MUCH_LATER_MS = 3 * PERIODS.sweepIntervalMs

/** A client that runs a document, and how many snapshots travelled to it since. */
async function settled(place: Place, way: Way, n: number): Promise<{ member: Member; since: () => number }> {
  const member = place.client(way)
  await place.until(() => runs(member)?.n === n, boundMs(way))
  const before = member.snapshots()
  expect(before).toBe(1)
  return { member, since: () => member.snapshots() - before }
}

const epochOf = ({ client }: Member): string | undefined => client.running.position?.epoch

describe.each(WAYS)('17. an epoch change costs at most one full snapshot a client (%s)', (_name, way) => {
  test('none when the document stays the same', async () => {
    const clock = virtualClock({ turns: 1 })
    const place = openPlace({ clock, store: memory({ system: { clock } }) })
    await place.publish({ n: 1 })
    const { member, since } = await settled(place, way, 1)
    const { position } = await place.done(place.publisher.openEpoch({ reason: 'a test' }))
    expect(position.epoch).toMatch(/^2-/)
    await place.until(() => epochOf(member) === position.epoch, boundMs(way))
    await clock.advance(MUCH_LATER_MS)
    expect(since()).toBe(0)
    expect(member.ran).toEqual([{ n: 1 }])
    expect(member.client.status).toBe('ready')
  })

  test('one when it brings another, also while the server and the relay restart', async () => {
    const clock = virtualClock({ turns: 1 })
    const store = memory({ system: { clock } })
    const place = openPlace({ clock, store })
    await place.publish({ n: 1 })
    const { member, since } = await settled(place, way, 1)
    await place.done(place.publisher.openEpoch({ reason: 'a test', document: { n: 2 } }))
    place.origin.start(store)
    await place.until(() => runs(member)?.n === 2, boundMs(way))
    await clock.advance(MUCH_LATER_MS)
    expect(since()).toBe(1)
    expect(epochOf(member)).toMatch(/^2-/)
  })

  test('one after a backup was restored that lacks what the fleet ran', async () => {
    const clock = virtualClock({ turns: 1 })
    const { disk, store } = openMachine(clock)
    const place = openPlace({ clock, store: store() })
    await place.publish({ n: 1 })
    const backup = disk.copy()
    await place.publish({ n: 2 })
    const { member, since } = await settled(place, way, 2)

    await place.done(place.origin.end())
    disk.restore(backup)
    place.origin.start(store())
    await clock.advance(MUCH_LATER_MS)
    // What is older than what was seen moves nobody. A stream that begins anew sends its snapshot
    // along all the same.
    expect(runs(member)).toEqual({ n: 2 })
    const before = since()
    expect(before).toBeLessThanOrEqual(1)

    const { position } = await place.done(place.publisher.openEpoch({ reason: 'restored' }))
    await place.until(() => epochOf(member) === position.epoch, boundMs(way))
    await clock.advance(MUCH_LATER_MS)
    expect([runs(member)?.n, since() - before]).toEqual([1, 1])
  })
})
