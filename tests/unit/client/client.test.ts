import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import { closedAfterEach, memoryFolder, schema, testPlatform } from '../../support/client-harness.js'
import { testBoard } from './board.js'
import { BUCKETS, cohortHash } from '../../../src/core/release/audience.js'
import { readReport } from '../../../src/core/report/report-codec.js'
import { systemHasher } from '../../../src/system/system.js'
import { envOverrides } from '../../../src/client/apply/overrides.js'
import { createClient } from '../../../src/client/client.js'
import { onDemand } from '../../../src/strategies/on-demand.js'
import { pull } from '../../../src/strategies/pull.js'

const started = closedAfterEach(2_000)

const unreachable = new NoticeboardError('unavailable', 'no connection')
const doc = (size: number, more: object = {}): object => ({ pool: { size }, ...more })

describe('starting', () => {
  test('reads before the start say what to do', () => {
    const { client } = started(testBoard())
    expect(() => client.current).toThrow(
      expect.objectContaining({ code: 'not-ready', message: expect.stringContaining('await ready()') }),
    )
    expect(client.status).toBe('idle')
  })

  test('ready resolves to the client with the newest document, typed and frozen', async () => {
    const board = testBoard()
    board.publish(doc(10))
    const { client, clock } = started(board)
    const ready = client.ready()
    await clock.advance(10)
    expect(await ready).toBe(client)
    expect(client.current).toEqual({ pool: { size: 10 }, name: 'unnamed' })
    expect(Object.isFrozen(client.current.pool)).toBe(true)
    expect(client.status).toBe('ready')
    expect(client.running).toMatchObject({
      version: 1,
      origin: 'network',
      position: { sequence: 1 },
      overridden: [],
    })
  })

  test('without a server the defaults are taken after the time given, and the server is followed once it is there', async () => {
    const board = testBoard()
    board.failing = unreachable
    const { client, clock } = started(board, { defaults: { pool: { size: 7 } } })
    const ready = client.ready({ timeoutMs: 2_000, fallbackTo: 'defaults' })
    await clock.advance(2_000)
    await ready
    expect(client.current.pool.size).toBe(7)
    expect(client.running.origin).toBe('defaults')
    expect(client.status).toBe('stale')
    board.failing = undefined
    board.publish(doc(20))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(20)
    expect(client.status).toBe('ready')
  })

  test('without a server, state and defaults, ready rejects with the reason and the client still gets there later', async () => {
    const board = testBoard()
    board.failing = unreachable
    const { client, clock } = started(board)
    const ready = client.ready({ timeoutMs: 500 })
    const outcome = expect(ready).rejects.toMatchObject({
      code: 'not-ready',
      message: expect.stringContaining('no connection'),
    })
    await clock.advance(500)
    await outcome
    board.failing = undefined
    board.publish(doc(3))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(3)
  })

  test('a namespace to which nothing was published says so', async () => {
    const { client, clock } = started(testBoard())
    const outcome = expect(client.ready({ timeoutMs: 100 })).rejects.toThrow(/nothing was published/)
    await clock.advance(100)
    await outcome
  })

  test('defaults that do not pass the schema are refused at once, with path and without the value', async () => {
    const board = testBoard()
    board.publish(doc(10))
    const { client, clock } = started(board, { defaults: { pool: { size: 98_765 } } })
    const outcome = expect(client.ready()).rejects.toMatchObject({
      code: 'invalid-document',
      message: expect.stringContaining('pool.size'),
    })
    await clock.advance(10)
    await outcome
    await expect(client.ready()).rejects.not.toThrow(/98765|98_765/)
  })

  test.each([
    [{ namespace: '../x' }, /namespace/],
    [{ schema: undefined }, /schema/],
    [{ strategy: undefined }, /strategy/],
    [{ soakMs: Number.NaN }, /soakMs/],
    [{ labels: { region: 'a\nb' } }, /labels\.region/],
    [
      { labels: Object.fromEntries(['a', 'b', 'c', 'd', 'e'].map(name => [name, 'ü'.repeat(204)])) },
      /labels take 2076 bytes as JSON; 2048 are allowed/,
    ],
    [
      { labels: Object.fromEntries(Array.from({ length: 65 }, (_, index) => [`l${index}`, 'x'])) },
      /labels: a client may have 64 labels at most/,
    ],
    [{ clientId: '' }, /clientId/],
    [{ reports: { intervalMs: 3_600_001 } }, /reports\.intervalMs must be 3600000 \(an hour\) at most/],
  ])('an impossible option %o is refused at the call', (wrong, message) => {
    expect(() =>
      createClient({ namespace: 'a', schema, strategy: pull(testBoard().transport), ...wrong } as never),
    ).toThrow(message)
  })
})

