import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/client.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Strategy, StrategyEvent } from '../../../src/contracts/strategy.js'
import type { Transport, WatchTransport } from '../../../src/contracts/transport.js'
import { encodeMark } from '../../../src/core/release/mark.js'
import { BUCKETS } from '../../../src/core/release/audience.js'
import { systemHasher } from '../../../src/system/system.js'
import { hybrid } from '../../../src/strategies/hybrid.js'
import { onDemand } from '../../../src/strategies/on-demand.js'
import { pull } from '../../../src/strategies/pull.js'
import { fromSource } from '../../../src/transports/source.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { namespace, testBoard } from './board.js'
import { closedAfterEach, memoryFolder, testPlatform, type Harness } from '../../support/client-harness.js'

const started = closedAfterEach(5_000)

const doc = (size: number, more: object = {}): object => ({ pool: { size }, ...more })
const everyone = { salt: 's', clauses: [{ below: BUCKETS }] }
const never = (): Promise<never> => new Promise(() => {})
const refusing = {
  name: 'p',
  prepare: () => {
    throw new Error('no')
  },
}

/** How a promise stands after the clock was moved. */
async function after(promise: Promise<unknown>, { clock }: Harness, ms: number): Promise<string> {
  let how = 'pending'
  promise.then(
    () => (how = 'resolved'),
    (error: unknown) => (how = error instanceof NoticeboardError ? error.code : 'thrown'),
  )
  await clock.advance(ms)
  return how
}

test('a key that the schema does not know is named to who reads the log of its own file, and to nobody else', async () => {
  const strict = z.strictObject({ pool: z.strictObject({ size: z.number() }) }) as never
  const misspelt = { pool: { size: 1, szie: 2 } }
  const told = async (unmanaged: boolean) => {
    const board = testBoard()
    board.publish(misspelt)
    const reports: object[] = []
    const transport = {
      ...(unmanaged ? fromSource(() => misspelt) : board.transport),
      report: async (states: readonly object[]) => void reports.push(...states),
    }
    const state = memoryFolder()
    const { client, logs, clock, start } = started(board, {
      schema: strict,
      state,
      build: '7',
      strategy: pull(transport),
    })
    const rejected: string[] = []
    client.on('rejected', ({ issues }) => rejected.push(...issues.map(({ path }) => path)))
    await start()
    await clock.advance(40_000)
    const saved = JSON.stringify(state.saved.at(-1)?.refused)
    return { reports, rejected, saved, logs: logs.filter(line => line.includes('was refused')) }
  }
  const own = await told(true)
  expect([own.rejected, own.logs[0]]).toEqual([
    ['pool.szie'],
    expect.stringContaining('refused: pool.szie: unrecognized key'),
  ])
  expect(own.reports.at(-1)).toMatchObject({ phase: 'rejected', path: 'pool.*' })
  expect(own.saved).toContain('pool.*')
  expect(JSON.stringify(own.reports) + own.saved).not.toContain('szie')
  const reader = await told(false)
  expect(reader.reports.at(-1)).toMatchObject({ phase: 'rejected', path: 'pool.*' })
  expect(reader.rejected).toEqual(['pool.*'])
  expect(JSON.stringify(reader)).not.toContain('szie')
})

test('a key of its own file that the schema drops is in the log of a client, once; of a published document it is not', async () => {
  const schema = z.object({ pool: z.object({ size: z.number() }) }) as never
  const warned = async (unmanaged: boolean): Promise<readonly string[]> => {
    const board = testBoard()
    board.publish({ pool: { size: 1, szie: 2 } })
    const transport = unmanaged ? fromSource(() => ({ pool: { size: 1, szie: 2 } })) : board.transport
    const { logs, clock, start } = started(board, { schema, strategy: pull(transport) })
    await start()
    await clock.advance(100_000)
    return logs.filter(line => line.includes('szie'))
  }
  expect(await warned(true)).toEqual([
    expect.stringContaining('warn the schema drops pool.szie, so no program sees it; is it misspelt?'),
  ])
  expect(await warned(false)).toEqual([])
})

test('a client whose snapshot does not come tells the fleet which release it saw', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const { clock, start, reports } = started(board)
  await start()
  board.missing.add(board.put(doc(2)).digest)
  const { epoch, sequence } = board.publish(doc(2))
  await clock.advance(40_000)
  expect(reports.at(-1)).toMatchObject({ seen: { epoch, sequence }, applied: { epoch, sequence: 1 } })
})

