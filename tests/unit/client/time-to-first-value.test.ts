import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { StateStorage } from '../../../src/contracts/state.js'
import type { Transport, WatchTransport } from '../../../src/contracts/transport.js'
import { hybrid } from '../../../src/strategies/hybrid.js'
import { onDemand } from '../../../src/strategies/on-demand.js'
import { pull } from '../../../src/strategies/pull.js'
import { push } from '../../../src/strategies/push.js'
import { fromSource } from '../../../src/transports/source.js'
import { testBoard } from './board.js'
import { closedAfterEach, memoryFolder, type Harness } from '../../support/client-harness.js'

const started = closedAfterEach(25_000)
const doc = (size: number): object => ({ pool: { size } })
const defaults = { pool: { size: 7 } }
const never = (): Promise<never> => new Promise(() => {})
const refused = new NoticeboardError('unavailable', 'cannot reach http://config.internal: connection refused')

/** When a promise settled, on the virtual clock, and how. */
async function settled(
  promise: Promise<unknown>,
  { clock }: Pick<Harness, 'clock'>,
  withinMs = 60_000,
): Promise<{ readonly atMs: number; readonly error: NoticeboardError | undefined }> {
  let end: { atMs: number; error: NoticeboardError | undefined } | undefined
  promise.then(
    () => (end = { atMs: clock.monotonic(), error: undefined }),
    (error: unknown) => (end = { atMs: clock.monotonic(), error: error as NoticeboardError }),
  )
  await clock.runUntil(() => end !== undefined, withinMs)
  if (end === undefined) throw new Error('it did not settle')
  return end
}

/** A board, and a state folder in which a client has noted that it ran the size 10. */
async function afterOneLife() {
  const board = testBoard()
  const state = memoryFolder()
  board.publish(doc(10))
  const first = started(board, { state })
  await settled(first.client.ready(), first)
  await first.clock.advance(1_000)
  return { board, state }
}

/** A drive that is gone: these operations never answer. */
const deadDrive = (...operations: readonly (keyof StateStorage)[]): StateStorage => {
  const protection: NonNullable<StateStorage['protect']> = async () => ({
    slot: 0,
    previous: undefined,
    quarantined: [],
    begin: async () => 'go',
    drop() {},
    committed() {},
    earned() {},
    readmit() {},
    close: async () => {},
  })
  return {
    ...memoryFolder(),
    protect: protection,
    ...Object.fromEntries(operations.map(name => [name, never])),
  }
}

const ALL = ['clientId', 'load', 'save', 'readSnapshot', 'writeSnapshot', 'protect'] as const

