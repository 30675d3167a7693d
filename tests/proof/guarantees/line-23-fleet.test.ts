import { describe, expect, test } from 'vitest'
import { FLEET_STATES, type Fleet } from '../../../src/fleet/summary.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { boundMs, openPlace, PERIODS, runs, schema, WAYS, type Member } from './place.js'

/** How long a client may take to say that it is well, in milliseconds. */
const CONFIRM_MS = 5_000

/** Counts that are not zero. */
const counts = (fleet: Fleet): object =>
  fleet.type === 'known'
    ? Object.fromEntries(Object.entries(fleet.counts).filter(([, count]) => count > 0))
    : fleet

describe.each(WAYS)(
  '23. unreachable, stopped, failed and rejected are four different things (%s)',
  (_name, way) => {
    test('in every count of the fleet', async () => {
      const clock = virtualClock({ turns: 1 })
      const place = openPlace({ clock, store: memory({ system: { clock } }) })
      await place.publish({ n: 1 })
      const current = place.client(way)
      const unreachable = [place.client(way), place.client(way), place.client(way), place.client(way)]
      const stopped = [place.client(way), place.client(way), place.client(way)]
      const strict = schema.refine(({ n }) => n < 2, 'too much') as unknown as typeof schema
      const rejecting = [place.client(way, { schema: strict }), place.client(way, { schema: strict })]
      const sick: Member = place.client(way, {
        health: { probe: () => sick.ran.at(-1)?.n !== 2, intervalMs: 1_000, confirmMs: CONFIRM_MS },
      })
      const everybody = [sick, current, ...unreachable, ...stopped, ...rejecting]
      await place.until(() => everybody.every(member => runs(member)?.n === 1), boundMs(way))
      await clock.advance(PERIODS.reportIntervalMs)
      expect(counts(await place.done(place.publisher.fleet()))).toEqual({ current: 11 })

      for (const member of unreachable)
        member.obstacle = () => {
          throw new TypeError('fetch failed')
        }
      await place.done(Promise.all(stopped.map(({ client }) => client.close())))
      await place.publish({ n: 2 })
      await place.until(() => runs(current)?.n === 2, boundMs(way))
      // Its probe says that it is not well with it, so it takes it back.
      await place.until(() => sick.ran.at(-1)?.n === 1 && sick.ran.length === 3, boundMs(way) + CONFIRM_MS)
      await clock.advance(boundMs(way))

      const fleet = await place.done(place.publisher.fleet())
      expect(counts(fleet)).toEqual({ current: 1, missing: 4, stopped: 3, rejected: 2, failed: 1 })
      if (fleet.type !== 'known') throw new Error('the fleet was heard')
      expect(fleet.members).toHaveLength(11)
      expect(Object.values(fleet.counts)).toHaveLength(FLEET_STATES.length)
      // Who is gone runs nothing; who refused runs what it ran before.
      expect(fleet.running.map(({ version, instances }) => [version, instances]).sort()).toEqual(
      [[1, 3], [2, 1]].sort(),
    ) // prettier-ignore
    })

    test('a fleet that was not yet heard is unknown, not empty, also after the server forgot it', async () => {
      const clock = virtualClock({ turns: 1 })
      const place = openPlace({ clock, store: memory({ system: { clock } }) })
      await place.publish({ n: 1 })
      const unknown = (why: string): object => ({ type: 'unknown', why })
      expect(await place.done(place.publisher.fleet())).toEqual(unknown('not-yet-heard'))
      // Whoever reports would have been heard by then.
      await clock.advance(900_000)
      expect(await place.done(place.publisher.fleet())).toEqual(unknown('never-heard'))

      const member = place.client(way)
      await place.until(() => runs(member)?.n === 1, boundMs(way))
      await clock.advance(PERIODS.reportIntervalMs)
      expect(counts(await place.done(place.publisher.fleet()))).toEqual({ current: 1 })

      // Another server, on a copy of the board, which heard nobody.
      const other = memory({ system: { clock } })
      place.origin.start(other)
      await place.publish({ n: 1 })
      expect(await place.done(place.publisher.fleet())).toEqual(unknown('not-yet-heard'))
      await clock.advance(2 * PERIODS.reportIntervalMs + boundMs(way))
      expect((await place.done(place.publisher.fleet())).type).toBe('known')
    })
  },
)
