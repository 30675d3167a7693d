import { expect, test } from 'vitest'
import { processesLeft } from './processes.js'
import { runChaos } from './run-chaos.js'

/** One for each kind of fault. `npm run prove -- --only chaos` runs a thousand. */
const ROUNDS = 15

test('after every kind of fault everybody is current again, and nobody ever went back', async () => {
  const { rounds, stuck, regressions, deltas, encoded } = await runChaos({
    rounds: ROUNDS,
    seed: 20_261_121,
  })
  expect(rounds.filter(round => round.stuck.length > 0)).toEqual([])
  expect(stuck).toBe(0)
  expect(regressions).toBe(0)
  expect(new Set(rounds.map(({ fault }) => fault)).size).toBe(ROUNDS)
  // What came in between was small: some of it as deltas, and some of it encoded.
  expect(deltas).toBeGreaterThan(0)
  expect(encoded).toBeGreaterThan(0)
  expect(processesLeft()).toBe(0)
}, 300_000)

test('where a server is several processes, one after the other may die or stand still, and everybody is current again', async () => {
  const faults = [
    'kill-worker',
    'stop-worker',
    'half-open',
    'kill-worker',
    'stop-server',
    'kill-server',
  ] as const
  const { rounds, stuck, regressions, deltas, encoded } = await runChaos({
    rounds: faults.length,
    seed: 20_261_128,
    workers: 2,
    faults,
  })
  expect(rounds.filter(round => round.stuck.length > 0)).toEqual([])
  expect(stuck).toBe(0)
  expect(regressions).toBe(0)
  expect(deltas).toBeGreaterThan(0)
  expect(encoded).toBeGreaterThan(0)
  expect(processesLeft()).toBe(0)
}, 300_000)

test('without heartbeats, sweeps and polls one dead connection leaves a client behind for good', async () => {
  const { rounds, stuck } = await runChaos({
    rounds: 2,
    seed: 1,
    faults: ['half-open', 'none'],
    strategies: ['push', 'hybrid'],
    withoutWatchdog: true,
    withinMs: 4_000,
  })
  expect(stuck).toBeGreaterThan(0)
  expect(rounds.at(-1)?.stuck).toEqual(['push', 'hybrid'])
  expect(processesLeft()).toBe(0)
}, 120_000)