describe('a state folder on a drive that never answers', () => {
  test.each([
    ['anything', ALL],
    ['its name', ['clientId']],
    ['what ran', ['load']],
    ['how the last process ended', ['protect']],
  ] as const)(
    'asked for %s, keeps ready() from nothing: the value is there within 2 s',
    async (_what, operations) => {
      const board = testBoard()
      board.publish(doc(10))
      const made = started(board, { state: deadDrive(...operations) })
      const { atMs, error } = await settled(made.client.ready(), made)
      expect(error).toBeUndefined()
      expect(atMs).toBeLessThan(1_500)
      expect(made.client.current.pool.size).toBe(10)
    },
  )

  test('does not hold up the network, which is asked meanwhile', async () => {
    const board = testBoard()
    board.publish(doc(10))
    let askedMs = Number.POSITIVE_INFINITY
    const transport: Transport = {
      ...board.transport,
      async latest(query, signal) {
        askedMs = Math.min(askedMs, made.clock.monotonic())
        await made.clock.sleep(700, signal)
        return board.transport.latest(query, signal)
      },
    }
    const made = started(board, { strategy: pull(transport), state: deadDrive(...ALL) })
    const { atMs } = await settled(made.client.ready(), made)
    expect(askedMs).toBeLessThan(300)
    expect(atMs).toBeLessThan(1_300)
  })

  test('gives the defaults within 2 s where the server does not answer either', async () => {
    const made = started(testBoard(), {
      defaults,
      state: deadDrive(...ALL),
      strategy: pull({ ...testBoard().transport, latest: never }),
    })
    const { atMs, error } = await settled(made.client.ready(), made)
    expect(error).toBeUndefined()
    expect(atMs).toBeLessThanOrEqual(2_000)
    expect(made.client.running.origin).toBe('defaults')
  })

  test('rejects ready() after 2 s where there is nothing else, and not later', async () => {
    const made = started(testBoard(), {
      state: deadDrive(...ALL),
      strategy: pull({ ...testBoard().transport, latest: never }),
    })
    const { atMs, error } = await settled(made.client.ready(), made)
    expect(error).toMatchObject({ code: 'not-ready' })
    expect(atMs).toBeLessThanOrEqual(2_000)
  })

  test('is one warning for each thing that is missing, and close() does not wait for it again', async () => {
    const board = testBoard()
    board.publish(doc(10))
    const made = started(board, { state: deadDrive(...ALL) })
    await settled(made.client.ready(), made)
    await made.clock.advance(60_000)
    const beganMs = made.clock.monotonic()
    const { atMs } = await settled(made.client.close(), made)
    expect(atMs - beganMs).toBeLessThanOrEqual(1_000)
  })

  test('that goes away later, holds up close() and each change for one timeout in all', async () => {
    const board = testBoard()
    board.publish(doc(10))
    const folder = memoryFolder()
    let gone = false
    const state: StateStorage = {
      ...folder,
      save: query => (gone ? never() : folder.save(query)),
      writeSnapshot: query => (gone ? never() : folder.writeSnapshot(query)),
      readSnapshot: query => (gone ? never() : folder.readSnapshot(query)),
    }
    const made = started(board, { state, intervalMs: 1_000 })
    await settled(made.client.ready(), made)
    gone = true
    board.publish(doc(11))
    await made.clock.advance(12_000)
    expect(made.client.current.pool.size).toBe(11)
    board.publish(doc(12))
    await made.clock.advance(1_500)
    expect(made.client.current.pool.size).toBe(12)
    const beganMs = made.clock.monotonic()
    const { atMs } = await settled(made.client.close(), made)
    expect(atMs - beganMs).toBeLessThanOrEqual(1_000)
  })

  test('that comes back, is used again', async () => {
    const board = testBoard()
    board.publish(doc(10))
    const folder = memoryFolder()
    let answer = (): void => {}
    const state: StateStorage = {
      ...folder,
      load: query => new Promise(resolve => (answer = () => resolve(folder.load(query)))),
    }
    const made = started(board, { state, intervalMs: 1_000 })
    await settled(made.client.ready(), made)
    await made.clock.advance(5_000)
    expect(folder.saved).toEqual([])
    answer()
    board.publish(doc(11))
    await made.clock.advance(5_000)
    expect(folder.saved.at(-1)?.seen).toMatchObject({ sequence: 2 })
  })
})

describe('a state folder that is late while the server is down', () => {
  /** A second life of a client whose state folder answers so late. */
  const late = async (afterMs: number, options: Parameters<typeof started>[1] = {}) => {
    const { board, state } = await afterOneLife()
    board.failing = refused
    const made: Harness = started(board, {
      ...options,
      state: {
        ...state,
        async load(query) {
          await made.clock.sleep(afterMs, new AbortController().signal)
          return state.load(query)
        },
      },
    })
    return { made, board }
  }

  test('is waited for, since there is nothing else', async () => {
    const { made } = await late(1_800)
    const { atMs, error } = await settled(made.client.ready(), made)
    expect(error).toBeUndefined()
    expect(atMs).toBeLessThan(2_000)
    expect(made.client.current.pool.size).toBe(10)
  })

  test('holds up ready() by no more than its limit, and is used once it answers', async () => {
    const { made } = await late(5_000)
    const { atMs, error } = await settled(made.client.ready(), made)
    expect(error).toMatchObject({ code: 'not-ready', cause: refused })
    expect(atMs).toBeLessThanOrEqual(2_000)
    await made.clock.advance(3_500)
    expect(made.client.current.pool.size).toBe(10)
  })

  test('has 1.5 seconds whatever timeoutMs says', async () => {
    const inTime = await late(1_400)
    const first = await settled(inTime.made.client.ready({ timeoutMs: 0 }), inTime.made)
    expect(first.error).toBeUndefined()
    expect(inTime.made.client.current.pool.size).toBe(10)
    const tooLate = await late(1_600)
    const second = await settled(tooLate.made.client.ready({ timeoutMs: 0 }), tooLate.made)
    expect(second).toMatchObject({ atMs: 1_500, error: { code: 'not-ready' } })
  })

  test('takes the place of the defaults that ran meanwhile', async () => {
    const { made } = await late(5_000, { defaults })
    await settled(made.client.ready(), made)
    expect(made.client.running).toMatchObject({ origin: 'defaults', value: defaults })
    await made.clock.advance(5_000)
    expect(made.client.running).toMatchObject({ origin: 'state', value: doc(10) })
  })

  test('is given up at once when the server is back', async () => {
    const { made, board } = await late(8_000, { intervalMs: 500 })
    void made.client.ready().catch(() => {})
    await made.clock.advance(3_000)
    board.failing = undefined
    board.publish(doc(11))
    await made.clock.advance(2_000)
    expect(made.client.current.pool.size).toBe(11)
  })

  test('does not hold up close()', async () => {
    const { made } = await late(8_000)
    void made.client.ready().catch(() => {})
    await made.clock.advance(3_000)
    const beganMs = made.clock.monotonic()
    const { atMs } = await settled(made.client.close(), made)
    expect(atMs - beganMs).toBeLessThanOrEqual(1_000)
  })
})