test('a client that is flooded with forged marks logs a few lines a minute, with a count, and goes on', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const forged = (at: number): StrategyEvent => ({
    type: 'mark',
    bytes: encodeMark({
      v: 1,
      namespace,
      epoch: '1-0000000a',
      sequence: 1,
      digest: at.toString(16).padStart(64, 'f'),
      asOf: new Date(Date.UTC(2026, 0, 1) + at).toISOString(),
      validUntil: '2027-01-01T00:00:00.000Z',
    }),
  })
  const strategy: Strategy = {
    name: 'flooded',
    lookMs: 30_000,
    freshMs: 60_000,
    async *deliver({ clock, signal }) {
      yield { type: 'release', bytes: board.newest ?? new Uint8Array(), from: board.transport }
      for (let at = 1; at <= 5_000; at += 1) yield forged(at)
      await clock.sleep(1e9, signal)
    },
  }
  const { client, clock, logs, start } = started(board, { strategy })
  await start()
  await clock.advance(120_000)
  expect(client.current.pool.size).toBe(1)
  expect(logs.filter(line => /^(warn|error)/.test(line)).length).toBeLessThan(10)
  expect(logs.some(line => /"times":\d{4}/.test(line))).toBe(true)
})

describe('pausing', () => {
  test('a pause before the start keeps what an earlier life ran', async () => {
    const board = testBoard()
    const state = memoryFolder()
    board.publish(doc(1))
    await started(board, { state }).start()
    board.publish(doc(2))
    const second = started(board, { state })
    second.client.pause()
    await second.start()
    await second.clock.advance(60_000)
    expect(second.client.current.pool.size).toBe(1)
    second.client.resume()
    await second.clock.advance(10)
    expect(second.client.current.pool.size).toBe(2)
  })

  test('a pause stops a change that was on its way', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    board.missing.add(board.put(doc(2)).digest)
    board.publish(doc(2))
    await clock.advance(40_000)
    client.pause()
    board.missing.clear()
    await clock.advance(100_000)
    expect(client.current.pool.size).toBe(1)
    client.resume()
    await clock.advance(100)
    expect(client.current.pool.size).toBe(2)
  })

  test('after a veto, a pause and a newer release, the newest is what resume brings', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    const off = client.participate(refusing)
    board.publish(doc(2))
    await clock.advance(40_000)
    off()
    client.pause()
    board.publish(doc(3))
    await clock.advance(500_000)
    client.resume()
    await clock.advance(1_000)
    expect(client.current.pool.size).toBe(3)
    expect(client.running.position?.sequence).toBe(3)
  })

  test('a pinned client is ready at once, and stays pinned', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const platform = testPlatform(
      { NOTICEBOARD_PIN: '/pin.json' },
      { '/pin.json': '{ "checkout/prod": { "pool": { "size": 77 } } }' },
    )
    const pinned = started(board, { platform })
    expect(await after(pinned.client.ready({ timeoutMs: Infinity }), pinned, 100)).toBe('resolved')
    pinned.client.pause()
    pinned.client.resume()
    board.publish(doc(2))
    await pinned.clock.advance(100_000)
    expect(pinned.client.current.pool.size).toBe(77)
    expect(pinned.reports.at(-1)).toMatchObject({ phase: 'paused', code: 'pinned' })
  })
})

