import { describe, expect, test } from 'vitest'
import { createClient } from '../../../src/client/client.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Fetch } from '../../../src/contracts/system.js'
import { anything } from '../../../src/core/schema/anything.js'
import { createHandler } from '../../../src/server/handler.js'
import { seededDice } from '../../../src/sim/dice.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { defaultPeriods } from '../../../src/strategies/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { http, type HttpTransport } from '../../../src/transports/http/index.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import { testPlatform } from '../../support/client-harness.js'
import { drawn, SCALED_LIMIT_MS } from '../../support/scale.js'
import { namespace, publish } from '../../support/session.js'
import { strategySiblings } from '../siblings/strategies.js'

const SIZE = 40
const WINDOW_MS = 3_000
/** After that a server sends its streams to open anew, give or take a fifth. */
const AGE_MS = 400_000
/** By then what started together has run for its soak, and said so together. */
const STARTED_MS = 70_000

/** A medium that counts what it is asked, by kind, and can be away. */
interface Medium {
  /** Another client's way to it. */
  readonly connect: () => MemoryStore | HttpTransport
  readonly close: () => Promise<unknown>
}
type Note = (kind: string) => void

const MEDIA: Readonly<Record<string, (store: MemoryStore, clock: VirtualClock, note: Note) => Medium>> = {
  'a medium without marks'(store, _clock, note) {
    const noted =
      <Args extends readonly unknown[], Result>(kind: string, call: (...args: Args) => Result) =>
      (...args: Args): Result => {
        note(kind)
        return call(...args)
      }
    const transport = {
      ...store,
      latest: noted('latest', async (...args: Parameters<typeof store.latest>) => store.latest(...args)),
      next: noted('next', async (...args: Parameters<typeof store.next>) => store.next(...args)),
      report: noted('report', async (...args: Parameters<typeof store.report>) => store.report(...args)),
    }
    return { connect: () => transport, close: async () => {} }
  },
  'a server with marks'(store, clock, note) {
    const handler = createHandler(store, {
      system: { clock, random: seededDice(1, 'server') },
      maxConnectionAgeMs: AGE_MS,
    })
    const fetch = (async (url: string, init?: RequestInit) => {
      const kind = /~reports|~events|releases|snapshots|release/.exec(url)?.[0] ?? url
      note(kind)
      return handler.fetch(new Request(url, init))
    }) as Fetch
    const connect = (): HttpTransport => http('http://board.test', { fetch, system: { clock } })
    return { connect, close: () => handler.close({ drainMs: 0, graceMs: 0 }) }
  },
}

/**
 * The most that chance puts into a stretch into which so many come in the mean: seven standard
 * deviations above it.
 */
const mostByChance = (mean: number): number => mean + 7 * Math.sqrt(mean)

/** The most within any stretch of three seconds. */
function busiest(times: readonly number[]): number {
  let most = 0
  for (let first = 0, last = 0; last < times.length; last += 1) {
    while ((times[last] ?? 0) - (times[first] ?? 0) > WINDOW_MS) first += 1
    most = Math.max(most, last - first + 1)
  }
  return most
}

describe.each(Object.keys(MEDIA))('over %s', medium => {
  const ways = strategySiblings.filter(({ maker, what }) => maker === what).map(({ what }) => what)
  test.each(drawn(ways, { share: 2 }))(
    'a fleet by %s that started together asks and reports spread out, past every period and after an outage',
    async what => {
      const { make } = strategySiblings.find(sibling => sibling.what === what) ?? strategySiblings[0]!
      const clock = virtualClock()
      const store = memory({ system: { clock } })
      await publish(store, 1)
      const asked = new Map<string, number[]>()
      let isAway = false
      let wasAway = false
      const note: Note = kind => {
        asked.set(kind, [...(asked.get(kind) ?? []), clock.monotonic()])
        if (isAway) throw new NoticeboardError('unavailable', 'away')
      }
      const { connect, close } = MEDIA[medium]!(store, clock, note)
      const clients = Array.from({ length: SIZE }, (_, index) => {
        const client = createClient({
          namespace,
          schema: anything,
          strategy: make(connect() as never),
          clientId: `web-${index}`,
          system: {
            clock,
            random: seededDice(index, 'client'),
            hasher: systemHasher,
            platform: testPlatform(),
          },
        })
        void client.ready()
        return client
      })
      /**
       * Lets time pass, and says that nothing was asked in step: `spreadMs` is what a fleet is
       * spread over.
       */
      const judge = async (lengthMs: number, spreadOf: (kind: string) => number): Promise<void> => {
        asked.clear()
        await clock.advance(lengthMs)
        for (const [kind, times] of asked) {
          if (isInStepAtFirst(what, kind) && !wasAway) continue
          const mean = Math.max((SIZE * WINDOW_MS) / spreadOf(kind), (times.length * WINDOW_MS) / lengthMs)
          const most = busiest(times)
          expect({ kind, most, isSpread: most <= mostByChance(mean) }).toEqual({ kind, most, isSpread: true })
        }
      }
      await clock.advance(STARTED_MS)
      const { reports, sweepIntervalMs } = defaultPeriods
      // A first report after its interval, give or take a fifth, and so on past the longest period
      // of all.
      await judge(2.5 * reports.intervalMs, kind =>
        kind.includes('report') ? 0.4 * reports.intervalMs : kind === 'next' ? 0.4 * sweepIntervalMs : 30_000,
      )
      if (what !== 'onDemand') expect(sum(asked, /report/)).toBeGreaterThan(1.5 * SIZE)
      isAway = true
      wasAway = true
      // Retries reach their cap, at which a delay is 15 s in the mean.
      await clock.advance(120_000)
      await judge(240_000, () => 15_000)
      isAway = false
      await judge(60_000, () => 15_000)
      await judge(2 * reports.intervalMs, kind => (kind.includes('report') ? 30_000 : 15_000))
      const closed = Promise.all([...clients.map(client => client.close()), close()])
      await clock.advance(60_000)
      await closed
      await clock.advance(60_000)
      expect(clock.pending).toBe(0)
    },
    SCALED_LIMIT_MS,
  )
})

/**
 * Without marks a stream's client reads beside it from when it opened, a tenth more or less often:
 * that spreads as it goes.
 */
function isInStepAtFirst(what: string, kind: string): boolean {
  return kind === 'latest' && (what === 'push' || what === 'hybrid')
}

function sum(asked: ReadonlyMap<string, readonly number[]>, kinds: RegExp): number {
  return [...asked].reduce((all, [kind, times]) => (kinds.test(kind) ? all + times.length : all), 0)
}
