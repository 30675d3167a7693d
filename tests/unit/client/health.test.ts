import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { createClient } from '../../../src/client/client.js'
import type { Digest } from '../../../src/contracts/names.js'
import { BUCKETS } from '../../../src/core/release/audience.js'
import { pull } from '../../../src/strategies/pull.js'
import {
  closedAfterEach,
  memoryFolder,
  schema,
  type Config,
  type Harness,
} from '../../support/client-harness.js'
import { namespace, testBoard, type TestBoard } from './board.js'

const started = closedAfterEach(5_000)
const doc = (size: number): object => ({ pool: { size } })
const all = { salt: 's', clauses: [{ below: BUCKETS }] }

/** An application that is well or not, as it is told for each size of its pool. */
interface Patient {
  /** What its probe does with each size; well unless told otherwise. */
  readonly ill: Map<number, 'unhealthy' | 'throws' | 'hangs'>
}

/** A client with a probe that runs the first version, and has earned it if `soaks`. */
async function running(
  board: TestBoard,
  options: Parameters<typeof started>[1] = {},
  { soaks = false } = {},
): Promise<Harness & Patient> {
  board.publish(doc(1))
  const ill: Patient['ill'] = new Map()
  const probe = ({ signal }: { signal: AbortSignal }): boolean | Promise<boolean> => {
    const how = ill.get((made.client.current as Config).pool.size)
    if (how === 'throws') throw new Error('no answer')
    if (how === 'hangs') return new Promise((_, reject) => void (signal.onabort = reject))
    return how === undefined
  }
  const made = started(board, { intervalMs: 1_000, health: { probe }, ...options })
  await made.start()
  await made.clock.advance(soaks ? 70_000 : 5_000)
  return { ...made, ill }
}

/** One whose probe says no to the second version, which is not published yet. */
async function illAtSecond(
  options: Parameters<typeof started>[1] = {},
  more: Parameters<typeof running>[2] = {},
): Promise<Harness & Patient & { readonly board: TestBoard }> {
  const board = testBoard()
  const made = await running(board, options, more)
  made.ill.set(2, 'unhealthy')
  return { ...made, board }
}

/** One with a folder that has taken back the second version, and runs the first. */
async function tookBack(state = memoryFolder()): ReturnType<typeof illAtSecond> {
  const made = await illAtSecond({ build: 'b', state }, { soaks: true })
  made.board.publish(doc(2))
  await made.clock.advance(45_000)
  expect(sizeOf(made)).toBe(1)
  return made
}

const sizeOf = ({ client }: Harness): number => client.current.pool.size

describe('a snapshot that a probe does not confirm', () => {
  test.each(['unhealthy', 'throws', 'hangs'] as const)(
    'is taken back after its time when the probe %s, reported so, and not tried again',
    async how => {
      const board = testBoard()
      const subject = await running(board, { build: 'b' })
      subject.ill.set(2, how)
      const { stable } = board.publish(doc(2))
      const [{ digest }] = stable.variants
      await subject.clock.advance(20_000)
      expect(sizeOf(subject)).toBe(2)
      // An answer that hangs is waited for beyond the 30 s.
      await subject.clock.advance(25_000)
      expect(sizeOf(subject)).toBe(1)
      const now = { unhealthy: 'unhealthy', throws: 'threw', hangs: 'timeout' }[how]
      expect(subject.reports.findLast(({ version }) => version === 2)?.health).toEqual({
        before: 'healthy',
        now,
      })
      expect(subject.reports.at(-1)).toMatchObject({
        phase: 'reverted',
        refused: digest,
        version: 1,
        code: 'unhealthy',
        validator: 'health',
        verdicts: [{ digest, verdict: 'reverted', code: 'unhealthy' }],
      })
      expect(subject.client.status).toBe('stale')
      await subject.clock.advance(600_000)
      expect(sizeOf(subject)).toBe(1)
      board.publish(doc(3))
      await subject.clock.advance(2_000)
      expect(sizeOf(subject)).toBe(3)
    },
  )

  test('gives way to what is stable, when it was a candidate', async () => {
    const board = testBoard()
    const subject = await running(board)
    const [stable, candidate] = [board.put(doc(4)), board.put(doc(2))]
    subject.ill.set(2, 'unhealthy')
    board.release({
      stable: { version: 2, variants: [stable] },
      candidate: { version: 3, variants: [candidate] },
      audience: all,
    })
    await subject.clock.advance(3_000)
    expect(sizeOf(subject)).toBe(2)
    await subject.clock.advance(40_000)
    expect(sizeOf(subject)).toBe(4)
    expect(subject.client.running.arm).toBe('stable')
  })

  test('is judged by the newest release, which may have come after it', async () => {
    const subject = await illAtSecond()
    const { board } = subject
    const candidate = { version: 3, variants: [board.put(doc(2))] as const }
    board.release({ candidate, audience: all })
    await subject.clock.advance(3_000)
    board.release({ stable: { version: 2, variants: [board.put(doc(4))] }, candidate, audience: all })
    await subject.clock.advance(3_000)
    expect(sizeOf(subject)).toBe(2)
    await subject.clock.advance(40_000)
    expect(subject.client.running).toMatchObject({ value: { pool: { size: 4 } }, position: { sequence: 3 } })
  })

  test('is not what a restart begins with', async () => {
    const state = memoryFolder()
    const { board } = await tookBack(state)
    board.failing = new NoticeboardError('unavailable', 'gone')
    const next = started(board, { build: 'b', state })
    await next.start()
    expect(sizeOf(next)).toBe(1)
  })
})