describe('following', () => {
  test('a change reaches readers, listeners and selections, each once', async () => {
    const board = testBoard()
    board.publish(doc(10, { name: 'a' }))
    const { client, clock, start } = started(board)
    const changes: unknown[] = []
    const sizes: number[] = []
    client.on('change', ({ previous, current, release }) =>
      changes.push([previous?.pool.size, current.pool.size, release?.cause]),
    )
    client.select(({ pool }) => pool).subscribe(({ size }) => sizes.push(size))
    await start()
    board.publish(doc(10, { name: 'b' }))
    await clock.advance(60_000)
    board.publish(doc(11, { name: 'b' }))
    await clock.advance(60_000)
    expect(changes).toEqual([
      [undefined, 10, 'publish'],
      [10, 10, 'publish'],
      [10, 11, 'publish'],
    ])
    expect(sizes).toEqual([10, 11])
  })

  test('a listener that throws or rejects hurts nobody', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, start, logs } = started(board)
    let told = 0
    client.on('change', () => {
      throw new Error('secret-value')
    })
    client.on('change', () => Promise.reject(new Error('secret-value')))
    client.on('change', () => (told += 1))
    await start()
    expect(told).toBe(1)
    expect(logs.join()).toContain('a listener of "change" failed')
    expect(logs.join()).not.toContain('secret-value')
  })

  test('an older release is ignored, and the newest stays', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const old = board.newest as Uint8Array
    board.publish(doc(2))
    const { client, clock, start, errors } = started(board)
    await start()
    board.answer = { type: 'release', bytes: old, tag: 'old' }
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(2)
    expect(errors).toEqual([])
    expect(board.asked.tags).not.toContain('old')
  })

  test('another release at the same position is a fork: refused and told', async () => {
    const board = testBoard()
    const other = testBoard()
    board.publish(doc(1))
    other.publish(doc(2))
    const { client, clock, start, errors } = started(board)
    await start()
    board.answer = { type: 'release', bytes: other.newest as Uint8Array }
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(1)
    expect(errors).toContain('fork')
  })

  test('a higher epoch is followed although its sequence is lower; an equal number with another suffix is a fork', async () => {
    const board = testBoard()
    board.publish(doc(1))
    board.publish(doc(2))
    const { client, clock, start, errors } = started(board)
    await start()
    board.publish(doc(9), { epoch: '1-ffffffff', sequence: 7 })
    await clock.advance(60_000)
    expect(errors).toContain('fork')
    expect(client.current.pool.size).toBe(2)
    board.publish(doc(3), { epoch: '2-00000001', sequence: 1 })
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(3)
  })

  test('bytes that are no release move nothing: the tag of the last good one is asked with again', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, errors } = started(board)
    await start()
    const good = board.asked.tags.length
    board.answer = { type: 'release', bytes: new TextEncoder().encode('{"release":'), tag: 'poison' }
    await clock.advance(60_000)
    board.answer = undefined
    board.publish(doc(2))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(2)
    expect(errors).toContain('invalid-data')
    expect(board.asked.tags.slice(good)).not.toContain('poison')
  })

  test('a snapshot that is not there yet is asked for again until it is; readers keep what they had', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    const { stable } = board.publish(doc(2))
    board.missing.add(stable.variants[0].digest)
    await clock.advance(120_000)
    expect(client.current.pool.size).toBe(1)
    board.missing.clear()
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(2)
  })

  test('while a snapshot is fetched, a newer release cancels it', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    const { stable } = board.publish(doc(2))
    board.missing.add(stable.variants[0].digest)
    await clock.advance(60_000)
    board.publish(doc(3))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(3)
  })

  test('an hour of refused credentials ends when they are accepted again', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    board.failing = new NoticeboardError('unauthorized', 'the token is not accepted')
    board.publish(doc(2))
    await clock.advance(3_600_000)
    expect(client.current.pool.size).toBe(1)
    expect(client.status).toBe('stale')
    board.failing = undefined
    await clock.advance(100_000)
    expect(client.current.pool.size).toBe(2)
    expect(client.status).toBe('ready')
  })
})