test('a validator that never answers for what an earlier life ran does not keep a client from its server', async () => {
  const { board, state } = await afterOneLife()
  board.publish(doc(11))
  const hanging = {
    name: 'capacity',
    validate: ({ pool }: { readonly pool: { readonly size: number } }) =>
      pool.size === 10 ? never() : undefined,
  }
  const second = started(board, { state, validators: [hanging] })
  const { atMs } = await settled(second.client.ready(), second)
  expect(second.client.current.pool.size).toBe(11)
  expect(atMs).toBeLessThan(2_000)
})

describe('a first release that is refused', () => {
  const why = async (
    options: Parameters<typeof started>[1],
    size = 5_000,
  ): Promise<{ readonly atMs: number; readonly error: NoticeboardError | undefined }> => {
    const board = testBoard()
    board.publish(doc(size))
    const made = started(board, options)
    return settled(made.client.ready(), made)
  }

  test('by the schema, is why ready() rejects, at once, with the issues and the cause', async () => {
    const { atMs, error } = await why({})
    expect(error).toMatchObject({
      code: 'not-ready',
      message: expect.stringMatching(/^checkout\/prod: version 1 was refused: pool\.size: \S.* \(schema\)$/),
      issues: [{ path: 'pool.size', validator: 'schema' }],
      cause: { code: 'invalid-document', issues: [{ path: 'pool.size' }] },
    })
    expect(error?.message).not.toContain('5000')
    expect(atMs).toBeLessThan(100)
  })

  test('by a validator, is told with its name', async () => {
    const capacity = { name: 'capacity', validate: () => ({ path: 'pool.size', message: 'too many' }) }
    const { error } = await why({ validators: [capacity] }, 10)
    expect(error?.message).toBe('checkout/prod: version 1 was refused: pool.size: too many (capacity)')
    expect(error?.issues).toMatchObject([{ path: 'pool.size', message: 'too many', validator: 'capacity' }])
  })

  test('for its size, is told with the limit', async () => {
    const { error, atMs } = await why({ maxSnapshotBytes: 5 }, 10)
    expect(error?.message).toMatch(
      /version 1 was refused: .* this client allows 5 .maxSnapshotBytes. \(size\)/,
    )
    expect(error?.cause).toMatchObject({ code: 'too-large' })
    expect(atMs).toBeLessThan(100)
  })

  test('by a participant, is told with its name', async () => {
    const board = testBoard()
    board.publish(doc(10))
    const made = started(board)
    made.client.participate({
      name: 'database',
      prepare: () => {
        throw new Error('no')
      },
    })
    const { error, atMs } = await settled(made.client.ready(), made)
    expect(error?.message).toMatch(/^checkout\/prod: version 1 was refused: participant "database" refused/)
    expect(error?.cause).toMatchObject({ code: 'vetoed' })
    expect(atMs).toBeLessThan(100)
  })

  test('since it needs a newer library, is told with what to do', async () => {
    const board = testBoard()
    board.publish(doc(10), { crit: ['warp'], warp: 1 } as object)
    const made = started(board)
    const { error } = await settled(made.client.ready(), made)
    expect(error?.message).toMatch(/needs the feature "warp".*update noticeboard/)
    expect(error?.cause).toMatchObject({ code: 'unsupported' })
  })

  test('is also what reading a value says that is not there', async () => {
    const board = testBoard()
    board.publish(doc(5_000))
    const made = started(board)
    await settled(made.client.ready(), made)
    expect(() => made.client.current).toThrow(/no configuration yet.*version 1 was refused: pool\.size/)
  })

  test('lets the defaults run at once, and the log says why', async () => {
    const board = testBoard()
    board.publish(doc(5_000))
    const made = started(board, { defaults })
    const { atMs, error } = await settled(made.client.ready(), made)
    expect(error).toBeUndefined()
    expect(atMs).toBeLessThan(100)
    expect(made.client.running.origin).toBe('defaults')
    expect(made.logs.join('\n')).toMatch(
      /warn .*starting with the defaults: version 1 was refused: pool\.size/,
    )
  })

  test("lets what ran before run on at once, and with fallbackTo 'throw' it is an error as before", async () => {
    const { board, state } = await afterOneLife()
    board.publish(doc(5_000))
    const second = started(board, { state })
    const { atMs, error } = await settled(second.client.ready({ fallbackTo: 'throw' }), second)
    expect(error).toBeUndefined()
    expect(second.client.current.pool.size).toBe(10)
    expect(atMs).toBeLessThan(100)
    const third = started(board, { defaults })
    expect((await settled(third.client.ready({ fallbackTo: 'throw' }), third)).error).toMatchObject({
      message: expect.stringContaining('version 2 was refused'),
    })
  })

  test('is forgotten as a reason once a later one runs', async () => {
    const board = testBoard()
    board.publish(doc(5_000))
    const made = started(board, { intervalMs: 1_000 })
    await settled(made.client.ready(), made)
    board.publish(doc(5))
    const { error } = await settled(made.client.ready(), made)
    expect(error).toBeUndefined()
    expect(made.client.current.pool.size).toBe(5)
  })
})