describe('a probe takes nothing back', () => {
  test('once the application was well at the end of the time', async () => {
    const subject = await illAtSecond()
    const { board } = subject
    board.publish(doc(2))
    await subject.clock.advance(15_000)
    subject.ill.delete(2)
    await subject.clock.advance(20_000)
    subject.ill.set(2, 'unhealthy')
    await subject.clock.advance(120_000)
    expect(sizeOf(subject)).toBe(2)
    expect(subject.reports.at(-1)).toMatchObject({
      phase: 'healthy',
      health: { before: 'healthy', now: 'unhealthy' },
    })
  })

  test('if the application was not well before', async () => {
    const board = testBoard()
    const subject = await running(board)
    for (const size of [1, 2]) subject.ill.set(size, 'unhealthy')
    board.publish(doc(2))
    await subject.clock.advance(120_000)
    expect(sizeOf(subject)).toBe(2)
    expect(subject.reports.at(-1)?.health).toEqual({ before: 'unhealthy', now: 'unhealthy' })
  })

  test.each(['rollback', 'kill', 'abort', 'retreat'])(
    'of a %s, which does not wait for it either',
    async cause => {
      const board = testBoard()
      const subject = await running(board)
      board.publish(doc(2))
      await subject.clock.advance(3_000)
      for (const size of [1, 2]) subject.ill.set(size, 'hangs')
      board.publish(doc(3), { cause })
      await subject.clock.advance(1_200)
      expect(sizeOf(subject)).toBe(3)
      subject.ill.set(3, 'unhealthy')
      await subject.clock.advance(300_000)
      expect(sizeOf(subject)).toBe(3)
    },
  )

  test('where the release withdraws what ran before, and nothing else is left', async () => {
    const subject = await illAtSecond()
    const { board } = subject
    board.publish(doc(2), { cause: 'resume', withdrawn: [board.put(doc(1)).digest] })
    await subject.clock.advance(120_000)
    expect(sizeOf(subject)).toBe(2)
    // It is earned once the probe says yes, and not sooner.
    expect(subject.reports.at(-1)).toMatchObject({ phase: 'applied', version: 2 })
    expect(subject.reports.at(-1)).not.toHaveProperty('verdicts')
    subject.ill.delete(2)
    await subject.clock.advance(90_000)
    expect(subject.reports.at(-1)).toMatchObject({ phase: 'healthy', version: 2 })
    // What comes after it gives way to it.
    subject.ill.set(3, 'unhealthy')
    board.publish(doc(3), { withdrawn: [board.put(doc(1)).digest] })
    await subject.clock.advance(3_000)
    expect(sizeOf(subject)).toBe(3)
    await subject.clock.advance(40_000)
    expect(sizeOf(subject)).toBe(2)
  })

  test('where a release that came meanwhile withdraws what ran before', async () => {
    const subject = await illAtSecond()
    const { board } = subject
    const { stable } = board.publish(doc(2))
    await subject.clock.advance(10_000)
    board.release({ stable, withdrawn: [board.put(doc(1)).digest] })
    await subject.clock.advance(120_000)
    expect(sizeOf(subject)).toBe(2)
    expect(subject.reports.at(-1)).toMatchObject({ phase: 'applied', version: 2 })
    // Once something else may run again, the probe takes it back.
    board.release({ stable })
    await subject.clock.advance(20_000)
    expect(sizeOf(subject)).toBe(1)
  })

  test('of the first value, which has nothing before it', async () => {
    const board = testBoard()
    const subject = await running(board)
    subject.ill.set(1, 'unhealthy')
    await subject.clock.advance(120_000)
    expect(sizeOf(subject)).toBe(1)
  })

  test('of what was earned before', async () => {
    const board = testBoard()
    const subject = await running(board, {}, { soaks: true })
    board.publish(doc(2))
    await subject.clock.advance(3_000)
    subject.ill.set(1, 'unhealthy')
    board.publish(doc(1))
    await subject.clock.advance(120_000)
    expect(sizeOf(subject)).toBe(1)
  })

  test('while the client is paused', async () => {
    const subject = await illAtSecond()
    const { board } = subject
    board.publish(doc(2))
    await subject.clock.advance(3_000)
    subject.client.pause()
    await subject.clock.advance(120_000)
    expect(sizeOf(subject)).toBe(2)
    subject.client.resume()
    await subject.clock.advance(20_000)
    expect(sizeOf(subject)).toBe(1)
  })
})