describe('refusing', () => {
  test('a document that the schema refuses is not applied, told with its path, and not fetched again', async () => {
    const board = testBoard()
    board.publish(doc(10))
    const { client, clock, start, reports, logs } = started(board)
    const rejected: unknown[] = []
    client.on('rejected', ({ version, issues }) => rejected.push([version, issues[0]?.path]))
    await start()
    board.publish(doc(0, { name: 'hunter2' }))
    await clock.advance(60_000)
    const fetches = board.asked.snapshot
    await clock.advance(600_000)
    expect(client.current.pool.size).toBe(10)
    expect(rejected).toEqual([[2, 'pool.size']])
    expect(board.asked.snapshot).toBe(fetches)
    expect(reports.at(-1)).toMatchObject({
      phase: 'rejected',
      code: 'invalid-document',
      path: 'pool.size',
      applied: { sequence: 1 },
      seen: { sequence: 2 },
    })
    expect(JSON.stringify(reports) + logs.join()).not.toContain('hunter2')
  })

  test('a candidate that is refused leaves the stable one in force', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, reports } = started(board)
    await start()
    board.release({
      stable: { version: 2, variants: [board.put(doc(2))] },
      candidate: { version: 3, variants: [board.put(doc(0))] },
      audience: { salt: 's', clauses: [{ below: BUCKETS }] },
    })
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(2)
    expect(reports.at(-1)).toMatchObject({ phase: 'rejected', path: 'pool.size' })
  })

  test('with a build, a refusal holds over a restart; another build tries again', async () => {
    const board = testBoard()
    const state = memoryFolder()
    board.publish(doc(10))
    const first = started(board, { state, build: '1.0' })
    await first.start()
    board.publish(doc(0))
    await first.clock.advance(60_000)
    const fetched = board.asked.snapshot

    const same = started(board, { state, build: '1.0' })
    await same.start()
    expect(same.client.current.pool.size).toBe(10)
    expect(board.asked.snapshot).toBe(fetched)

    const next = started(board, { state, build: '1.1' })
    await next.start()
    expect(board.asked.snapshot).toBe(fetched + 1)
    expect(next.client.current.pool.size).toBe(10)
  })

  test('a readmission makes clients try again', async () => {
    const board = testBoard()
    board.publish(doc(10))
    let allow = false
    const { client, clock, start } = started(board, {
      validators: [
        {
          name: 'limit',
          validate: ({ pool }) =>
            pool.size > 50 && !allow ? { path: 'pool.size', message: 'too many' } : undefined,
        },
      ],
    })
    await start()
    const { stable } = board.publish(doc(60))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(10)
    allow = true
    board.release({
      stable,
      readmit: [{ digest: stable.variants[0].digest, reason: 'the limit was raised' }],
    })
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(60)
  })

  test('a release that names a feature which is not known here changes nothing and is reported', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, reports, errors } = started(board)
    await start()
    board.publish(doc(2), { crit: ['teleport'] })
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(1)
    expect(errors).toContain('unsupported')
    expect(reports.at(-1)).toMatchObject({ phase: 'rejected', code: 'unsupported' })
    board.publish(doc(3), { crit: ['spreadMs'] })
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(3)
  })

  test('a snapshot larger than allowed here is refused without being fetched', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board, { maxSnapshotBytes: 200 })
    await start()
    const before = board.asked.snapshot
    board.publish(doc(2, { name: 'x'.repeat(300) }))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(1)
    expect(board.asked.snapshot).toBe(before)
  })
})