describe('refresh', () => {
  test.each([
    ['pull', pull],
    ['on-demand', onDemand],
  ])('that starts a client by %s asks the transport once, and later once each', async (_name, make) => {
    const board = testBoard()
    board.publish(doc(1))
    const made = started(board, { strategy: make(board.transport) })
    for (const size of [1, 2, 3]) {
      board.publish(doc(size))
      board.asked.latest = 0
      expect(await after(made.client.refresh(), made, 100)).toBe('resolved')
      expect([made.client.current.pool.size, board.asked.latest]).toEqual([size, 1])
      await made.clock.advance(100)
      expect(board.asked.latest).toBe(1)
    }
  })

  test('that starts a client whose stream is silent asks beside it after a second', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const silent: WatchTransport = {
      ...board.transport,
      // oxlint-disable-next-line require-yield -- it is silent
      async *watch(_query, signal) {
        await new Promise(resolve => signal.addEventListener('abort', resolve))
      },
    }
    const made = started(board, { strategy: hybrid(silent) })
    expect(await after(made.client.refresh(), made, 1_100)).toBe('resolved')
    expect(made.client.current.pool.size).toBe(1)
  })

  test('that starts a client whose stream is refused has what is asked beside it', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const refused: WatchTransport = {
      ...board.transport,
      // oxlint-disable-next-line require-yield -- it is refused
      async *watch() {
        throw new NoticeboardError('unavailable', 'connection refused')
      },
    }
    const made = started(board, { strategy: hybrid(refused) })
    expect(await after(made.client.refresh(), made, 100)).toBe('resolved')
    expect(made.client.current.pool.size).toBe(1)
  })

  test('ends while the client is paused', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const made = started(board)
    await made.start()
    made.client.pause()
    board.publish(doc(2))
    expect(await after(made.client.refresh(), made, 100)).toBe('resolved')
    expect(made.client.current.pool.size).toBe(1)
  })

  test('ends when what is released was vetoed, or cannot be understood', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const made = started(board)
    await made.start()
    const off = made.client.participate(refusing)
    board.publish(doc(2))
    expect(await after(made.client.refresh(), made, 100)).toBe('resolved')
    expect(await after(made.client.refresh(), made, 100)).toBe('resolved')
    off()
    board.release({ crit: ['later'] })
    expect(await after(made.client.refresh(), made, 100)).toBe('resolved')
    expect(await after(made.client.refresh(), made, 100)).toBe('resolved')
    expect(made.client.current.pool.size).toBe(1)
  })

  test('ends when a replica lags', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const older = board.newest as Uint8Array
    board.publish(doc(2))
    const made = started(board)
    await made.start()
    board.answer = { type: 'release', bytes: older }
    expect(await after(made.client.refresh(), made, 100)).toBe('resolved')
    expect(made.client.current.pool.size).toBe(2)
  })

  test('and ready end with closed when the client closes during its start', async () => {
    for (const call of ['refresh', 'ready'] as const) {
      const made = started(testBoard())
      const asked = call === 'refresh' ? made.client.refresh() : made.client.ready({ timeoutMs: Infinity })
      const how = after(asked, made, 3_000)
      void made.client.close()
      expect(await how).toBe('closed')
    }
  })
})

describe('things that hang', () => {
  const hanging = (
    board: ReturnType<typeof testBoard>,
    method: 'snapshot',
  ): { transport: Transport; hang: boolean } => {
    const made = {
      hang: false,
      transport: {
        ...board.transport,
        [method]: (query: never, signal: AbortSignal) =>
          made.hang ? never() : board.transport[method](query, signal),
      },
    }
    return made
  }

  test('a snapshot that never comes is asked for again, and does not stand in the way of a newer release or the end', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const wrapped = hanging(board, 'snapshot')
    const made = started(board, { strategy: pull(wrapped.transport, { pollIntervalMs: 30_000 }) })
    await made.start()
    wrapped.hang = true
    board.publish(doc(2))
    await made.clock.advance(40_000)
    wrapped.hang = false
    await made.clock.advance(200_000)
    expect(made.client.current.pool.size).toBe(2)
    wrapped.hang = true
    board.publish(doc(3))
    await made.clock.advance(40_000)
    wrapped.hang = false
    board.publish(doc(4))
    await made.clock.advance(40_000)
    expect(made.client.current.pool.size).toBe(4)
    wrapped.hang = true
    board.publish(doc(5))
    await made.clock.advance(40_000)
  })

  test('a validator that never answers gives way to a newer release, and to the end', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const made = started(board, {
      validators: [{ name: 'slow', validate: ({ pool }) => (pool.size % 2 === 0 ? never() : undefined) }],
    })
    await made.start()
    board.publish(doc(2))
    await made.clock.advance(40_000)
    board.publish(doc(3))
    await made.clock.advance(40_000)
    expect(made.client.current.pool.size).toBe(3)
    board.publish(doc(4))
    await made.clock.advance(40_000)
  })

  test('a report that is never taken does not hold up the end', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const made = started(board, { strategy: pull({ ...board.transport, report: never } as Transport) })
    await made.start()
    await made.clock.advance(5_000)
  })
})

