import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { memoryFolder } from '../../support/client-harness.js'
import { openMachine } from './machine.js'
import {
  boundMs,
  EVERYBODY,
  NAMESPACE,
  openPlace,
  PERIODS,
  runs,
  WAYS,
  type Member,
  type Place,
  type Way,
} from './place.js'
import { quotaOf } from './small-disk.js'

const RESERVE = '/board/private/reserve'

/** A client that runs the second of two documents. */
async function atTheSecond(place: Place, way: Way): Promise<Member> {
  await place.publish({ n: 1 })
  await place.publish({ n: 2 })
  const member = place.client(way)
  await place.until(() => runs(member)?.n === 2, boundMs(way))
  return member
}

describe.each(WAYS)('9. rollback is never blocked (%s)', (_name, way) => {
  test('not by a full disk: the reserve of 1 MiB is given up', async () => {
    const clock = virtualClock({ turns: 1 })
    const machine = openMachine(clock)
    const quota = quotaOf(machine.disk)
    const place = openPlace({ clock, store: machine.store(quota.over) })
    const member = await atTheSecond(place, way)
    await clock.advance(PERIODS.reportIntervalMs)
    expect(machine.disk.files.get(RESERVE)?.length).toBe(1_048_576)

    quota.limitBytes = quota.usedBytes
    await expect(place.done(place.publisher.publish({ n: 3 }, EVERYBODY))).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('the disk is full'),
    })
    const { outcome } = await place.done(place.publisher.rollback({ reason: 'it hurts' }))
    expect(outcome).toBe('published')
    await place.until(() => runs(member)?.n === 1, boundMs(way))
    expect(machine.disk.files.has(RESERVE)).toBe(false)

    quota.limitBytes = undefined
    await place.publish({ n: 4 })
    expect(machine.disk.files.get(RESERVE)?.length).toBe(1_048_576)
  })

  test('not by a schema or a validator that refuses at the publisher', async () => {
    const clock = virtualClock({ turns: 1 })
    const place = openPlace({ clock, store: memory({ system: { clock } }) })
    const member = await atTheSecond(place, way)
    const strict = place.publisherOf({
      schema: z.never(),
      validators: [{ name: 'nothing passes', validate: () => [{ path: '', message: 'no' }] }],
    })
    await expect(place.done(strict.publish({ n: 3 }, EVERYBODY))).rejects.toMatchObject({
      code: 'invalid-document',
    })
    await place.done(strict.rollback({ reason: 'it hurts' }))
    await place.until(() => runs(member)?.n === 1, boundMs(way))
  })

  test('not by a current document that nobody can read', async () => {
    const clock = virtualClock({ turns: 1 })
    const machine = openMachine(clock)
    const place = openPlace({ clock, store: machine.store() })
    const member = await atTheSecond(place, way)
    const { digest } = member.client.running
    const path = `/board/public/v1/${NAMESPACE}/snapshots/${digest}.json`
    await place.done(place.origin.end())
    const image = new Map(machine.disk.copy())
    expect(image.has(path)).toBe(true)
    image.set(path, { bytes: Uint8Array.of(0, 1, 2), changedMs: clock.now() })
    machine.disk.restore(image)
    place.origin.start(machine.store())
    await expect(place.done(place.publisher.current())).rejects.toThrow()

    await place.done(place.publisher.rollback({ reason: 'it hurts' }))
    const newcomer = place.client(way)
    await place.until(() => runs(member)?.n === 1 && runs(newcomer)?.n === 1, boundMs(way))
  })

  test('and a restart does not lead back to what was rolled back', async () => {
    const clock = virtualClock({ turns: 1 })
    const place = openPlace({ clock, store: memory({ system: { clock } }) })
    const state = memoryFolder()
    await place.publish({ n: 1 })
    await place.publish({ n: 2 })
    const member = place.client(way, { state, soakMs: 10_000, clientId: 'web' })
    await place.until(() => runs(member)?.n === 2, boundMs(way))
    const bad = member.client.running.digest as string
    // Long enough to be taken for good.
    await clock.advance(20_000)
    expect(state.saved.at(-1)?.good.map(({ digest }) => digest)).toContain(bad)
    await place.done(place.publisher.rollback({ reason: 'it hurts' }))
    await place.until(() => runs(member)?.n === 1, boundMs(way))
    const good = member.client.running.digest as string
    await place.done(member.client.close())

    await place.done(Promise.all([place.origin.end(), place.relay.end()]))
    const again = place.client(way, { state, clientId: 'web' })
    await clock.advance(60_000)
    expect(again.ran).toEqual([{ n: 1 }])
    await place.done(again.client.close())
    // Not even when it is the only document that can still be read there.
    state.snapshots.delete(good)
    expect(state.snapshots.has(bad)).toBe(true)
    const last = place.client(way, { state, clientId: 'web' })
    await clock.advance(60_000)
    expect(last.ran).toEqual([])
  })
})