describe('a server that refuses the connection', () => {
  const watched = (transport: Transport): WatchTransport => ({
    ...transport,
    // oxlint-disable-next-line require-yield -- it is refused
    async *watch() {
      throw refused
    },
  })

  test.each(['pull', 'hybrid', 'on-demand'] as const)(
    'lets %s start with its defaults at once, and says why',
    async name => {
      const board = testBoard()
      board.failing = refused
      const strategy = { pull, hybrid, 'on-demand': onDemand }[name](watched(board.transport))
      const made = started(board, { defaults, strategy })
      const { atMs, error } = await settled(made.client.ready(), made)
      expect(error).toBeUndefined()
      expect(atMs).toBeLessThan(100)
      expect(made.client.running.origin).toBe('defaults')
      expect(made.logs.join('\n')).toMatch(
        /starting with the defaults: no configuration: .*connection refused/,
      )
    },
  )

  test('is tried again for 2 s where there is nothing else, since it may be back by then', async () => {
    const board = testBoard()
    board.failing = refused
    const made = started(board)
    const ready = settled(made.client.ready(), made)
    board.failing = undefined
    board.publish(doc(3))
    expect((await ready).error).toBeUndefined()
  })

  test('and asks to be left alone for longer than that, is told at once', async () => {
    const board = testBoard()
    board.failing = new NoticeboardError('rate-limited', 'too many requests', { retryAfterMs: 30_000 })
    const made = started(board)
    const { atMs, error } = await settled(made.client.ready(), made)
    expect(error).toMatchObject({ code: 'not-ready', cause: { code: 'rate-limited' } })
    expect(error?.message).toContain('too many requests')
    expect(atMs).toBeLessThan(100)
  })

  test('ends the wait of a function at once, which looks only when it is asked', async () => {
    const board = testBoard()
    board.failing = refused
    const made = started(board, { strategy: onDemand(board.transport) })
    const { atMs, error } = await settled(made.client.ready(), made)
    expect(error?.message).toContain('connection refused')
    expect(atMs).toBeLessThan(100)
  })
})

describe('a file that is not there', () => {
  const missing = new NoticeboardError('not-found', 'cannot read /etc/checkout.yaml: there is no such file')
  const read = async (): Promise<never> => {
    throw missing
  }

  test.each(['pull', 'hybrid', 'push', 'on-demand'] as const)(
    'is told by %s as soon as that is known, with its path',
    async name => {
      const strategy = { pull, hybrid, push, 'on-demand': onDemand }[name]
      const made = started(testBoard(), { strategy: strategy(fromSource({ name: 'file', read })) })
      const { atMs, error } = await settled(made.client.ready(), made)
      expect(error).toMatchObject({ code: 'not-ready', cause: { code: 'not-found' } })
      expect(error?.message).toContain('/etc/checkout.yaml')
      expect(atMs).toBeLessThan(100)
    },
  )

  test('is waited for while the next look comes in time', async () => {
    const strategy = pull(fromSource({ name: 'file', read }), { pollIntervalMs: 300 })
    const made = started(testBoard(), { strategy })
    const { atMs, error } = await settled(made.client.ready(), made)
    expect(error?.code).toBe('not-ready')
    expect(atMs).toBeGreaterThan(1_600)
  })
})

