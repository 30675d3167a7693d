import { describe, expect, test } from 'vitest'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import type { DiskImage, SimDisk } from '../../../src/sim/disk.js'
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

/**
 * Serves both who was there before and who comes now, takes no document, and goes on in a new
 * epoch.
 */
async function servesAndRefuses(
  place: Place,
  { way, before, serves, words }: { way: Way; before: Member; serves: number; words: RegExp },
): Promise<void> {
  const ran = runs(before)
  const newcomer = place.client(way)
  // A relay goes on with the newest that it saw itself.
  const first = way.relayed ? ran?.n : serves
  await place.until(() => runs(newcomer)?.n === first, boundMs(way))
  // Streams come back, and reports are said again.
  await place.clock.advance(3 * PERIODS.reportIntervalMs)
  for (const n of [50, 51]) {
    const refused = await place.done(
      place.publisher.publish({ n }, EVERYBODY).catch((error: unknown) => error),
    )
    expect(refused).toMatchObject({ code: 'store-damaged', message: expect.stringMatching(words) })
  }
  await place.clock.advance(PERIODS.sweepIntervalMs)
  expect(runs(before)).toEqual(ran)
  expect(runs(newcomer)?.n).toBe(first)

  await place.done(place.publisher.openEpoch({ reason: 'looked at' }))
  await place.publish({ n: 60 })
  await place.until(() => runs(before)?.n === 60 && runs(newcomer)?.n === 60, boundMs(way))
  expect(before.client.status).toBe('ready')
}

/** A board with two releases, a backup taken after the first, and a client that runs the second. */
async function withBackup(way: Way): Promise<{
  place: Place
  before: Member
  machine: ReturnType<typeof openMachine>
  backup: DiskImage
}> {
  const clock = virtualClock({ turns: 1 })
  const machine = openMachine(clock)
  const place = openPlace({ clock, store: machine.store() })
  await place.publish({ n: 1 })
  const backup = machine.disk.copy()
  await place.publish({ n: 2 })
  const before = place.client(way)
  await place.until(() => runs(before)?.n === 2, boundMs(way))
  return { place, before, machine, backup }
}

function without(disk: SimDisk, name: RegExp): DiskImage {
  const image = disk.copy()
  const left = new Map([...image].filter(([path]) => !name.test(path)))
  expect(left.size).toBeLessThan(image.size)
  return left
}

describe.each(WAYS)(
  '11. a store that is behind, forked, copied or gapped serves and refuses (%s)',
  (_name, way) => {
    test('behind its fleet', async () => {
      const { place, before, machine, backup } = await withBackup(way)
      await place.done(place.origin.end())
      machine.disk.restore(backup)
      place.origin.start(machine.store())
      await servesAndRefuses(place, { way, before, serves: 1, words: /behind its fleet.*open a new epoch/ })
    })

    test('forked: another epoch of the same number was opened elsewhere', async () => {
      const { place, before, machine, backup } = await withBackup(way)
      const other = openMachine(place.clock)
      other.disk.restore(backup)
      await place.done(place.publisher.openEpoch({ reason: 'one half of a network', document: { n: 3 } }))
      await place.until(() => runs(before)?.n === 3, boundMs(way))
      await place.done(place.origin.end())
      place.origin.start(other.store())
      await place.done(
        place.publisher.openEpoch({ reason: 'the other half', document: { n: 4 }, ignoreReports: true }),
      )
      await servesAndRefuses(place, { way, before, serves: 4, words: /behind its fleet.*open a new epoch/ })
      expect(before.errors).toContain('fork')
      expect(machine.disk.files.size).toBeGreaterThan(0)
    })

    test('copied: the fleet follows the original, and a client asks the copy', async () => {
      const { place, before, machine } = await withBackup(way)
      const copy = openMachine(place.clock)
      copy.disk.restore(machine.disk.copy())
      await place.publish({ n: 3 })
      await place.until(() => runs(before)?.n === 3, boundMs(way))
      await place.done(place.origin.end())
      place.origin.start(copy.store())
      await servesAndRefuses(place, { way, before, serves: 2, words: /behind its fleet.*open a new epoch/ })
    })

    test('gapped: a release is missing from its log', async () => {
      const { place, before, machine } = await withBackup(way)
      await place.publish({ n: 3 })
      await place.until(() => runs(before)?.n === 3, boundMs(way))
      await place.done(place.origin.end())
      machine.disk.restore(without(machine.disk, new RegExp(`/${NAMESPACE}/releases/[^/]*/2\\.json$`)))
      place.origin.start(machine.store())
      await servesAndRefuses(place, { way, before, serves: 3, words: /:2 is missing.*open a new epoch/ })
    })
  },
)