describe('restarting', () => {
  test('what ran is confirmed without a change: one object, no listener, nothing to prepare', async () => {
    const board = testBoard()
    const state = memoryFolder()
    board.publish(doc(1))
    await started(board, { state }).start()
    const { client, clock } = started(board, { state })
    const seen: string[] = []
    client.on('change', ({ running }) => seen.push(running.origin))
    client.participate({ name: 'p', prepare: () => (seen.push('prepare'), { commit() {} }) })
    void client.ready()
    await clock.advance(1_000)
    expect(seen).toEqual(['prepare', 'state'])
    expect(client.running.origin).toBe('network')
    expect(client.status).toBe('ready')
  })

  test('with last-known-good in force and current unreadable, the next restart finds what was confirmed', async () => {
    const board = testBoard()
    const state = memoryFolder()
    board.publish(doc(1))
    const first = started(board, { state })
    await first.start()
    await first.clock.advance(70_000)
    const { digest: bad } = board.put(doc(2))
    board.publish(doc(2))
    await first.clock.advance(40_000)
    state.snapshots.delete(bad)
    board.publish(doc(1), { cause: 'rollback' })
    const second = started(board, { state })
    await second.start()
    await second.clock.advance(40_000)
    expect(second.client.current.pool.size).toBe(1)
    board.failing = new NoticeboardError('unavailable', 'gone')
    const third = started(board, { state })
    await third.start()
    expect(third.client.running).toMatchObject({ version: 3, value: { pool: { size: 1 } } })
    expect(state.saved.at(-1)?.current?.digest).toBe(third.client.running.digest)
  })

  test('a client that is not exposed any more does not start with the candidate that it ran', async () => {
    const board = testBoard()
    const state = memoryFolder()
    const stable = { version: 1, variants: [board.put(doc(1))] as const }
    const candidate = { version: 2, variants: [board.put(doc(2))] as const }
    board.release({
      sequence: 2,
      stable,
      candidate,
      audience: { salt: 's', clauses: [{ labels: { tier: ['canary'] } }] },
    })
    const first = started(board, { state, labels: { tier: 'canary' } })
    await first.start()
    expect(first.client.current.pool.size).toBe(2)
    board.answer = { type: 'unchanged' }
    const second = started(board, { state, labels: { tier: 'rest' } })
    await second.start()
    expect(second.client.status).toBe('starting')
    board.answer = undefined
    await second.clock.advance(40_000)
    expect(second.client.current.pool.size).toBe(1)
  })

  test.each(['withdrawn', 'given to others', 'not named any more'] as const)(
    'a candidate that is %s is left for last-known-good where the client refuses the stable version',
    async how => {
      const board = testBoard()
      const { client, clock, start } = started(board, {
        intervalMs: 1_000,
        validators: [
          { name: 'v', validate: ({ pool }) => (pool.size === 2 ? { message: 'no' } : undefined) },
        ],
      })
      board.publish(doc(1))
      await start()
      await clock.advance(70_000)
      const { stable } = board.publish(doc(2))
      await clock.advance(5_000)
      const candidate = { version: 3, variants: [board.put(doc(3))] as const }
      board.release({ stable, candidate, audience: everyone })
      await clock.advance(5_000)
      expect(client.current.pool.size).toBe(3)
      board.release({
        stable,
        ...(how === 'withdrawn' && { withdrawn: [candidate.variants[0].digest] }),
        ...(how === 'given to others' && { candidate, audience: { salt: 's', clauses: [{ below: 0 }] } }),
      })
      await clock.advance(5_000)
      expect(client.current.pool.size).toBe(1)
      // The release asks for what was refused; this is what came back in its place.
      expect(client.status).toBe('stale')
    },
  )

  test('what is withdrawn after it had become stable is left, too, where the client refuses what it goes back to', async () => {
    const board = testBoard()
    const { client, clock, start } = started(board, {
      intervalMs: 1_000,
      validators: [{ name: 'v', validate: ({ pool }) => (pool.size === 2 ? { message: 'no' } : undefined) }],
    })
    board.publish(doc(1))
    await start()
    await clock.advance(70_000)
    const { stable } = board.publish(doc(2))
    const promoted = board.publish(doc(3))
    await clock.advance(5_000)
    expect(client.current.pool.size).toBe(3)
    board.release({ stable, withdrawn: [promoted.stable.variants[0].digest] })
    await clock.advance(5_000)
    expect(client.current.pool.size).toBe(1)
    expect(client.status).toBe('stale')
  })

  test('a restart begins with no candidate that was given up, also where it counts as good', async () => {
    const board = testBoard()
    const state = memoryFolder()
    const { stable } = board.publish(doc(1))
    const first = started(board, { state, intervalMs: 1_000 })
    await first.start()
    board.release({ stable, candidate: { version: 2, variants: [board.put(doc(2))] }, audience: everyone })
    await first.clock.advance(70_000)
    const elsewhere = { version: 3, variants: [testBoard().put(doc(3))] as const }
    board.release({ stable: elsewhere, withdrawn: [stable.variants[0].digest] })
    await first.clock.advance(5_000)
    expect(first.client.current.pool.size).toBe(2)
    const second = started(board, { state, intervalMs: 1_000 })
    await second.start()
    expect(second.client.status).toBe('starting')
    board.put(doc(3))
    await second.clock.advance(70_000)
    expect(second.client.current.pool.size).toBe(3)
  })

  test('a candidate gives way to no earlier one that was given up', async () => {
    const board = testBoard()
    const { client, clock, start } = started(board, {
      intervalMs: 1_000,
      validators: [{ name: 'v', validate: ({ pool }) => (pool.size === 4 ? { message: 'no' } : undefined) }],
    })
    const { stable } = board.publish(doc(1))
    await start()
    await clock.advance(70_000)
    for (const size of [2, 3]) {
      board.release({
        stable,
        candidate: { version: size, variants: [board.put(doc(size))] },
        audience: everyone,
      })
      await clock.advance(70_000)
      expect(client.current.pool.size).toBe(size)
    }
    board.publish(doc(4))
    await clock.advance(5_000)
    expect(client.current.pool.size).toBe(1)
  })

  test('a candidate that a restart began with before the time of a release is left with it', async () => {
    const board = testBoard()
    const state = memoryFolder()
    const validators = [
      {
        name: 'v',
        validate: ({ pool }: { pool: { size: number } }) => (pool.size === 3 ? { message: 'no' } : undefined),
      },
    ]
    const { stable } = board.publish(doc(1))
    const first = started(board, { state, intervalMs: 1_000 })
    await first.start()
    await first.clock.advance(70_000)
    board.release({ stable, candidate: { version: 2, variants: [board.put(doc(2))] }, audience: everyone })
    await first.clock.advance(70_000)
    const activateAt = new Date(first.clock.now() + 3_600_000).toISOString()
    board.release({ stable: { version: 3, variants: [board.put(doc(3))] }, activateAt })
    await first.clock.advance(5_000)
    expect(first.client.current.pool.size).toBe(2)
    board.failing = new NoticeboardError('unavailable', 'gone')
    const second = started(board, { state, intervalMs: 1_000, validators })
    await second.start()
    const began = second.client.current.pool.size
    board.failing = undefined
    await second.clock.advance(3_800_000)
    expect([began, second.client.current.pool.size]).toEqual([2, 1])
  })

  test('a readmission counts once: what is refused again after it is not tried at each start', async () => {
    const board = testBoard()
    const state = memoryFolder()
    let asked = 0
    const validators = [
      {
        name: 'v',
        validate: ({ pool }: { pool: { size: number } }) =>
          pool.size === 2 ? ((asked += 1), { message: 'no' }) : undefined,
      },
    ]
    board.publish(doc(1))
    board.publish(doc(2))
    await started(board, { state, build: 'b', validators }).start()
    expect(asked).toBe(1)
    const { digest } = board.put(doc(2))
    const { epoch, sequence } = board.publish(doc(2), { readmit: [{ digest, reason: 'mended' }] })
    await started(board, { state, build: 'b', validators }).start()
    expect(asked).toBe(2)
    // Another instance that shares the folder may have refused it before.
    expect(state.saved.at(-1)?.readmitted).toEqual([{ digest, position: { epoch, sequence } }])
    await started(board, { state, build: 'b', validators }).start()
    expect(asked).toBe(2)
  })

  test('a state folder that cannot be written does not stop the start', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const state = {
      ...memoryFolder(),
      clientId: async () => {
        throw Object.assign(new Error('read only'), { code: 'EROFS' })
      },
    }
    const made = started(board, { state })
    await made.start()
    expect(made.client.current.pool.size).toBe(1)
    expect(made.logs.some(line => line.startsWith('warn') && line.includes('EROFS'))).toBe(true)
  })
})