describe('what a release says', () => {
  test('a variant is chosen by label', async () => {
    const board = testBoard()
    const variants = [{ when: { region: ['eu', 'us'] }, ...board.put(doc(5)) }, board.put(doc(6))] as const
    board.release({ stable: { version: 1, variants } })
    const eu = started(board, { labels: { region: 'eu' } })
    const asia = started(board, { labels: { region: 'asia' } })
    await eu.start()
    await asia.start()
    expect([eu.client.current.pool.size, asia.client.current.pool.size]).toEqual([5, 6])
  })

  test('only exposed clients run the candidate, and everybody once it is stable', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const bucket = Number.parseInt(cohortHash('salt', 'in', systemHasher).slice(0, 8), 16)
    const inside = started(board, { clientId: 'in' })
    const outside = started(board, { clientId: 'out' })
    await inside.start()
    await outside.start()
    const candidate = { version: 2, variants: [board.put(doc(2))] } as const
    board.release({
      candidate,
      audience: {
        salt: 'salt',
        clauses: [{ below: bucket + 1, ids: [cohortHash('salt', 'in', systemHasher).slice(0, 32)] }],
      },
    })
    for (const { clock } of [inside, outside]) await clock.advance(60_000)
    expect([inside.client.current.pool.size, outside.client.current.pool.size]).toEqual([2, 1])
    board.publish(doc(2))
    for (const { clock } of [inside, outside]) await clock.advance(60_000)
    expect(outside.client.current.pool.size).toBe(2)
  })

  test('an activation time is waited for; who comes late flips on arrival', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, reports } = started(board)
    await start()
    board.publish(doc(2), { activateAt: new Date(clock.now() + 300_000).toISOString() })
    await clock.advance(200_000)
    expect(client.current.pool.size).toBe(1)
    expect(reports.at(-1)?.phase).toBe('staged')
    await clock.advance(110_000)
    expect(client.current.pool.size).toBe(2)
    board.publish(doc(3), { activateAt: new Date(clock.now() - 1).toISOString() })
    await clock.advance(40_000)
    expect(client.current.pool.size).toBe(3)
  })

  test('fetches are spread as the release asks, but not the first of a client that has nothing', async () => {
    const board = testBoard()
    board.publish(doc(1), { spreadMs: 3_600_000 })
    const { client, clock, start } = started(board)
    await start()
    expect(client.current.pool.size).toBe(1)
    const { stable } = board.publish(doc(2), { spreadMs: 600_000 })
    const waitMs =
      (Number.parseInt(cohortHash(stable.variants[0].digest, 'host-a', systemHasher).slice(0, 8), 16) /
        BUCKETS) *
      600_000
    await clock.runUntil(() => board.asked.snapshot > 1, 700_000)
    expect(clock.monotonic()).toBeGreaterThanOrEqual(waitMs)
    expect(client.current.pool.size).toBe(2)
  })

  test('the same snapshot under a newer release moves the position and calls no listener', async () => {
    const board = testBoard()
    const { stable } = board.publish(doc(1))
    const { client, clock, start } = started(board)
    let changes = 0
    client.on('change', () => (changes += 1))
    await start()
    board.release({ stable })
    await clock.advance(60_000)
    expect(client.running.position?.sequence).toBe(2)
    expect(changes).toBe(1)
    expect(board.asked.snapshot).toBe(1)
  })
})