test.each(['pull', 'on-demand'] as const)(
  'an empty board is told by %s at once, since it is not asked again in time',
  async name => {
    const board = testBoard()
    const strategy = {
      pull: pull(board.transport, { pollIntervalMs: 1e6 }),
      'on-demand': onDemand(board.transport),
    }
    const made = started(board, { strategy: strategy[name] })
    const { atMs, error } = await settled(made.client.ready(), made)
    expect(error?.message).toContain('nothing was published to this namespace yet')
    expect(error?.message).toContain('or give defaults')
    expect(atMs).toBeLessThan(100)
    expect(board.asked.latest).toBe(1)
  },
)

test('who gave defaults is not told to give some where the board is empty', async () => {
  const board = testBoard()
  const made = started(board, {
    strategy: pull(board.transport, { pollIntervalMs: 1e6 }),
    defaults: { pool: { size: 3 } },
  })
  await settled(made.client.ready(), made)
  expect(made.client.current.pool.size).toBe(3)
  expect(made.logs.find(line => line.includes('starting with the defaults'))).toMatch(
    /nothing was published to this namespace yet; publish a first version \{/,
  )
})

test('a stream that is refused lets nobody start on old values while the other way is being asked', async () => {
  const { board, state } = await afterOneLife()
  board.publish(doc(11))
  const transport: WatchTransport = {
    ...board.transport,
    async latest(query, signal) {
      await second.clock.sleep(50, signal)
      return board.transport.latest(query, signal)
    },
    // oxlint-disable-next-line require-yield -- a server of files has no streams
    async *watch() {
      throw new NoticeboardError('no-watch', 'no notifications here')
    },
  }
  const second = started(board, { state, defaults, strategy: hybrid(transport) })
  await settled(second.client.ready(), second)
  expect(second.client.current.pool.size).toBe(11)
})

/** A transport of which nothing comes, neither an answer nor an event. */
const silent = ({ transport }: ReturnType<typeof testBoard>): WatchTransport => ({
  ...transport,
  latest: never,
  watch: () => ({ [Symbol.asyncIterator]: () => ({ next: never }) }),
})

test('what a silent stream keeps is told when nothing else answers in time', async () => {
  const board = testBoard()
  const transport = silent(board)
  const made = started(board, { strategy: hybrid(transport) })
  const { atMs, error } = await settled(made.client.ready(), made)
  expect(error?.message).toMatch(/no configuration within 2000 ms: the stream from board is open and silent/)
  expect(atMs).toBe(2_000)
})

test.each([
  ['hybrid', hybrid, /: no answer arrived yet, and the stream is silent or not open.*proxy_buffering off/],
  ['pull', pull, /: no answer arrived yet$/],
])(
  'a start over %s whose time is up before anything came or failed says what it waited for',
  async (_, make, says) => {
    const board = testBoard()
    const transport = silent(board)
    const made = started(board, { strategy: make(transport) })
    const { error } = await settled(made.client.ready({ timeoutMs: 500 }), made)
    expect(error?.message).toMatch(says)
  },
)

test('a strategy of your own that throws is why ready() rejects', async () => {
  const made = started(testBoard(), {
    strategy: {
      name: 'mine',
      lookMs: 1_000,
      freshMs: 1_000,
      // oxlint-disable-next-line require-yield -- it throws
      async *deliver() {
        throw new TypeError('x is not a function')
      },
    },
  })
  const { error } = await settled(made.client.ready(), made)
  expect(error?.message).toContain('strategy mine failed')
})

test('a participant that joins after the first value is told in the log that it is asked from the next change on', async () => {
  const board = testBoard()
  board.publish(doc(10))
  const made = started(board, { intervalMs: 1_000 })
  const asked: string[] = []
  const join = (name: string): (() => void) =>
    made.client.participate({
      name,
      prepare: ({ pool }) => ({ commit: () => void asked.push(`${name} ${pool.size}`) }),
    })
  join('early')
  await settled(made.client.ready(), made)
  join('late')
  await made.clock.advance(1_000)
  expect(asked).toEqual(['early 10'])
  expect(made.logs.filter(line => line.includes('joined after the first value'))).toEqual([
    expect.stringMatching(/^info participant "late" .*next change.*current/),
  ])
  board.publish(doc(11))
  await made.clock.advance(2_000)
  expect(asked).toEqual(['early 10', 'early 11', 'late 11'])
})
