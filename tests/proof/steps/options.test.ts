import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/client.js'
import type { ClientOptions } from '../../../src/client/options.js'
import type { Strategy } from '../../../src/contracts/strategy.js'
import { createHandler } from '../../../src/server/handler.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { defaultPeriods, hybrid, onDemand, pull, push } from '../../../src/strategies/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { http, type HttpTransport } from '../../../src/transports/http/http.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import { memoryFolder, testPlatform, type MemoryFolder } from '../../support/client-harness.js'

const namespace = 'checkout/prod'
const never = new AbortController().signal
const schema = z.object({ n: z.number() })
type Options = Partial<ClientOptions<typeof schema>>

/** Every way to follow a board. */
const STRATEGIES: Readonly<Record<string, (transport: MemoryStore | HttpTransport) => Strategy>> = {
  pull: transport => pull(transport),
  push: transport => push(transport),
  hybrid: transport => hybrid(transport),
  onDemand: transport => onDemand(transport),
}

/** What a client has at its start. */
const STARTS: Readonly<Record<string, (folder: MemoryFolder) => Options>> = {
  nothing: () => ({}),
  defaults: () => ({ defaults: { n: 0 } }),
  'defaults that run already': () => ({ defaults: { n: 0 } }),
  'an empty state folder': folder => ({ state: folder }),
  state: folder => ({ state: folder }),
  'state and defaults': folder => ({ state: folder, defaults: { n: 0 } }),
}

/** Options that change when things happen and never what runs in the end. */
const OPTIONS: Readonly<Record<string, Options>> = {
  'no option': {},
  'a short soak': { soakMs: 1 },
  'a long soak': { soakMs: 86_400_000 },
  'frequent reports': { reports: { intervalMs: 5_000, batchMs: 1 } },
  'rare reports': { reports: { intervalMs: 3_600_000 } },
  labels: { labels: { region: 'eu' } },
  'a build': { build: '1.2.3' },
  'a validator': { validators: [{ name: 'any', validate: () => undefined }] },
  'a short time to prepare': { prepareTimeoutMs: 1 },
}

/** Marks come from a server, and none from a store in this process. */
const MEDIA: Readonly<Record<string, (store: MemoryStore, clock: VirtualClock) => Medium>> = {
  'a medium without marks': store => ({ transport: store, close: async () => {} }),
  'a server with marks': (store, clock) => {
    const handler = createHandler(store, { system: { clock } })
    const transport = http('http://board.test', {
      system: { clock },
      fetch: (url, init) => handler.fetch(new Request(url, init)),
    })
    return { transport, close: () => handler.close() }
  },
}

interface Medium {
  readonly transport: MemoryStore | HttpTransport
  close(): Promise<void>
}

const HOUR_MS = 3_600_000
/** By when everybody has looked once more: a poll with its jitter, its answer, and the fetch. */
const LOOKED_MS = 2 * defaultPeriods.pollIntervalMs

/** Every start without an option, and every option with one of the starts. */
const PAIRS: readonly (readonly [string, string])[] = [
  ...Object.keys(STARTS).map(start => [start, 'no option'] as const),
  ...Object.keys(OPTIONS).map(
    (option, index) => [Object.keys(STARTS).at(index % Object.keys(STARTS).length) ?? '', option] as const,
  ),
].filter(
  ([start, option], index, all) => all.findIndex(pair => pair[0] === start && pair[1] === option) === index,
)

/**
 * Of how many ways to follow a board each pair is tried with one; with each of them where
 * `NOTICEBOARD_AWAITS` is `all`.
 */
const SHARE = process.env['NOTICEBOARD_AWAITS'] === 'all' ? 1 : 3
const DRAWN = Math.floor(Math.random() * SHARE)

const drawnFor = (medium: string, strategy: string): typeof PAIRS => {
  const way =
    Object.keys(MEDIA).indexOf(medium) * Object.keys(STRATEGIES).length +
    Object.keys(STRATEGIES).indexOf(strategy)
  return PAIRS.filter((_, index) => (index + way) % SHARE === DRAWN)
}

describe.each(Object.keys(MEDIA))('over %s', medium => {
  describe.each(Object.keys(STRATEGIES))('%s', strategy => {
    it.each(drawnFor(medium, strategy))(
      'with %s and %s a client starts at once, and follows past every period',
      async (start, option) => {
        const clock = virtualClock()
        const store = memory({ system: { clock } })
        const publisher = createPublisher({
          namespace,
          schema,
          store,
          system: { clock, random: seededRandom(2) },
        })
        const folder = memoryFolder()
        const system = { clock, random: seededRandom(1), hasher: systemHasher, platform: testPlatform() }
        let n = 0
        const publish = async (more: object = {}): Promise<void> => {
          n += 1
          await publisher.publish({ n }, { rollout: everyone(), reason: 'a test', ...more })
        }
        const runsDefaults = start === 'defaults that run already'
        if (!runsDefaults) await publish()
        if (start.startsWith('state')) {
          const earlier = createClient({ namespace, schema, strategy: pull(store), state: folder, system })
          void earlier.ready()
          await clock.advance(1_000)
          const closed = earlier.close()
          await clock.advance(2_000)
          await closed
        }
        // An hour to spread over: who has nothing that was published does not wait for a turn.
        if (!runsDefaults) await publish({ spreadMs: HOUR_MS })
        const { transport, close } = (MEDIA[medium] as (typeof MEDIA)[string])(store, clock)
        const client = createClient({
          namespace,
          schema,
          strategy: (STRATEGIES[strategy] as (typeof STRATEGIES)[string])(transport),
          ...OPTIONS[option],
          ...(STARTS[start] as (typeof STARTS)[string])(folder),
          system,
        })
        const look = async (lengthMs: number): Promise<void> => {
          for (let leftMs = lengthMs; leftMs > 0; leftMs -= 10_000) {
            await clock.advance(Math.min(leftMs, 10_000))
            if (strategy === 'onDemand') void client.refresh().catch(() => {})
          }
        }
        const ready = client.ready()
        await clock.advance(2_500)
        await ready
        // What a stream brings along is fetched by nobody, and waits for no turn.
        expect(client.current).toEqual({
          n: runsDefaults ? 0 : start.startsWith('state') && strategy !== 'push' ? 1 : 2,
        })
        if (runsDefaults) {
          await publish({ spreadMs: HOUR_MS })
          await look(LOOKED_MS)
          expect(client.current).toEqual({ n: 1 })
        }
        if (start.startsWith('state')) {
          await look(HOUR_MS)
          expect(client.current).toEqual({ n: 2 })
        }
        // Past the poll, the report, the sweep and the renewal of a stream, each by the longest
        // that it may be.
        for (const periodMs of [
          defaultPeriods.pollIntervalMs,
          defaultPeriods.reports.intervalMs,
          defaultPeriods.sweepIntervalMs,
          defaultPeriods.maxConnectionAgeMs,
        ]) {
          await look(1.25 * periodMs)
          await publish()
          await look(LOOKED_MS)
          expect(client.current).toEqual({ n })
          expect(client.status).toBe('ready')
          expect(client.ageMs).toBeLessThanOrEqual(3 * defaultPeriods.pollIntervalMs)
        }
        if (option !== 'rare reports') {
          const { reports } = await store.reports({ namespace }, never)
          expect(reports.filter(({ phase }) => phase !== 'stopped')).toMatchObject([{ version: n }])
        }
        const closed = Promise.all([client.close(), publisher.close(), close()])
        await clock.advance(30_000)
        await closed
        await clock.advance(60_000)
        expect(clock.pending).toBe(0)
      },
      60_000,
    )
  })
})