describe('state on disk', () => {
  test('a restart without a server begins from what ran, before ready gives up', async () => {
    const board = testBoard()
    const state = memoryFolder()
    board.publish(doc(42))
    const first = started(board, { state })
    await first.start()
    board.failing = unreachable
    const second = started(board, { state, defaults: { pool: { size: 1 } } })
    const ready = second.client.ready({ timeoutMs: 2_000 })
    await second.clock.advance(100)
    await ready
    expect(second.client.current.pool.size).toBe(42)
    expect(second.client.running).toMatchObject({ origin: 'state', version: 1 })
  })

  test('an older release is refused after a restart too', async () => {
    const board = testBoard()
    const state = memoryFolder()
    board.publish(doc(1))
    const old = board.newest as Uint8Array
    board.publish(doc(2))
    const first = started(board, { state })
    await first.start()
    board.answer = { type: 'release', bytes: old }
    const second = started(board, { state })
    await second.start()
    await second.clock.advance(60_000)
    expect(second.client.current.pool.size).toBe(2)
  })

  test('a disk that fails is a warning: the client follows and reports that nothing protects it', async () => {
    const board = testBoard()
    const state = memoryFolder()
    board.publish(doc(1))
    const { client, clock, start, logs, reports } = started(board, { state })
    await start()
    expect(reports.at(-1)?.protection).toBe('disk')
    state.broken = true
    board.publish(doc(2))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(2)
    expect(logs.join()).toContain('ENOSPC')
    expect(reports.at(-1)?.protection).toBe('none')
  })

  test('a kept snapshot that this build refuses is not run: the defaults are', async () => {
    const board = testBoard()
    const state = memoryFolder()
    board.publish(doc(900))
    const first = started(board, { state })
    await first.start()
    board.failing = unreachable
    const second = started(board, {
      state,
      defaults: { pool: { size: 5 } },
      validators: [
        {
          name: 'limit',
          validate: ({ pool }) => (pool.size > 100 ? { path: 'pool.size', message: 'too many' } : undefined),
        },
      ],
    })
    const ready = second.client.ready({ timeoutMs: 1_000 })
    await second.clock.advance(1_000)
    await ready
    expect(second.client.running.origin).toBe('defaults')
  })

  test('last-known-good is earned by running for a while, and a withdrawn snapshot leaves it', async () => {
    const board = testBoard()
    const state = memoryFolder()
    const { stable } = board.publish(doc(1))
    const { clock, start, reports } = started(board, { state, soakMs: 60_000 })
    await start()
    expect(state.saved.at(-1)?.good).toEqual([])
    await clock.advance(61_000)
    expect(state.saved.at(-1)?.good).toEqual([{ ...stable.variants[0], version: 1 }])
    expect(reports.at(-1)?.phase).toBe('healthy')
    board.publish(doc(2), { withdrawn: [stable.variants[0].digest] })
    await clock.advance(40_000)
    expect(state.saved.at(-1)?.good).toEqual([])
  })

  test('a withdrawn snapshot that runs on, since the newest is refused, does not become last-known-good', async () => {
    const board = testBoard()
    const state = memoryFolder()
    const { stable } = board.publish(doc(1))
    const { client, clock, start } = started(board, {
      state,
      soakMs: 60_000,
      validators: [{ name: 'v', validate: ({ pool }) => (pool.size === 2 ? { message: 'no' } : undefined) }],
    })
    await start()
    board.publish(doc(2), { withdrawn: [stable.variants[0].digest] })
    await clock.advance(200_000)
    expect(client.current.pool.size).toBe(1)
    expect(state.saved.at(-1)?.seen?.sequence).toBe(2)
    expect(state.saved.at(-1)?.good).toEqual([])
  })
})

describe('participants', () => {
  test('a veto keeps everybody, is reported, and is tried again later', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, reports, errors } = started(board)
    await start()
    const seen: string[] = []
    let refuse = true
    client.participate({
      name: 'a',
      prepare: () => ({ commit: () => seen.push('commit a'), discard: () => seen.push('discard a') }),
    })
    client.participate({
      name: 'b',
      prepare: () => {
        if (refuse) throw new Error('no')
        return { commit: () => seen.push('commit b') }
      },
    })
    board.publish(doc(2))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(1)
    expect(seen).toEqual(['discard a'])
    expect(errors).toContain('vetoed')
    expect(reports.at(-1)).toMatchObject({ phase: 'rejected', code: 'vetoed' })
    refuse = false
    await clock.advance(400_000)
    expect(client.current.pool.size).toBe(2)
    expect(seen).toEqual(['discard a', 'commit a', 'commit b'])
    expect(reports.at(-1)?.phase).not.toBe('rejected')
  })

  test('one that never answers is a veto after its time', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, errors } = started(board, { prepareTimeoutMs: 1_000 })
    await start()
    const off = client.participate({ name: 'slow', prepare: () => new Promise(() => {}) })
    board.publish(doc(2))
    await clock.advance(60_000)
    expect(client.current.pool.size).toBe(1)
    expect(errors).toContain('vetoed')
    off()
  })

  test.each<[string, () => never, string]>([
    [
      'throws',
      () => {
        throw new Error('hunter2-secret')
      },
      'refused the change',
    ],
    [
      'says why in words that are meant to be read',
      () => {
        throw new NoticeboardError('vetoed', 'the pool has no room\nfor more')
      },
      'refused the change: the pool has no room for more',
    ],
    [
      'fails with an error of the library that is about something else',
      () => {
        throw new NoticeboardError('unavailable', 'hunter2-secret')
      },
      'refused the change',
    ],
  ])(
    'the fleet sees which participant vetoed, and what it did: one that %s',
    async (_how, prepare, reason) => {
      const board = testBoard()
      board.publish(doc(1))
      const { client, clock, start, reports } = started(board)
      await start()
      client.participate({ name: 'db', prepare })
      board.publish(doc(2))
      await clock.advance(60_000)
      expect(reports.at(-1)).toMatchObject({ phase: 'rejected', code: 'vetoed', validator: 'db', reason })
      expect(readReport(JSON.parse(JSON.stringify(reports.at(-1))))).toMatchObject({ reason })
      expect(JSON.stringify(reports)).not.toContain('hunter2')
    },
  )

  test('participants switch in the tick in which readers see the change', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    const seen: number[] = []
    client.participate({ name: 'a', prepare: () => ({ commit: () => seen.push(client.current.pool.size) }) })
    client.participate({
      name: 'thrower',
      prepare: () => ({
        commit() {
          throw new Error('late')
        },
      }),
    })
    client.participate({ name: 'b', prepare: () => ({ commit: () => seen.push(client.current.pool.size) }) })
    board.publish(doc(2))
    await clock.advance(60_000)
    expect(seen).toEqual([2, 2])
  })
})