describe('what others do', () => {
  test('a logger that throws hurts nobody', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const bad = (): never => {
      throw new Error('the disk of the log is full')
    }
    const { client, clock, start } = started(board, {
      logger: { debug: bad, info: bad, warn: bad, error: bad },
    })
    await start()
    board.publish({ pool: { size: 0 } })
    await clock.advance(40_000)
    board.publish(doc(3))
    await clock.advance(40_000)
    expect(client.current.pool.size).toBe(3)
  })

  test.each(['participant', 'listener'])('a %s may close the client in the middle of a change', async who => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    if (who === 'listener') client.on('change', () => void client.close())
    else client.participate({ name: 'p', prepare: () => ({ commit: () => void client.close() }) })
    board.publish(doc(2))
    await clock.advance(40_000)
    expect(client.current.pool.size).toBe(2)
    expect(client.status).toBe('closed')
  })

  test('a listener may pause the client: what comes after the change waits', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    const off = client.on('change', () => client.pause())
    board.publish(doc(2))
    await clock.advance(40_000)
    off()
    board.publish(doc(3))
    await clock.advance(40_000)
    expect(client.current.pool.size).toBe(2)
    client.resume()
    await clock.advance(1_000)
    expect(client.current.pool.size).toBe(3)
  })

  test('a listener that another one ended is not called any more', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, start } = started(board)
    const seen: string[] = []
    let end = (): void => {}
    client.on('change', () => end())
    end = client.on('change', () => seen.push('late'))
    await start()
    expect(seen).toEqual([])
  })

  test('what a schema froze on its outside is frozen inside too', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const made = started(board)
    const client = createClient({
      namespace,
      schema: z.object({ pool: z.object({ size: z.number() }) }).readonly(),
      strategy: pull(board.transport),
      system: { clock: made.clock, random: seededRandom(2), hasher: systemHasher, platform: testPlatform() },
    })
    void client.ready()
    await made.clock.advance(1_000)
    expect(Object.isFrozen(client.current.pool)).toBe(true)
    const closing = client.close()
    await made.clock.advance(2_000)
    await closing
  })

  test('a participant that prepares nothing is told so, and nobody changes', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, errors } = started(board)
    await start()
    client.participate({ name: 'p', prepare: (() => undefined) as never })
    board.publish(doc(2))
    await clock.advance(40_000)
    expect(errors).toContain('vetoed')
    expect(client.current.pool.size).toBe(1)
  })
})

