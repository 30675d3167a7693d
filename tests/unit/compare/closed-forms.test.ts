import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { createClient } from '../../../src/client/index.js'
import { ANY_DOCUMENT, documentOf, NAMESPACE } from '../../../src/compare/board.js'
import {
  adaptivePullModel,
  compare,
  pullModel,
  pushModel,
  recordedCosts,
  type Costs,
  type KnownModel,
  type Row,
} from '../../../src/compare/index.js'
import { countsBy, type Kind } from '../../../src/compare/costs/costs.js'
import { REQUEST_TRIPS } from '../../../src/compare/formula/counts.js'
import { pollingOf } from '../../../src/compare/formula/intervals.js'
import type { Strategy } from '../../../src/contracts/strategy.js'
import type { Transport } from '../../../src/contracts/transport.js'
import { everyone } from '../../../src/rollouts/index.js'
import { virtualClock } from '../../../src/sim/index.js'
import { look } from '../../../src/strategies/poll/poll.js'
import { countedBoard } from './counted-board.js'

// Closed forms that others published, held to what compare() computes and simulates.

const debate = readFileSync(`${root}/docs/push-vs-pull.md`, 'utf8').replaceAll(/\s+/g, ' ')
/** The page says what a test here comes to. */
const says = (text: string): void => expect(debate).toContain(text)

/** A server that takes time for messages and for nothing else. */
function paysForMessages(ofKind: Partial<Record<Kind, number>>): Costs {
  const none = countsBy(() => 0)
  const { making: _making, sharing: _sharing, ...rest } = recordedCosts
  return {
    ...rest,
    kinds: Object.fromEntries(
      Object.keys(none).map(kind => [kind, { serverMs: ofKind[kind as Kind] ?? 0, bytes: 0 }]),
    ) as unknown as Costs['kinds'],
    changeMs: 0,
    streamMsPerSecond: 0,
    wakeMs: 0,
    idleMsPerSecond: 0,
  }
}

const never = Number.MAX_SAFE_INTEGER
const asksEvery = (pollIntervalMs: number): KnownModel =>
  pullModel({ pollIntervalMs, sweepIntervalMs: never })

const QUIET = { documentBytes: 1_000, changesPerDay: 0, restartsPerDay: 0, offlineShare: 0 } as const

test('compare() leaves 1 / (1 + R t) of the requests of asking at every read, computed and simulated', async () => {
  // Gray and Cheriton 1989: R reads a second, a term of t seconds. A client whose term has passed
  // asks at its next read, 1 / R later; here that is how long an answer takes.
  const [readsPerSecond, termMs] = [0.864, 10_000]
  const betweenReadsMs = 1_000 / readsPerSecond
  const workload = {
    ...QUIET,
    clients: 500,
    network: { rttMs: betweenReadsMs / REQUEST_TRIPS },
  }
  const polls = ({ perDay }: Row): number => (perDay.unchanged ?? 0) + (perDay.release ?? 0)
  const left = 1 / (1 + (readsPerSecond * termMs) / 1_000)
  const computed = await compare(workload, { models: [asksEvery(1), asksEvery(termMs)] })
  const [always, leased] = computed.rows.map(polls) as [number, number]
  expect(always / 500 / 86_400 / readsPerSecond).toBeCloseTo(1, 2)
  expect(Math.abs(leased / always / left - 1)).toBeLessThan(0.01)
  says(`${(leased / always).toFixed(3)} by \`compare()\`, computed and simulated`)
  const simulated = await compare(workload, {
    models: [asksEvery(termMs)],
    depth: 'simulation',
    mostClients: 1,
  })
  expect(Math.abs(polls(simulated.rows[0] as Row) / always / left - 1)).toBeLessThan(0.05)
})

test.each([0.25, 0.5, 0.8, 1.25, 2, 4])(
  'to be told of each write pays where alpha = 2 R / W is above 1: alpha %d',
  async alpha => {
    // Gray and Cheriton 1989: alpha = 2 R / (S W) with S caches of a file. A read that asks is two
    // messages, and a write one to each of S: of R reads and W writes a day of each of S clients,
    // where all follow what one writes, S cancels.
    const changesPerDay = 1_000
    const readsPerDay = (alpha * changesPerDay) / 2
    const costs = paysForMessages({ unchanged: 2, release: 2, notice: 1, delivery: 1 })
    const workload = { ...QUIET, clients: 300, changesPerDay, network: { rttMs: 0, halfOpenPerClientDay: 0 } }
    const told = pushModel()
    const models: readonly KnownModel[] = [
      { ...told, shape: { ...told.shape, sweepIntervalMs: Number.POSITIVE_INFINITY } },
      asksEvery(86_400_000 / readsPerDay),
    ]
    const deadlines = { killSwitchMs: 86_400_000, routineMs: 86_400_000 }
    const { rows } = await compare(
      { ...workload, deadlines },
      { models, costs, weights: { cpu: 1, bytes: 0 } },
    )
    const [push, pull] = rows as readonly Row[] as [Row, Row]
    expect(Math.abs(pull.cpu.msPerDay / push.cpu.msPerDay / alpha - 1)).toBeLessThan(0.02)
    expect(rows.map(({ fits }) => fits)).toEqual([true, true])
  },
)

