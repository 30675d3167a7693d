import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { Protection, StateStorage, TrialRequest } from '../../../src/contracts/state.js'
import type { ReportTransport } from '../../../src/contracts/transport.js'
import { BUCKETS } from '../../../src/core/release/audience.js'
import { pull } from '../../../src/strategies/pull.js'
import { closedAfterEach, memoryFolder, runningFirst, type Harness } from '../../support/client-harness.js'
import { testBoard, type TestBoard } from './board.js'

const started = closedAfterEach(5_000)

const doc = (size: number): object => ({ pool: { size } })
const all = { salt: 's', clauses: [{ below: BUCKETS }] }
const evidence = { bakeMs: 90_000, reportMs: 60_000, spreadMs: 20_000 }

/** Puts up a candidate for everybody beside what runs. */
function candidate(board: TestBoard, size: number): string {
  const put = board.put(doc(size))
  board.release({ candidate: { version: 2, variants: [put] }, audience: all, evidence })
  return put.digest
}

const running = (board: TestBoard, options?: Parameters<typeof started>[1]): Promise<Harness> =>
  runningFirst(started, board, options)

describe('before it parses a candidate', () => {
  test('a client tells the fleet that it tries it, and what runs', async () => {
    const board = testBoard()
    const { client, clock, reports } = await running(board)
    const before = client.running.position
    const digest = candidate(board, 2)
    const seen: (string | undefined)[] = []
    client.participate({
      name: 'looking',
      prepare() {
        seen.push(reports.at(-1)?.phase, reports.at(-1)?.digest)
        return { commit() {} }
      },
    })
    await clock.advance(2_000)
    expect(client.current.pool.size).toBe(2)
    expect(seen).toEqual(['trying', digest])
    expect(reports.find(({ phase }) => phase === 'trying')?.applied).toEqual(before)
    expect(client.running).toMatchObject({ arm: 'candidate' })
  })

  test('it waits no longer than 250 ms for who hears it', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const hanging: ReportTransport = { report: () => new Promise(() => {}) }
    const { client, clock, start } = started(board, {
      strategy: pull({ ...board.transport, ...hanging }, { pollIntervalMs: 1_000 }),
    })
    await start()
    await clock.advance(10_000)
    candidate(board, 2)
    let triedMs = 0
    client.participate({
      name: 'looking',
      prepare() {
        triedMs = clock.monotonic()
        return { commit() {} }
      },
    })
    const asked = board.asked.latest
    while (board.asked.snapshot < 2) await clock.advance(10)
    const fetchedMs = clock.monotonic()
    await clock.advance(1_000)
    expect(board.asked.latest).toBeGreaterThan(asked)
    expect(triedMs - fetchedMs).toBeLessThanOrEqual(250)
    expect(triedMs - fetchedMs).toBeGreaterThan(200)
  })

  test('nothing of the kind is said of what everybody runs', async () => {
    const board = testBoard()
    const { clock, reports } = await running(board)
    board.publish(doc(2))
    await clock.advance(2_000)
    expect(reports.map(({ phase }) => phase)).not.toContain('trying')
  })
})

describe('while a release asks for evidence', () => {
  test('a client reports that often, and once what it runs has run for long enough', async () => {
    const board = testBoard()
    const { clock, reports, client } = await running(board)
    candidate(board, 2)
    await clock.advance(2_000)
    expect(client.current.pool.size).toBe(2)
    const appliedMs = clock.monotonic()
    reports.length = 0
    await clock.advance(95_000)
    const baked = reports.filter(({ sinceMs }) => sinceMs >= evidence.bakeMs)
    expect(baked).toHaveLength(1)
    expect(baked[0]).toMatchObject({ phase: 'healthy', nextReportWithinMs: 60_000 })
    expect(baked[0]?.sinceMs).toBeLessThan(evidence.bakeMs + 2_000)
    expect(clock.monotonic() - appliedMs).toBe(95_000)
    reports.length = 0
    await clock.advance(600_000)
    expect(reports.length).toBeGreaterThanOrEqual(8)
    expect(reports.length).toBeLessThanOrEqual(13)
  })

  test('that it was seen is spread, where it changes nothing', async () => {
    const tellAfterMs = async (seed: number): Promise<number> => {
      const board = testBoard()
      const { clock, reports, client } = await running(board, { clientId: `client-${seed}` })
      board.release({ evidence })
      reports.length = 0
      const { sequence } = client.running.position ?? { sequence: 0 }
      while (client.running.position?.sequence === sequence) await clock.advance(100)
      const seenMs = clock.monotonic()
      while (reports.length === 0) await clock.advance(100)
      return clock.monotonic() - seenMs
    }
    const waited = await Promise.all(Array.from({ length: 12 }, (_, seed) => tellAfterMs(seed)))
    expect(Math.max(...waited)).toBeLessThanOrEqual(evidence.spreadMs + 1_200)
    expect(Math.min(...waited)).toBeGreaterThanOrEqual(0)
  })
})

