import { expect, test } from 'vitest'
import type { FleetRun } from '../../../src/compare/run/fleet-run.js'
import { runFleet } from '../../../src/compare/run/run-fleet.js'
import { systemClock } from '../../../src/system/system.js'

/** Four clients, one of which never gets the document of that round. */
function fleetWithout(lost: number): FleetRun {
  let round = 0
  const none = async (): Promise<void> => {}
  return {
    clients: 4,
    serverMs: () => 0,
    publish: async () => (round += 1),
    startClients: none,
    restartClients: none,
    stopServers: none,
    startServers: none,
    follow: async () => () => {},
    standIn: async () => ({ count: 0, leave() {} }),
    warmUp: none,
    close: none,
    look: async asked => ({
      counts: {},
      bytes: 0,
      ranAtMs: [],
      running: asked === lost ? 3 : 4,
      askedAtMs: [],
      serverMs: 0,
      memoryBytes: 0,
    }),
  }
}

const NO_TIME = {
  startsOverMs: 0,
  settlesMs: 0,
  idleMs: 0,
  aloneMs: 0,
  writtenMs: 0,
  apartMs: 0,
  isTold: true,
  changeMs: 0,
  outageMs: 1,
  patienceMs: 0,
  warmAfter: 0,
}

/** Time passes, and nobody waits for it. */
const clock = { ...systemClock, sleep: async () => {} }

test('a change of a run that one client misses is counted, whichever of its changes it was', async () => {
  const { signal } = new AbortController()
  const missedOf = async (lost: number): Promise<number> =>
    (await runFleet(fleetWithout(lost), { windows: NO_TIME, signal, onStep: () => {}, clock })).missed
  // The one with which the fleet starts, a change, one after an outage, one before all start anew;
  // and one that was written with nobody there, and none.
  const lost = [16, 17, 23, 24].map(missedOf)
  expect(await Promise.all(lost)).toEqual([1, 1, 1, 1])
  expect([await missedOf(1), await missedOf(15), await missedOf(25)]).toEqual([0, 0, 0])
})

test('a client that looks once in longer than the patience of a run has not missed the last change', async () => {
  const { signal } = new AbortController()
  const fleet = fleetWithout(0)
  const missedWith = async (changeMs: number): Promise<number> => {
    let [sleptMs, publishedMs] = [0, 0]
    const lateMs = 70_000
    const late: FleetRun = {
      ...fleet,
      async publish() {
        publishedMs = sleptMs
        return fleet.publish()
      },
      startClients: async () => void (sleptMs += lateMs),
      async look(asked) {
        const seen = await fleet.look(asked)
        return { ...seen, running: sleptMs - publishedMs < lateMs ? 3 : 4 }
      },
    }
    const windows = { ...NO_TIME, changeMs, patienceMs: 60_000 }
    const passing = { ...clock, sleep: async (ms: number) => void (sleptMs += ms) }
    return (await runFleet(late, { windows, signal, onStep: () => {}, clock: passing })).missed
  }
  expect(await missedWith(72_000)).toBe(0)
  expect(await missedWith(0)).toBe(1)
})

test('what servers do with hardly anybody there, and what they do before clients report, is measured apart', async () => {
  const { signal } = new AbortController()
  const fleet = fleetWithout(0)
  let [sleptMs, changesMs, published, followers] = [0, 0, 0, 0]
  let isThere = false
  const seen = await runFleet(
    {
      ...fleet,
      async publish() {
        published += 1
        // Code that never ran takes longer; four clients take a millisecond each.
        changesMs += (published < 8 ? 100 : 30) + (isThere ? 4 : 0)
        return fleet.publish()
      },
      startClients: async () => void (isThere = true),
      // In one of ten seconds with nobody there it collects garbage.
      serverMs: () => sleptMs * 0.0025 + changesMs + (sleptMs > 15 * 450 + 4_500 ? 50 : 0),
      async follow() {
        followers += 1
        return () => void (followers -= 1)
      },
    },
    {
      windows: { ...NO_TIME, aloneMs: 10_000, writtenMs: 450, apartMs: 2_000 },
      signal,
      onStep() {},
      clock: { ...clock, sleep: async ms => void (sleptMs += ms) },
    },
  )
  expect(seen.alone.msPerSecond).toBeCloseTo(2.5, 6)
  expect(seen.crowd).toBeUndefined()
  expect(seen.alone.changeMs).toBeCloseTo(30, 6)
  expect(seen.toldMs).toBeCloseTo(34, 6)
  expect(followers).toBe(0)
})

test('what stands in for clients that are not run is there while nothing happens, and for nothing else', async () => {
  const { signal } = new AbortController()
  let [sleptMs, standIns] = [0, 0]
  const told: string[] = []
  const seen = await runFleet(
    {
      ...fleetWithout(0),
      async standIn() {
        standIns = 96
        return { count: standIns, leave: () => void (standIns = 0) }
      },
      publish: () => {
        expect(standIns).toBe(0)
        return Promise.resolve(1)
      },
      serverMs: () => sleptMs * (standIns === 0 ? 0.002 : 0.05),
    },
    {
      windows: { ...NO_TIME, idleMs: 30_000 },
      signal,
      onStep: text => void told.push(text),
      clock: { ...clock, monotonic: () => sleptMs, sleep: async ms => void (sleptMs += ms) },
    },
  )
  expect(seen.crowd).toEqual({ standIns: 96, serverMs: 1_500, ms: 30_000 })
  expect(told).toContain('something stands in for 96 clients more')
})