describe('operators', () => {
  test('pause keeps what runs until resume', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, reports } = started(board)
    await start()
    client.pause()
    board.publish(doc(2))
    await clock.advance(100_000)
    expect(client.current.pool.size).toBe(1)
    expect(reports.at(-1)).toMatchObject({ phase: 'paused', seen: { sequence: 2 }, applied: { sequence: 1 } })
    client.resume()
    await clock.advance(1_000)
    expect(client.current.pool.size).toBe(2)
  })

  test('a pin file wins over everything, loudly', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const platform = testPlatform(
      { NOTICEBOARD_PIN: '/pin.json' },
      { '/pin.json': '{ "checkout/prod": { "pool": { "size": 77 } } }' },
    )
    const { client, clock, start, logs } = started(board, { platform })
    await start()
    board.publish(doc(2))
    await clock.advance(100_000)
    expect(client.current.pool.size).toBe(77)
    expect(client.running.origin).toBe('pinned')
    expect(logs.some(line => line.startsWith('warn pinned'))).toBe(true)
  })

  test('a pin that does not pass is told at the start', async () => {
    const platform = testPlatform(
      { NOTICEBOARD_PIN: '/pin.json' },
      { '/pin.json': '{ "checkout/prod": { "pool": { "size": 0 } } }' },
    )
    const { client, clock } = started(testBoard(), { platform })
    const outcome = expect(client.ready()).rejects.toMatchObject({
      code: 'invalid-document',
      message: expect.stringContaining('pool.size'),
    })
    await clock.advance(10)
    await outcome
  })

  test('overrides are laid over the document and shown', async () => {
    const board = testBoard()
    board.publish(doc(1, { name: 'a' }))
    const platform = testPlatform({ CHECKOUT_POOL__SIZE: '33', CHECKOUT_NAME: '12' })
    const { client, start, reports } = started(board, {
      overrides: envOverrides('CHECKOUT_', { system: { platform } }),
    })
    await start()
    expect(client.current).toEqual({ pool: { size: 33 }, name: '12' })
    const overridden = ['name (CHECKOUT_NAME)', 'pool.size (CHECKOUT_POOL__SIZE)']
    expect(client.running.overridden).toEqual(overridden)
    expect(reports.at(-1)?.overridden).toEqual(overridden)
  })
})

describe('freshness', () => {
  test('a client whose server is gone becomes stale, and reads go on', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    const phases: string[] = []
    client.on('status', ({ current }) => phases.push(current))
    await start()
    board.failing = unreachable
    await clock.advance(200_000)
    expect(client.status).toBe('stale')
    expect(client.current.pool.size).toBe(1)
    expect(client.ageMs).toBeGreaterThan(90_000)
    board.failing = undefined
    await clock.advance(100_000)
    expect(phases).toEqual(['starting', 'ready', 'stale', 'ready'])
  })

  test('refresh looks now and resolves when the change is in force; it rejects when the look fails', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start } = started(board)
    await start()
    await clock.advance(60_000)
    board.publish(doc(2))
    const refreshed = client.refresh()
    await clock.advance(10)
    await refreshed
    expect(client.current.pool.size).toBe(2)
    board.failing = unreachable
    const failing = expect(client.refresh()).rejects.toMatchObject({ code: 'unavailable' })
    await clock.advance(10)
    await failing
  })
})