test('many participants and selections put one listener on a signal each', async () => {
  const warnings: Error[] = []
  const hear = (warning: Error): void => void warnings.push(warning)
  process.on('warning', hear)
  const board = testBoard()
  board.publish(doc(1))
  const { client, clock, start } = started(board)
  const own = new AbortController()
  let told = 0
  for (let index = 0; index < 20; index += 1) {
    client.select(({ pool }) => pool.size).subscribe(() => (told += 1), { signal: own.signal })
    client.participate({ name: `p${index}`, prepare: async () => ({ commit() {} }) })
  }
  await start()
  expect(told).toBe(20)
  own.abort()
  board.publish(doc(2))
  await clock.advance(40_000)
  expect(client.current.pool.size).toBe(2)
  expect(told).toBe(20)
  await new Promise(resolve => setImmediate(resolve))
  process.off('warning', hear)
  expect(warnings).toEqual([])
})

describe('reports', () => {
  test('a candidate that was refused stays refused in the reports of later stages', async () => {
    const board = testBoard()
    const stable = { version: 1, variants: [board.put(doc(1))] as const }
    const candidate = { version: 2, variants: [board.put(doc(0))] as const }
    board.release({ sequence: 2, stable, candidate, audience: everyone })
    const { clock, start, reports } = started(board)
    await start()
    await clock.advance(2_000)
    expect(reports.at(-1)).toMatchObject({ phase: 'rejected', path: 'pool.size', seen: { sequence: 2 } })
    board.release({ sequence: 3, stable, candidate, audience: everyone })
    await clock.advance(40_000)
    expect(reports.at(-1)).toMatchObject({
      phase: 'rejected',
      refused: candidate.variants[0].digest,
      path: 'pool.size',
      seen: { sequence: 3 },
    })
    board.release({ sequence: 4, stable })
    await clock.advance(40_000)
    expect(reports.at(-1)?.phase).not.toBe('rejected')
  })

  test('are not pressed on a board that takes none: once a presence interval is enough', async () => {
    const board = testBoard()
    board.publish(doc(1))
    let asked = 0
    const report = async (): Promise<void> => {
      asked += 1
      throw new NoticeboardError('forbidden', 'nothing is taken here')
    }
    const made = started(board, { strategy: pull({ ...board.transport, report } as Transport) })
    await made.start()
    await made.clock.advance(3_600_000)
    expect(asked).toBeGreaterThan(8)
    expect(asked).toBeLessThan(18)
  })

  test('are not sent before the time that the server asked for, of which a minute counts at most', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const asked: number[] = []
    const report = async (): Promise<void> => {
      asked.push(made.clock.monotonic())
      throw new NoticeboardError('unavailable', 'busy', { retryAfterMs: 3_600_000 })
    }
    const made = started(board, { strategy: pull({ ...board.transport, report } as Transport) })
    await made.start()
    await made.clock.advance(600_000)
    const waits = asked.slice(1).map((atMs, before) => atMs - (asked[before] ?? 0))
    expect(waits.length).toBeGreaterThan(4)
    expect(Math.min(...waits)).toBeGreaterThanOrEqual(60_000)
  })
})