/** A protection that does what it is told. */
function protectionOf(parts: Partial<Protection> = {}): Protection & { readonly asked: TrialRequest[] } {
  const asked: TrialRequest[] = []
  return {
    slot: 3,
    previous: undefined,
    quarantined: [],
    asked,
    async begin(trial) {
      asked.push(trial)
      return 'go'
    },
    drop() {},
    committed() {},
    earned() {},
    readmit() {},
    async close() {},
    ...parts,
  }
}

const protectedBy = (protection: Protection, onFree?: (free: () => void) => void): StateStorage => ({
  ...memoryFolder(),
  protect: async query => {
    onFree?.(query.onFree)
    return protection
  },
})

describe('a report', () => {
  const previous = { instanceId: 'before', digest: 'd'.repeat(64), end: 'abrupt', ranMs: 5_000 } as const

  test('of a life whose predecessor died comes before anything is tried', async () => {
    const board = testBoard()
    board.publish(doc(1))
    let atFirstTrial: readonly ClientReport[] = []
    const protection = protectionOf({
      previous,
      begin: async () => {
        atFirstTrial = [...client.reports]
        return 'go'
      },
    })
    const client: Harness = started(board, { state: protectedBy(protection) })
    await client.start()
    expect(atFirstTrial).toMatchObject([{ phase: 'waiting', previous, slot: 3, count: 1 }])
  })

  test('names what is under quarantine, and says so as its phase while that is what is asked for', async () => {
    const board = testBoard()
    const { digest } = board.put(doc(2))
    const quarantined = [{ digest, build: '', until: '2999-01-01T00:00:00.000Z' }]
    const client = await running(board, { state: protectedBy(protectionOf({ quarantined })) })
    expect(client.reports.at(-1)).toMatchObject({
      phase: 'applied',
      verdicts: [{ digest, verdict: 'quarantined' }],
    })
    board.publish(doc(2))
    await client.clock.advance(3_000)
    expect(client.client.current.pool.size).toBe(1)
    expect(client.reports.at(-1)).toMatchObject({ phase: 'quarantined', refused: digest })
  })

  test('says nothing of a quarantine any more that a release has ended, and what was held back runs', async () => {
    const board = testBoard()
    const { digest } = board.put(doc(2))
    const other = board.put(doc(3)).digest
    const until = '2999-01-01T00:00:00.000Z'
    let quarantined = [digest, other].map(held => ({ digest: held, build: '', until }))
    const protection: Protection = {
      ...protectionOf(),
      get quarantined() {
        return quarantined
      },
      readmit: digests => void (quarantined = quarantined.filter(held => !digests.includes(held.digest))),
    }
    const client = await running(board, { state: protectedBy(protection) })
    const { stable } = board.publish(doc(2))
    await client.clock.advance(3_000)
    expect(client.reports.at(-1)).toMatchObject({ phase: 'quarantined', refused: digest })
    const { sequence } = board.release({ stable, readmit: [{ digest, reason: 'the driver' }] })
    await client.clock.advance(3_000)
    expect(client.client.current.pool.size).toBe(2)
    expect(client.reports.at(-1)).toMatchObject({
      phase: 'applied',
      verdicts: [{ digest: other, verdict: 'quarantined' }],
    })
    // What it has heeded once, later releases say again to those who missed it.
    quarantined = [{ digest, build: '', until }]
    board.release({ stable, readmit: [{ digest, reason: 'the driver', since: sequence }] })
    await client.clock.advance(3_000)
    expect(quarantined).toHaveLength(1)
  })

  test('heeds a readmission of a release that it missed', async () => {
    const board = testBoard()
    const { digest } = board.put(doc(2))
    const heeded: string[] = []
    const state = protectedBy({ ...protectionOf(), readmit: digests => void heeded.push(...digests) })
    const { clock } = await running(board, { state })
    const { stable, sequence } = board.publish(doc(2), { readmit: [{ digest, reason: 'the driver' }] })
    board.release({ stable, readmit: [{ digest, reason: 'the driver', since: sequence }] })
    await clock.advance(3_000)
    expect(heeded).toEqual([digest])
  })

  test('holds what was refused, the latest at the end', async () => {
    const board = testBoard()
    const { clock, reports } = await running(board)
    for (const size of [0, 2_000, 3_000, 4_000, 5_000]) {
      board.publish(doc(size))
      await clock.advance(2_000)
    }
    const { verdicts = [] } = reports.at(-1) ?? {}
    expect(verdicts.map(({ digest }) => digest)).toEqual(
      [2_000, 3_000, 4_000, 5_000].map(size => board.put(doc(size)).digest),
    )
    expect(verdicts[0]).toEqual({
      digest: board.put(doc(2_000)).digest,
      verdict: 'rejected',
      code: 'invalid-document',
      validator: 'schema',
      path: 'pool.size',
    })
  })
})