describe('what a probe took back runs again where a release leaves nothing else', () => {
  const withdrawn = (board: TestBoard, ...sizes: number[]): Digest[] =>
    sizes.map(size => board.put(doc(size)).digest)

  test('so that a rollback to it reaches the client as well', async () => {
    const subject = await tookBack()
    const { board } = subject
    board.publish(doc(3))
    await subject.clock.advance(3_000)
    expect(sizeOf(subject)).toBe(3)
    board.publish(doc(2), { cause: 'rollback', withdrawn: withdrawn(board, 1, 3) })
    await subject.clock.advance(3_000)
    expect(sizeOf(subject)).toBe(2)
    expect(subject.reports.at(-1)).toMatchObject({ phase: 'applied', version: 4 })
    expect(subject.reports.at(-1)).not.toHaveProperty('refused')
    await subject.clock.advance(300_000)
    expect(sizeOf(subject)).toBe(2)
    expect(subject.client.status).toBe('ready')
  })

  test('and not where what runs, or ran before, may run on', async () => {
    const subject = await tookBack()
    const { board } = subject
    board.publish(doc(3))
    await subject.clock.advance(3_000)
    board.publish(doc(2), { cause: 'rollback', withdrawn: withdrawn(board, 3) })
    await subject.clock.advance(300_000)
    expect(sizeOf(subject)).toBe(1)
    expect(subject.reports.at(-1)).toMatchObject({ phase: 'reverted', version: 1 })
  })

  test('so that a restart has a value, also without a network, and is not refused any more', async () => {
    const state = memoryFolder()
    const first = await tookBack(state)
    const { board } = first
    board.publish(doc(2), { withdrawn: withdrawn(board, 1) })
    await first.clock.advance(3_000)
    expect(sizeOf(first)).toBe(2)
    await first.client.close()
    expect(state.saved.at(-1)?.refused).toEqual([])
    board.failing = new NoticeboardError('unavailable', 'gone')
    const next = started(board, { build: 'b', state })
    await next.start()
    expect(sizeOf(next)).toBe(2)
  })

  test('and keeps what another build found of it', async () => {
    const state = memoryFolder()
    const first = await tookBack(state)
    const { board } = first
    await first.client.close()
    const saved = state.saved.at(-1)!
    const other = { ...saved.refused[0]!, build: 'a', code: 'invalid-document' }
    state.saved.push({ ...saved, refused: [other, ...saved.refused] })
    const second = started(board, { build: 'b', state, intervalMs: 1_000 })
    await second.start()
    board.publish(doc(2), { withdrawn: withdrawn(board, 1) })
    await second.clock.advance(3_000)
    expect(sizeOf(second)).toBe(2)
    expect(state.saved.at(-1)?.refused).toEqual([other])
  })
})