test.each([0.3, 0.45, 0.55, 0.8])(
  'who asks again with each answer has every update where the latency is below half of the time between two: %d of it',
  async share => {
    // Pimentel and Nickerson 2012: a long poll is feasible then, since an update waits for the
    // answer before it to arrive and the next question to come back; a stream has no such bound.
    const changesPerDay = 43_200
    const gapMs = 86_400_000 / changesPerDay
    const latencyMs = share * gapMs
    // What is asked here takes several trips, of which two are those of a long poll that is open.
    const network = { rttMs: (2 * latencyMs) / REQUEST_TRIPS, halfOpenPerClientDay: 0 }
    const workload = { ...QUIET, clients: 1, changesPerDay, network }
    const { rows } = await compare(workload, { models: [asksEvery(1), pushModel()] })
    const [asked, told] = rows as readonly Row[] as [Row, Row]
    const foundOf = (row: Row): number =>
      ((row.perDay.snapshot ?? 0) + (row.perDay.delivery ?? 0)) / changesPerDay
    expect(foundOf(told)).toBe(1)
    expect(Math.abs(foundOf(asked) - Math.min(1, 1 / (2 * share)))).toBeLessThan(0.01)
    if (share !== 0.3) says(`${Math.round(100 * foundOf(asked))} % at ${share}`)
  },
)

/** TTR = max(min, min(max, a x mostRecent + (1 - a) x dyn)), where dyn is a share of the age. */
interface Mix {
  readonly a: number
  readonly share: number
  readonly leastMs: number
  readonly mostMs: number
}

const mixed = ({ a, share, leastMs, mostMs }: Mix, recentMs: number, ageMs: number): number =>
  Math.max(leastMs, Math.min(mostMs, a * recentMs + (1 - a) * share * ageMs))

/** A strategy of one's own that asks by that form. */
function mixedPull(transport: Transport, mix: Mix): Strategy {
  return {
    name: 'mixed-pull',
    lookMs: mix.mostMs,
    freshMs: 3 * mix.mostMs,
    reportTo: undefined,
    async *deliver(session) {
      const { clock, signal } = session
      let changedMs = clock.monotonic()
      let waitMs = mix.leastMs
      while (!signal.aborted) {
        const { arrivals } = await look(session, transport, { sweep: false, timeoutMs: 10_000 })
        yield* arrivals
        if (arrivals.some(({ type }) => type === 'release')) changedMs = clock.monotonic()
        waitMs = mixed(mix, waitMs, clock.monotonic() - changedMs)
        await session.wait(waitMs, signal)
      }
    },
  }
}

test.each([0, 0.5, 0.9])(
  'the mix of the interval before and of a new estimate asks as often as its form says: a = %d',
  async a => {
    // Deolasee and others 2001.
    const mix: Mix = { a, share: 0.1, leastMs: 5_000, mostMs: 300_000 }
    const [gapMs, changes] = [1_800_000, 20]
    const clock = virtualClock()
    const { publisher, store, asked } = await countedBoard(clock, 0)
    const client = createClient({
      namespace: NAMESPACE,
      schema: ANY_DOCUMENT,
      strategy: mixedPull(store, mix),
      system: { clock },
    })
    const ready = client.ready()
    await clock.advance(0)
    await ready
    for (let change = 1; change <= changes; change += 1) {
      await clock.advance(gapMs)
      await publisher.publish(documentOf(100, change), { rollout: everyone(), reason: 'a test' })
    }
    await client.close()
    // The form by itself: what is polled between two changes, found by the first poll after one.
    let [polls, nowMs, foundMs, waitMs, newest] = [0, 0, 0, mix.leastMs, 0]
    while (nowMs < changes * gapMs) {
      polls += 1
      const round = Math.floor(nowMs / gapMs)
      if (round > newest) [newest, foundMs] = [round, nowMs]
      waitMs = mixed(mix, waitMs, nowMs - foundMs)
      nowMs += waitMs
    }
    expect(Math.abs(asked() / polls - 1)).toBeLessThan(0.05)
    says(a === 0 ? `${asked()} requests for a = 0` : `${asked()} for ${a}`)
    // Without a past it is the adaptive pull that is compared.
    const { a: _weight, ...adapts } = mix
    const { shape } = adaptivePullModel(adapts)
    const known = pollingOf(shape, { changesPerDay: 86_400_000 / gapMs, restartsPerDay: 0, answerMs: 0 })
    const ratio = asked() / changes / (known.perDay / (86_400_000 / gapMs))
    if (a === 0) expect(Math.abs(ratio - 1)).toBeLessThan(0.1)
    else expect(ratio).toBeLessThan(0.75)
  },
)