describe('what may not be tried yet', () => {
  test('is tried once it may, from the bytes at hand; meanwhile what ran goes on, and is not live', async () => {
    const board = testBoard()
    let answer: 'go' | 'suspect' = 'go'
    let free = (): void => {}
    const protection = protectionOf({ begin: async () => answer })
    const { client, clock } = await running(board, {
      state: protectedBy(protection, given => (free = given)),
    })
    answer = 'suspect'
    board.publish(doc(2))
    await clock.advance(3_000)
    expect(client.current.pool.size).toBe(1)
    await clock.advance(60_000)
    expect(client.status).toBe('stale')
    const fetched = board.asked.snapshot
    answer = 'go'
    free()
    await clock.advance(1_000)
    expect(client.current.pool.size).toBe(2)
    expect(board.asked.snapshot).toBe(fetched)
    await clock.advance(2_000)
    expect(client.status).toBe('ready')
  })

  test('may be tried at once when nothing else runs, and the protection is told so', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const asked: boolean[] = []
    const protection = protectionOf({
      async begin({ hasOther }) {
        asked.push(hasOther)
        return hasOther ? 'suspect' : 'go'
      },
    })
    const { client, start } = started(board, { state: protectedBy(protection) })
    await start()
    expect(asked).toEqual([true, false])
    expect(client.current.pool.size).toBe(1)
  })

  test('is tried without protection where the disk does not take the mark', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const protection = protectionOf({
      begin: () => Promise.reject(Object.assign(new Error('full'), { code: 'ENOSPC' })),
    })
    const { client, start, logs } = started(board, { state: protectedBy(protection) })
    await start()
    expect(client.current.pool.size).toBe(1)
    expect(logs.join('\n')).toMatch(/cannot note which configuration is tried.*ENOSPC/)
  })

  test('asks for the turn of the folder only for a candidate', async () => {
    const board = testBoard()
    const protection = protectionOf()
    const { clock } = await running(board, { state: protectedBy(protection) })
    candidate(board, 2)
    await clock.advance(2_000)
    expect(protection.asked.map(({ exclusive }) => exclusive)).toEqual([false, true])
  })
})

test('what the process died of is tried after all where whatever else is asked for is refused', async () => {
  const board = testBoard()
  board.publish({ pool: { size: 'wrong' } })
  const suspect = candidate(board, 2)
  const protection = protectionOf({
    begin: async ({ digest, hasOther }) => (digest === suspect && hasOther ? 'suspect' : 'go'),
  })
  const { client, start } = started(board, { state: protectedBy(protection) })
  await start()
  expect(client.current.pool.size).toBe(2)
})
