import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import type { Gate } from '../../../src/publisher/index.js'
import { staged } from '../../../src/rollouts/index.js'
import { memory } from '../../../src/transports/memory.js'
import { memoryFolder } from '../../support/client-harness.js'
import { drawn } from '../../support/scale.js'
import { openMachine } from './machine.js'
import {
  boundMs,
  EVERYBODY,
  NAMESPACE,
  openPlace,
  PERIODS,
  runs,
  WAYS,
  type Config,
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
  test('not by a full disk: the reserve of 4 MiB is given up', async () => {
    const clock = virtualClock({ turns: 1 })
    const machine = openMachine(clock)
    const quota = quotaOf(machine.disk)
    const place = openPlace({ clock, store: machine.store(quota.over) })
    const member = await atTheSecond(place, way)
    await clock.advance(PERIODS.reportIntervalMs)
    expect(machine.disk.files.get(RESERVE)?.length).toBe(4_194_304)

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
    expect(machine.disk.files.get(RESERVE)?.length).toBe(4_194_304)
  })

  test('nor is a kill by a full disk or by a schema that refuses at the publisher', async () => {
    const clock = virtualClock({ turns: 1 })
    const machine = openMachine(clock)
    const quota = quotaOf(machine.disk)
    const place = openPlace({ clock, store: machine.store(quota.over) })
    const member = await atTheSecond(place, way)
    quota.limitBytes = quota.usedBytes
    const strict = place.publisherOf({ schema: z.never() })
    const { outcome } = await place.done(strict.kill({ patch: { n: 7 }, reason: 'it hurts' }))
    expect(outcome).toBe('published')
    await place.until(() => runs(member)?.n === 7, boundMs(way))
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

  test.each(drawn(['rollback', 'kill'] as const, { share: 1 }))(
    'a %s is not held up by a rollout whose gate is red, hangs or throws, nor by its exposed clients',
    async by => {
      for (const answer of ['bad', 'hangs', 'throws'] as const) {
        const clock = virtualClock({ turns: 1 })
        const place = openPlace({ clock, store: memory({ system: { clock } }) })
        await place.publish({ n: 1 })
        const members = ['a', 'b', 'c', 'd'].map(clientId => place.client(way, { clientId }))
        await place.until(() => members.every(member => runs(member)?.n === 1), boundMs(way))
        let isOpen = true
        const gate: Gate = {
          name: 'latency',
          check() {
            if (isOpen) return 'good'
            if (answer === 'throws') throw new Error('no answer')
            return answer === 'bad' ? 'bad' : new Promise<never>(() => {})
          },
        }
        const publisher = place.publisherOf({ gates: [gate] })
        // Whoever has only just come is no evidence, so they have to have been there for a while.
        await clock.advance(2 * PERIODS.reportIntervalMs + 60_000)
        const rollout = await place.done(
          publisher.publish(
            { n: 2 },
            {
              rollout: staged({ stages: [2, 'all'], gates: [{ name: 'latency', onBad: 'pause' }] }),
              drive: true,
              reason: 'in stages',
            },
          ),
        )
        expect(rollout).toMatchObject({ state: 'running', stage: 0 })
        await place.until(() => members.filter(member => runs(member)?.n === 2).length === 2, boundMs(way))
        isOpen = false
        const beganMs = clock.monotonic()
        if (by === 'rollback') await place.done(publisher.rollback({ reason: 'it hurts' }))
        else await place.done(publisher.kill({ patch: { text: 'off' }, reason: 'it hurts' }))
        // It is appended at once: nothing was asked.
        expect(clock.monotonic() - beganMs).toBeLessThan(2_000)
        const isOff = (member: Member): boolean =>
          by === 'rollback' ? runs(member)?.n === 1 : runs(member)?.text === 'off'
        await place.until(() => members.every(isOff), boundMs(way))
        await place.done(publisher.close())
      }
    },
  )

  test.each(drawn(['rollback', 'kill', 'abort'] as const, { share: 1 }))(
    'a %s is held up by nothing where all comes together: a rollout, a gate that hangs, a full disk, a schema and a validator that refuse, a candidate that nobody can read',
    async by => {
      const clock = virtualClock({ turns: 1 })
      const machine = openMachine(clock)
      const quota = quotaOf(machine.disk)
      const place = openPlace({ clock, store: machine.store(quota.over) })
      await place.publish({ n: 1 })
      const members = ['a', 'b', 'c', 'd'].map(clientId => place.client(way, { clientId }))
      await place.until(() => members.every(member => runs(member)?.n === 1), boundMs(way))
      let isOpen = true
      const gates: readonly Gate[] = [
        { name: 'latency', check: () => (isOpen ? 'good' : new Promise<never>(() => {})) },
      ]
      await clock.advance(2 * PERIODS.reportIntervalMs + 60_000)
      const { digest } = await place.done(
        place
          .publisherOf({ gates })
          .publish(
            { n: 2 },
            { rollout: staged({ stages: [2, 'all'], gates }), drive: true, reason: 'in stages' },
          ),
      )
      await place.until(() => members.filter(member => runs(member)?.n === 2).length === 2, boundMs(way))
      isOpen = false
      await place.done(place.origin.end())
      const path = `/board/public/v1/${NAMESPACE}/snapshots/${digest}.json`
      const image = new Map(machine.disk.copy())
      expect(image.has(path)).toBe(true)
      image.set(path, { bytes: Uint8Array.of(0, 1, 2), changedMs: clock.now() })
      machine.disk.restore(image)
      place.origin.start(machine.store(quota.over))
      quota.limitBytes = quota.usedBytes
      const strict = place.publisherOf({
        gates,
        schema: z.never(),
        validators: [{ name: 'nothing passes', validate: () => [{ path: '', message: 'no' }] }],
      })

      const reason = 'it hurts'
      if (by === 'kill') await place.done(strict.kill({ patch: { text: 'off' }, reason }))
      else await place.done(strict[by]({ reason }))
      await place.until(
        () =>
          members.every(member => runs(member)?.n === 1 && (by !== 'kill' || runs(member)?.text === 'off')),
        boundMs(way),
      )
    },
  )

  test.each(drawn(['rollback', 'kill', 'abort'] as const, { share: 1 }))(
    'a probe that is red during the incident does not bring the bad version back after a %s, also where a client missed it',
    async by => {
      const clock = virtualClock({ turns: 1 })
      const place = openPlace({ clock, store: memory({ system: { clock } }) })
      await place.publish({ n: 1 })
      let isIncident = false
      // One earned the first version long ago, one has no storage, and one misses the incident.
      const names = ['earned', 'bare', 'away']
      const members: Member[] = names.map((clientId, index) =>
        place.client(way, {
          clientId,
          health: {
            // The worst of probes: all is well on the bad version, and on nothing else.
            probe: () => !isIncident || runs(members[index]!)?.n === 2,
            intervalMs: 1_000,
            confirmMs: 10_000,
          },
          soakMs: 5_000,
          ...(clientId === 'earned' && { state: memoryFolder() }),
        }),
      )
      const all =
        (holds: (config: Config | undefined) => boolean): (() => boolean) =>
        () =>
          members.every(member => holds(runs(member)))
      await place.until(
        all(config => config?.n === 1),
        boundMs(way),
      )
      await clock.advance(2 * PERIODS.reportIntervalMs + 60_000)
      if (by === 'abort') {
        await place.done(
          place.publisher.publish(
            { n: 2 },
            { rollout: staged({ stages: ['all'] }), drive: true, reason: 'to all at once' },
          ),
        )
      } else await place.publish({ n: 2 })
      await place.until(
        all(config => config?.n === 2),
        boundMs(way),
      )
      await clock.advance(20_000)

      const [, , away] = members
      away!.obstacle = () => {
        throw new TypeError('fetch failed')
      }
      isIncident = true
      const before = members.map(member => member.ran.length)
      const reason = 'it hurts'
      if (by === 'rollback') await place.done(place.publisher.rollback({ reason }))
      else if (by === 'abort') await place.done(place.publisher.abort({ reason }))
      else await place.done(place.publisher.kill({ patch: { n: 7 }, reason }))
      const wanted = by === 'kill' ? 7 : 1
      const there = members.slice(0, 2)
      await place.until(() => there.every(member => runs(member)?.n === wanted), boundMs(way))
      await clock.advance(60_000)
      expect(there.map(member => runs(member)?.n)).toEqual([wanted, wanted])
      // A release of another cause follows, and that is the one which the third client sees.
      await place.publish({ n: wanted, text: 'next' })
      away!.obstacle = undefined
      await place.until(() => runs(away!)?.text === 'next', 2 * boundMs(way))
      await clock.advance(300_000)
      for (const [index, member] of members.entries()) {
        expect(member.ran.slice(before[index]).map(({ n }) => n)).not.toContain(2)
        expect(runs(member)?.n).not.toBe(2)
      }
    },
  )

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