describe('a restart with what a probe took back before', () => {
  /** Folders of a client that runs the first version, and has taken back the second. */
  async function restarted(
    changes: (board: TestBoard, state: ReturnType<typeof memoryFolder>) => void,
  ): Promise<Harness> {
    const state = memoryFolder()
    const first = await tookBack(state)
    const { board } = first
    await first.client.close()
    changes(board, state)
    return started(board, { build: 'b', state, intervalMs: 1_000 })
  }

  test('runs last-known-good although a participant vetoed it once', async () => {
    const next = await restarted(() => {})
    let vetoes = 1
    next.client.participate({
      name: 'db',
      prepare() {
        vetoes -= 1
        if (vetoes >= 0) throw new Error('not up yet')
        return { commit() {}, discard() {} }
      },
    })
    await next.start()
    await next.clock.advance(120_000)
    expect(sizeOf(next)).toBe(1)
    expect(next.reports.at(-1)).toMatchObject({ phase: 'reverted', version: 1 })
  })

  test('fetches last-known-good where its file is lost', async () => {
    const next = await restarted((_, state) => state.snapshots.clear())
    await next.start()
    await next.clock.advance(3_000)
    expect(sizeOf(next)).toBe(1)
    expect(next.client.running).toMatchObject({ version: 1, position: { sequence: 2 } })
  })

  test('says of what it fetches at which release it ran before', async () => {
    const next = await restarted((_, state) => {
      const { load } = state
      state.load = async query => {
        const loaded = await load(query)
        return { ...loaded, state: { ...loaded.state, applied: { epoch: '1-0000000a', sequence: 1 } } }
      }
      state.snapshots.clear()
    })
    await next.start()
    await next.clock.advance(3_000)
    expect(next.client.running).toMatchObject({ version: 1, position: { sequence: 1 } })
  })

  test('runs last-known-good where a release that asks for it comes before the disk has answered', async () => {
    const next = await restarted((board, state) => {
      const { readSnapshot } = state
      state.readSnapshot = async query => {
        await next.clock.sleep(5_000, new AbortController().signal)
        return readSnapshot(query)
      }
      board.publish(doc(2), { cause: 'restamp' })
    })
    await next.start()
    await next.clock.advance(30_000)
    expect(sizeOf(next)).toBe(1)
  })
})

test('a snapshot is earned only after it was confirmed', async () => {
  const board = testBoard()
  const subject = await running(board)
  board.publish(doc(2))
  await subject.clock.advance(3_000)
  await subject.clock.advance(75_000)
  expect(subject.reports.at(-1)).toMatchObject({ phase: 'applied', version: 2 })
  await subject.clock.advance(30_000)
  expect(subject.reports.at(-1)).toMatchObject({ phase: 'healthy', version: 2 })
})

test('a probe is asked again 10 s after its answer, which may take 5 s', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const asked: number[] = []
  const given: number[] = []
  const probe = ({ signal }: { signal: AbortSignal }): Promise<boolean> => {
    const atMs = made.clock.monotonic()
    asked.push(atMs)
    return new Promise((_, reject) => {
      signal.onabort = () => {
        given.push(made.clock.monotonic() - atMs)
        reject(new Error('no answer'))
      }
    })
  }
  // Nobody waits for a confirmation, which is asked for at its own time.
  const made = started(board, { health: { probe, confirmMs: 600_000 } })
  await made.start()
  await made.clock.advance(61_000)
  const [, ...after] = asked
  const apart = after.slice(1).map((atMs, index) => atMs - (after[index] ?? 0))
  expect(new Set(apart)).toEqual(new Set([5_000 + 10_000]))
  expect(asked.length).toBeGreaterThan(3)
  expect(new Set(given)).toEqual(new Set([5_000]))
})

test('a probe is asked a second after a snapshot came into force, so that a short bake hears of it', async () => {
  const board = testBoard()
  const subject = await running(board, { soakMs: 1 })
  subject.ill.set(2, 'unhealthy')
  board.publish(doc(2))
  await subject.clock.advance(4_000)
  expect(sizeOf(subject)).toBe(2)
  expect(subject.reports.at(-1)).toMatchObject({
    version: 2,
    health: { before: 'healthy', now: 'unhealthy' },
  })
})

test('without a probe a report says nothing of health', async () => {
  const board = testBoard()
  board.publish(doc(1))
  const { start, reports } = started(board)
  await start()
  expect(reports.at(-1)).not.toHaveProperty('health')
})

test.each([
  [{ probe: 1 }, /probe must be a function/],
  [{ probe: () => true, confirmMs: 0 }, /confirmMs/],
  [{ probe: () => true, every: 1 }, /every/],
])('refuses options of health that make no sense: %j', (health, expected) => {
  const strategy = pull(testBoard().transport)
  expect(() => createClient({ namespace, schema, strategy, health: health as never })).toThrow(expected)
})