test('a client promises its next word within five minutes, and one on demand promises none', async () => {
  const board = testBoard()
  board.publish(doc(10))
  const { start, clock, reports } = started(board)
  await start()
  await clock.advance(3_600_000)
  const saidAtMs = reports.map(({ upMs }) => upMs)
  const gapsMs = saidAtMs.slice(2).map((atMs, index) => atMs - (saidAtMs[index + 1] ?? 0))
  expect(gapsMs.length).toBeGreaterThan(9)
  expect(Math.min(...gapsMs)).toBeGreaterThanOrEqual(240_000)
  expect(Math.max(...gapsMs)).toBeLessThanOrEqual(360_000)
  expect(new Set(reports.map(({ nextReportWithinMs }) => nextReportWithinMs))).toEqual(new Set([300_000]))

  const said: ClientReport[] = []
  const reporting = {
    ...board.transport,
    report: async (words: readonly ClientReport[]) => void said.push(...words),
  }
  const asked = started(board, { strategy: onDemand(reporting) })
  await asked.start()
  await asked.clock.advance(3_600_000)
  expect(said.length).toBeGreaterThan(0)
  for (const report of said) expect(report).not.toHaveProperty('nextReportWithinMs')
})

describe('closing', () => {
  test('ends in order: the fleet hears that it stopped, reads go on, twice is harmless, ready refuses', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, reports } = started(board)
    await start()
    const closing = Promise.all([client.close(), client.close()])
    await clock.advance(2_000)
    await closing
    expect(reports.at(-1)?.phase).toBe('stopped')
    expect(client.current.pool.size).toBe(1)
    expect(client.status).toBe('closed')
    expect(clock.pending).toBe(0)
    await expect(client.ready()).rejects.toMatchObject({ code: 'closed' })
  })

  test('a close before, and in the middle of the start leaves nothing behind', async () => {
    const { client } = started(testBoard())
    await client.close()
    const board = testBoard()
    board.publish(doc(1))
    const other = started(board)
    const ready = other.client.ready().catch((error: NoticeboardError) => error.code)
    const closing = other.client.close()
    await other.clock.advance(2_000)
    await closing
    expect(await ready).toBe('closed')
    expect(other.clock.pending).toBe(0)
  })
})

describe('a bare document', () => {
  test('its positions are not kept, so that a publisher may take over; what ran is found again', async () => {
    const state = memoryFolder()
    const board = testBoard({ epoch: '60000000-0000000a' })
    board.publish(doc(5))
    const bare = { ...board.transport, unmanaged: true as const }
    const first = started(board, { state, strategy: pull(bare) })
    await first.start()
    expect(first.client.running.origin).toBe('unmanaged')
    expect(state.saved.at(-1)?.seen).toBeUndefined()
    expect(state.saved.at(-1)?.applied).toBeUndefined()

    board.failing = unreachable
    const second = started(board, { state, strategy: pull(bare) })
    await second.start()
    expect(second.client.current.pool.size).toBe(5)
    expect(second.client.running).toMatchObject({ origin: 'state', position: undefined })

    const managed = testBoard()
    managed.publish(doc(6))
    const third = started(managed, { state })
    await third.start()
    expect(third.client.current.pool.size).toBe(6)
  })

  test('a release whose predecessor was another is told as a fork, and followed', async () => {
    const board = testBoard()
    board.publish(doc(1))
    const { client, clock, start, errors } = started(board)
    await start()
    board.publish(doc(2), { prev: 'f'.repeat(64) })
    await clock.advance(40_000)
    expect(errors).toContain('fork')
    expect(client.current.pool.size).toBe(2)
  })
})

test('after an outage the fleet hears of a client as soon as it is connected again, not after its backoff', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const { client, clock, start, reports } = started(board, { intervalMs: 5_000 })
  await start()
  board.failing = unreachable
  client.pause()
  await clock.advance(600_000)
  board.failing = undefined
  reports.length = 0
  await clock.runUntil(() => client.status === 'ready', 60_000)
  await clock.advance(1_100)
  expect(reports.at(-1)?.phase).toBe('paused')
})

test('a disk that never answers, as a network drive that is gone, holds up nobody', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const never = (): Promise<never> => new Promise(() => {})
  const gone = { clientId: never, load: never, save: never, readSnapshot: never, writeSnapshot: never }
  const { client, clock, start, reports, logs } = started(board, { state: gone })
  await start()
  await clock.advance(60_000)
  expect(client.current.pool.size).toBe(1)
  board.publish(doc(2))
  await clock.advance(90_000)
  expect(client.current.pool.size).toBe(2)
  expect(reports.at(-1)?.protection).toBe('none')
  expect(logs.join()).toContain('the state folder')
  const closing = client.close()
  await clock.advance(60_000)
  await closing
})
