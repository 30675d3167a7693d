import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/index.js'
import { compare, predictBlast, pullModel, pushModel, type KnownModel } from '../../../src/compare/index.js'
import type { Strategy } from '../../../src/contracts/strategy.js'
import { createController } from '../../../src/controller/index.js'
import { createPublisher, everyone, type Gate } from '../../../src/publisher/index.js'
import { staged } from '../../../src/rollouts/index.js'
import { seededRandom, virtualClock } from '../../../src/sim/index.js'
import { pull, push } from '../../../src/strategies/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'

// What predictBlast() says of a document whose fault shows after 90 s, held to staged rollouts in
// virtual time.
vi.setConfig({ testTimeout: 120_000 })

const namespace = 'checkout/prod'
const schema = z.object({ pool: z.number() })
const MINUTE = 60_000
const SHOWS_MS = 90_000
const CLIENTS = 60

interface Seen {
  /** How many clients ever ran the bad document. */
  readonly reached: number
  /** From `publish()` until none runs it, in milliseconds; undefined where one still does. */
  readonly goneMs: number | undefined
  readonly says: string
}

/**
 * Publishes a bad document in the default stages to clients with a health probe, and lets half an
 * hour pass. Its harm is seen by a gate, or by that probe.
 */
async function rollOut(
  strategyOf: (store: MemoryStore) => Strategy,
  {
    seenBy,
    showsMs = SHOWS_MS,
    seed = 1,
  }: { readonly seenBy: 'gate' | 'probe'; readonly showsMs?: number; readonly seed?: number },
): Promise<Seen> {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(seed), hasher: systemHasher }
  const store = memory({ system })
  let firstRanMs = Number.POSITIVE_INFINITY
  const gate: Gate = {
    name: 'errors',
    onBad: 'roll-back',
    check: async () => (clock.monotonic() - firstRanMs >= showsMs ? 'bad' : 'good'),
  }
  const gates = seenBy === 'gate' ? [gate] : []
  const publisher = createPublisher({ namespace, schema, store, system, gates })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  await store.reports({ namespace }, new AbortController().signal)
  const ran = new Set<string>()
  let runs = 0
  let goneAtMs: number | undefined
  const clients = Array.from({ length: CLIENTS }, (_, index) => {
    const clientId = `web-${index}`
    let ranMs: number | undefined
    const client = createClient({
      namespace,
      schema,
      clientId,
      strategy: strategyOf(store),
      health: {
        probe: () => seenBy === 'gate' || ranMs === undefined || clock.monotonic() - ranMs < showsMs,
      },
      system: { clock, random: seededRandom(1_000 * seed + index), hasher: systemHasher },
    })
    client.on('change', ({ current: { pool } }) => {
      if (pool === 2) {
        ranMs = clock.monotonic()
        firstRanMs = Math.min(firstRanMs, ranMs)
        ran.add(clientId)
        runs += 1
      } else if (ranMs !== undefined) {
        ranMs = undefined
        runs -= 1
        if (runs === 0) goneAtMs = clock.monotonic()
      }
    })
    client.ready({ timeoutMs: 0 }).catch(() => {})
    return client
  })
  const controller = createController({ store, system, gates })
  await clock.advance(8 * MINUTE)
  const publishedMs = clock.monotonic()
  await publisher.publish({ pool: 2 }, { rollout: staged({ gates }), reason: 'more' })
  // Until it is gone, or half an hour has passed.
  for (let minute = 0; minute < 30 && goneAtMs === undefined; minute += 1) await clock.advance(MINUTE)
  const says: string[] = []
  for await (const { release, audit } of publisher.history()) says.push(`${release.cause} ${audit?.reason}`)
  await controller.close()
  await Promise.all(clients.map(client => client.close()))
  await publisher.close()
  const goneMs = runs === 0 && goneAtMs !== undefined ? goneAtMs - publishedMs : undefined
  return { reached: ran.size, goneMs, says: says.join('\n') }
}

/** What is predicted for this fleet with a model. */
async function predicted(model: KnownModel, showsAfterMs = SHOWS_MS) {
  const { rows } = await compare(
    { clients: CLIENTS, documentBytes: 100, network: { rttMs: 0 } },
    { models: [model], blast: { showsAfterMs } },
  )
  return rows[0]?.blastRadius.staged ?? predictBlast({ clients: 0, stalenessMs: { half: 0, all: 0 } }).staged
}

const PULL = pullModel({ pollIntervalMs: 30_000 })
const ways = [
  { name: 'pull 30 s', model: PULL, strategyOf: (store: MemoryStore) => pull(store) },
  { name: 'push', model: pushModel(), strategyOf: (store: MemoryStore) => push(store) },
]

/** The mean of several rollouts: when one client polls is drawn by chance. */
async function rollOuts(strategyOf: (store: MemoryStore) => Strategy, showsMs: number): Promise<Seen> {
  const seen: Seen[] = []
  for (const seed of [1, 2, 3]) seen.push(await rollOut(strategyOf, { seenBy: 'gate', showsMs, seed }))
  const mean = (of: (one: Seen) => number): number =>
    seen.reduce((sum, one) => sum + of(one), 0) / seen.length
  expect(seen.map(({ goneMs }) => goneMs)).not.toContain(undefined)
  return {
    reached: mean(({ reached }) => reached),
    goneMs: mean(({ goneMs = 0 }) => goneMs),
    says: seen[0]?.says ?? '',
  }
}

test.each(ways.flatMap(way => [SHOWS_MS, 400_000].map(showsMs => ({ ...way, showsMs }))))(
  'a fault that a gate sees reaches as many clients as predicted, and is gone when predicted, within 20 %: $name, after $showsMs ms',
  async ({ model, strategyOf, showsMs }) => {
    const known = await predicted(model, showsMs)
    // The second shows after the first stage has passed.
    expect(known).toMatchObject(
      showsMs === SHOWS_MS ? { noticedIn: 0, reached: 1 } : { noticedIn: 1, reached: 6 },
    )
    const seen = await rollOuts(strategyOf, showsMs)
    expect(seen.says).toMatch(/^rollback gate errors is red/)
    expect(seen.reached).toBe(known.reached)
    expect(Math.abs((seen.goneMs ?? 0) / known.goneMs - 1)).toBeLessThan(0.2)
  },
)

test('a probe that turns red after 90 s, when its client has confirmed the document, holds the first stage until somebody comes', async () => {
  const seen = await rollOut(ways[1]!.strategyOf, { seenBy: 'probe' })
  expect(seen).toMatchObject({ reached: 1, goneMs: undefined })
})