test('a start on demand looks once', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const made = started(board, { strategy: onDemand(board.transport) })
  expect(await after(made.client.ready(), made, 100)).toBe('resolved')
  expect(board.asked.latest).toBe(1)
})

describe('what a client says of itself', () => {
  test('a release that comes into force late proves what was newest when it was heard', async () => {
    const board = testBoard()
    board.publish(doc(1))
    let away = false
    const transport: Transport = {
      ...board.transport,
      async latest(query, signal) {
        if (away) throw new NoticeboardError('unavailable', 'away')
        return board.transport.latest(query, signal)
      },
    }
    const { client, clock, start } = started({ ...board, transport }, { vetoRetryMs: 120_000 })
    await start()
    const off = client.participate(refusing)
    board.publish(doc(2))
    await clock.advance(40_000)
    off()
    // From here on nobody hears whether there is a newer one.
    away = true
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(1)
    await clock.advance(100_000)
    expect(client.current.pool.size).toBe(2)
    expect(client.status).toBe('stale')
    expect(client.ageMs).toBeGreaterThanOrEqual(160_000)
    away = false
    await clock.advance(60_000)
    expect(client.status).toBe('ready')
    expect(client.ageMs).toBeLessThan(60_000)
  })

  test('a client on its defaults is stale while the newest release is refused, and ready with the next good one', async () => {
    const board = testBoard()
    board.publish(doc(5_000))
    const { client, clock, start } = started(board, { defaults: { pool: { size: 7 } } })
    const ready = client.ready({ timeoutMs: 1_000 })
    await start()
    await ready
    expect(client.running.origin).toBe('defaults')
    expect(board.asked.latest).toBe(1)
    // They are not what the newest release asks for, however often it is found again.
    expect([client.status, client.ageMs]).toEqual(['stale', Number.POSITIVE_INFINITY])
    await clock.advance(100_000)
    expect([client.status, client.ageMs]).toEqual(['stale', Number.POSITIVE_INFINITY])
    board.publish(doc(5))
    await clock.advance(40_000)
    expect(client.status).toBe('ready')
  })

  test('defaults that come while nobody has answered yet are no proof', async () => {
    const board = testBoard()
    board.failing = new NoticeboardError('unavailable', 'away')
    const { client, start } = started(board, { defaults: { pool: { size: 7 } } })
    const ready = client.ready({ timeoutMs: 1_000 })
    await start()
    await ready
    expect(client.status).toBe('stale')
    expect(client.ageMs).toBe(Number.POSITIVE_INFINITY)
  })

  test.each(['the same', 'a newer'])(
    'a release that a stream brings late, %s, proves what was newest when others were told of it',
    async which => {
      const board = testBoard()
      board.publish(doc(1))
      const bytes = (): Uint8Array => board.newest ?? new Uint8Array()
      const strategy: Strategy = {
        ...pull(board.transport),
        freshMs: 30_000,
        async *deliver({ clock, signal }) {
          yield { type: 'release', bytes: bytes(), from: board.transport }
          await clock.sleep(20_000, signal)
          yield { type: 'release', bytes: bytes(), from: board.transport, ageMs: 12_000 }
          await clock.sleep(Number.POSITIVE_INFINITY, signal)
        },
      }
      const { client, clock, start } = started(board, { strategy })
      await start()
      expect([client.status, client.ageMs]).toEqual(['ready', 1_000])
      if (which === 'a newer') board.publish(doc(2))
      await clock.advance(20_000)
      expect(client.current.pool.size).toBe(which === 'a newer' ? 2 : 1)
      expect(client.ageMs).toBe(13_000)
      await clock.advance(18_000)
      expect(client.status).toBe('stale')
    },
  )

  test('a release that was known before the last answer takes no proof away', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const strategy: Strategy = {
      ...pull(board.transport),
      async *deliver({ clock, signal }) {
        const release = {
          type: 'release',
          bytes: board.newest ?? new Uint8Array(),
          from: board.transport,
        } as const
        yield release
        yield { ...release, ageMs: 20_000 }
        await clock.sleep(Number.POSITIVE_INFINITY, signal)
      },
    }
    const { client, start } = started(board, { strategy })
    await start()
    expect([client.status, client.ageMs]).toEqual(['ready', 1_000])
  })

  test('a report names nothing as applied while nothing runs, whatever an earlier life ran', async () => {
    const board = testBoard()
    const state = memoryFolder()
    board.publish(doc(1))
    const first = started(board, { state })
    await first.start()
    await first.clock.advance(5_000)
    expect(first.reports.at(-1)).toMatchObject({ applied: { sequence: 1 } })
    const second = started(board, { state })
    second.client.participate(refusing)
    await second.start()
    await second.clock.advance(5_000)
    expect(second.client.status).toBe('starting')
    expect(second.reports.at(-1)).toMatchObject({ seen: { sequence: 1 }, code: 'vetoed' })
    expect(second.reports.at(-1)).not.toHaveProperty('applied')
  })
})

describe('a client whose newest release does not run', () => {
  const runsOne = async (options: Parameters<typeof started>[1] = {}) => {
    const board = testBoard()
    board.publish(doc(1))
    const made = started(board, { intervalMs: 1_000, vetoRetryMs: 600_000, ...options })
    await made.start()
    return { ...made, board }
  }

  test('is stale from the moment at which its schema refuses it, ages, and is ready with the next one', async () => {
    const { client, clock, board } = await runsOne()
    const statuses: string[] = []
    client.on('status', ({ current }) => statuses.push(current))
    board.publish(doc(5_000))
    await clock.advance(2_000)
    expect(client.status).toBe('stale')
    expect(client.current.pool.size).toBe(1)
    await clock.advance(300_000)
    expect(client.status).toBe('stale')
    expect(client.ageMs).toBeGreaterThan(300_000)
    board.publish(doc(3))
    await clock.advance(2_000)
    expect(client.status).toBe('ready')
    expect(client.ageMs).toBeLessThan(2_000)
    expect(statuses).toEqual(['stale', 'ready'])
  })

  test('is stale from the moment at which a participant vetoes it', async () => {
    const { client, clock, board } = await runsOne()
    const off = client.participate(refusing)
    board.publish(doc(2))
    await clock.advance(2_000)
    expect(client.status).toBe('stale')
    off()
    await clock.advance(750_000)
    expect([client.current.pool.size, client.status]).toEqual([2, 'ready'])
  })

  test('is stale from the moment at which it turns out to need a newer library', async () => {
    const { client, clock, board } = await runsOne()
    board.publish(doc(2), { crit: ['warp'], warp: 1 } as object)
    await clock.advance(2_000)
    expect(client.status).toBe('stale')
  })

  test('waits for nothing in a later ready(), whatever strategy it has', async () => {
    const { client, clock, board } = await runsOne()
    board.publish(doc(5_000))
    await clock.advance(2_000)
    const beganMs = clock.monotonic()
    await client.ready()
    expect(clock.monotonic()).toBe(beganMs)
  })

  test('asks no more often than maxAgeMs says, on demand', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock } = started(board, { strategy: onDemand(board.transport, { maxAgeMs: 10_000 }) })
    const readying = async (): Promise<void> => {
      const ready = client.ready()
      await clock.advance(10)
      await ready
    }
    await readying()
    board.publish(doc(5_000))
    await clock.advance(20_000)
    await readying()
    const { latest } = board.asked
    await readying()
    await readying()
    expect(board.asked.latest).toBe(latest)
    await clock.advance(20_000)
    await readying()
    expect(board.asked.latest).toBe(latest + 1)
  })

  test('calls itself stale once its proof is too old, without a timer that says so', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock } = started(board, { strategy: onDemand(board.transport, { maxAgeMs: 10_000 }) })
    const ready = client.ready()
    await clock.advance(10)
    await ready
    await clock.advance(9_000)
    expect(client.status).toBe('ready')
    await clock.advance(1_000)
    expect(client.status).toBe('stale')
    expect(client.current.pool.size).toBe(1)
    const again = client.ready()
    await clock.advance(10)
    await again
    expect(client.status).toBe('ready')
  })

  test('is ready all the same when what the release names for it otherwise runs: a stage that it refused', async () => {
    const { client, clock, board } = await runsOne()
    const stable = { version: 1, variants: [board.put(doc(1))] as const }
    board.release({
      stable,
      candidate: { version: 2, variants: [board.put(doc(5_000))] },
      audience: everyone,
      cause: 'publish',
    } as never)
    await clock.advance(2_000)
    expect([client.current.pool.size, client.status]).toEqual([1, 'ready'])
  })
})
