import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { Client } from '../../../../src/client/client.js'
import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import type { Validator } from '../../../../src/contracts/validator.js'
import { everyone, type Fleet } from '../../../../src/publisher/index.js'
import { hybrid } from '../../../../src/strategies/hybrid.js'
import { pull } from '../../../../src/strategies/pull.js'
import { push } from '../../../../src/strategies/push.js'
import { memoryFolder } from '../../../support/client-harness.js'
import { memoryBoard, type Board } from './board.js'

vi.setConfig({ testTimeout: 60_000 })

const all = { rollout: everyone(), reason: 'an update' }
const STRATEGIES = { pull, push, hybrid }

/** A client of each strategy, which is what a document may hurt. */
function oneOfEach<S extends z.ZodType>(
  board: Board,
  schema: S,
  { prefix = '', ...options }: { prefix?: string; maxSnapshotBytes?: number } = {},
): readonly Client<z.output<S>>[] {
  return Object.entries(STRATEGIES).map(([name, make]) => {
    const who = `${prefix}${name}`
    return board.client({ schema, clientId: who, strategy: make(board.transport(who)), ...options }) as never
  })
}

const ready = (board: Board, clients: readonly Client<unknown>[]): Promise<unknown> =>
  board.drive(Promise.all(clients.map(client => client.ready({ timeoutMs: 30_000 }))))

/** Who stands where, by name. */
const states = (fleet: Fleet): readonly string[] =>
  fleet.type === 'known'
    ? fleet.members.map(({ state, report }) => `${report.clientId} ${state}`).toSorted()
    : []

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'done',
    error => (isNoticeboardError(error) ? error.code : String(error)),
  )

test('pool-zero: a pool of 0 instead of 100 is refused before it is published, and by every client where it was', async () => {
  const board = memoryBoard()
  const { clock } = board
  const loose = z.object({ pool: z.object({ size: z.number().int() }) })
  const strict = z.object({ pool: z.object({ size: z.number().int().min(1) }) })
  /** For those who have a use for 0: not from 100 at once. */
  const gently: Validator<z.output<typeof loose>> = {
    name: 'gently',
    validate({ pool: { size } }, { previous }) {
      const before = (previous as z.output<typeof loose> | undefined)?.pool.size
      return before === undefined || size * 2 >= before
        ? []
        : { path: 'pool.size', message: 'less than half' }
    },
  }
  const careful = board.publisher({ schema: strict })
  await board.drive(careful.publish({ pool: { size: 100 } }, all))
  const clients = [
    ...oneOfEach(board, strict),
    board.client({
      schema: loose,
      clientId: 'gentle',
      strategy: push(board.transport('gentle')),
      validators: [gently],
    }),
  ]
  await ready(board, clients)

  const before = board.asked.length
  for (const publisher of [careful, board.publisher({ schema: loose, validators: [gently] })]) {
    const refused = publisher.publish({ pool: { size: 0 } }, all)
    await expect(board.drive(refused)).rejects.toMatchObject({
      code: 'invalid-document',
      issues: [{ path: 'pool.size' }],
    })
  }
  expect(board.asked.slice(before).filter(({ method }) => method !== 'GET')).toEqual([])
  expect(await board.releases()).toBe(1)

  // Somebody with neither publishes it all the same.
  const careless = board.publisher({ schema: loose })
  await board.drive(careless.publish({ pool: { size: 0 } }, all))
  await clock.advance(60_000)
  expect(await board.releases()).toBe(2)
  expect(states(await board.drive(careless.fleet()))).toEqual(
    ['gentle', 'hybrid', 'pull', 'push'].map(name => `${name} rejected`),
  )
  expect(clients.map(({ current }) => current.pool.size)).toEqual([100, 100, 100, 100])

  await board.drive(careful.rollback({ reason: 'a typo' }))
  await clock.advance(60_000)
  expect(states(await board.drive(careless.fleet()))).toEqual(
    ['gentle', 'hybrid', 'pull', 'push'].map(name => `${name} current`),
  )
  await board.end()
})

test('cloudflare-200: a document that doubles past a hard limit is refused before it is written, and stops nobody', async () => {
  const board = memoryBoard({ maxSnapshotBytes: 30_000 })
  const { clock } = board
  const schema = z.object({ features: z.array(z.string()) })
  const features = (count: number): { features: string[] } => ({
    features: Array.from({ length: count }, (_, index) => `feature-${index}-${'x'.repeat(80)}`),
  })
  const publisher = board.publisher({ schema })
  await board.drive(publisher.publish(features(120), all))
  const clients = [
    ...oneOfEach(board, schema),
    ...oneOfEach(board, schema, { prefix: 'small-', maxSnapshotBytes: 20_000 }),
  ]
  const consumer = board.client({ schema, clientId: 'proxy', strategy: push(board.transport('proxy')) })
  // As the bot management module did: room for 200, and no plan for more.
  let panics = 0
  consumer.participate({
    name: 'bot-management',
    prepare({ features: given }) {
      if (given.length > 200) panics += 1
      if (given.length > 200) throw new Error('unwrap on an error')
      return { commit() {} }
    },
  })
  await ready(board, [...clients, consumer])

  // Past the store's limit: told before anything is sent.
  const before = board.asked.length
  expect(await board.drive(codeOf(publisher.publish(features(480), all)))).toBe('too-large')
  expect(board.asked.slice(before).filter(({ method }) => method !== 'GET')).toEqual([])
  expect(await board.releases()).toBe(1)

  // Past the limit of some who read: those keep what they run, and say so.
  await board.drive(publisher.publish(features(240), all))
  await clock.advance(60_000)
  expect(clients.map(({ current }) => current.features.length)).toEqual([240, 240, 240, 120, 120, 120])
  expect(panics).toBeGreaterThan(0)
  expect(consumer.current.features).toHaveLength(120)
  expect(states(await board.drive(publisher.fleet()))).toEqual([
    'hybrid current',
    'proxy rejected',
    'pull current',
    'push current',
    'small-hybrid rejected',
    'small-pull rejected',
    'small-push rejected',
  ])

  await board.drive(publisher.publish(features(150), all))
  await clock.advance(60_000)
  expect([...clients, consumer].map(({ current }) => current.features.length)).toEqual(
    [...clients, consumer].map(() => 150),
  )
  await board.end()
})

test('fb-old-schema: a build that cannot read a new document keeps what it ran, and the next build takes it', async () => {
  const board = memoryBoard()
  const { clock } = board
  const old = z.strictObject({ n: z.number() })
  const next = z.strictObject({ n: z.number(), mode: z.enum(['a', 'b']).optional() })
  const publisher = board.publisher({ schema: next })
  await board.drive(publisher.publish({ n: 1 }, all))
  const state = memoryFolder()
  const start = (build: string, schema: typeof old | typeof next): Client<{ n: number }> =>
    board.client({
      schema: schema as typeof next,
      clientId: 'web-1',
      build,
      state,
      strategy: hybrid(board.transport('web-1')),
    })

  const first = start('b1', old)
  await ready(board, [first])
  const verdicts: string[] = []
  first.on('rejected', ({ code }) => verdicts.push(code))
  await board.drive(publisher.publish({ n: 2, mode: 'b' }, all))
  await clock.advance(700_000)
  expect(verdicts).toEqual(['invalid-document'])
  expect(first.current).toEqual({ n: 1 })
  expect(states(await board.drive(publisher.fleet()))).toEqual(['web-1 rejected'])

  // The old build again: it remembers, and begins from what it ran.
  await board.drive(first.close())
  const again = start('b1', old)
  again.on('rejected', ({ code }) => verdicts.push(code))
  await ready(board, [again])
  await clock.advance(60_000)
  expect(again.current).toEqual({ n: 1 })
  expect(verdicts).toHaveLength(1)

  await board.drive(again.close())
  const newer = start('b2', next)
  await ready(board, [newer])
  expect(newer.current).toEqual({ n: 2, mode: 'b' })
  await board.end()
})

test('replane-callback-throws: a callback that throws ends neither the stream nor the other callbacks', async () => {
  const board = memoryBoard()
  const { clock, streams } = board
  const schema = z.object({ n: z.number() })
  const publisher = board.publisher({ schema })
  await board.drive(publisher.publish({ n: 1 }, all))
  const watching = oneOfEach(board, schema).slice(1)
  await ready(board, watching)
  const heard: string[] = []
  let thrown = 0
  const fail = (): never => {
    thrown += 1
    throw new Error('a bug of the application')
  }
  for (const client of watching) {
    client.on('change', fail)
    client.on('change', async () => fail())
    client.select(({ n }) => n).subscribe(fail)
    client.on('change', ({ current }) => heard.push(`changed to ${current.n}`))
    client.select(({ n }) => n).subscribe(n => heard.push(`told of ${n}`))
    client.on('rejected', fail)
    client.on('error', fail)
    client.on('status', fail)
  }
  heard.length = 0
  const opened = streams.length
  for (const n of [2, 3]) {
    thrown = 0
    await board.drive(publisher.publish({ n }, all))
    await clock.advance(5_000)
    expect(thrown).toBeGreaterThanOrEqual(3 * watching.length)
    expect(watching.map(({ current }) => current.n)).toEqual([n, n])
    expect(heard.splice(0).toSorted()).toEqual(
      [`changed to ${n}`, `changed to ${n}`, `told of ${n}`, `told of ${n}`].toSorted(),
    )
  }

  // A participant's throw is a veto: nobody changes, and the next release is judged anew.
  for (const client of watching)
    client.participate({ name: 'pool', prepare: ({ n }) => (n === 4 ? fail() : { commit() {} }) })
  await board.drive(publisher.publish({ n: 4 }, all))
  await clock.advance(5_000)
  expect(watching.map(({ current }) => current.n)).toEqual([3, 3])
  await board.drive(publisher.publish({ n: 5 }, all))
  await clock.advance(5_000)
  expect(watching.map(({ current }) => current.n)).toEqual([5, 5])
  expect(streams.length).toBe(opened)
  expect(streams.every(({ endedAtMs }) => endedAtMs === undefined)).toBe(true)
  await board.end()
})

test('knight-1-of-8: the one of eight that did not get it is known by its name', async () => {
  const board = memoryBoard()
  const { clock } = board
  const schema = z.object({ n: z.number() })
  const publisher = board.publisher({ schema })
  await board.drive(publisher.publish({ n: 1 }, all))
  const names = Array.from({ length: 8 }, (_, index) => `host-${index + 1}`)
  const clients = names.map(who =>
    board.client({
      schema,
      clientId: who,
      strategy: hybrid(board.transport(who)),
      reports: { intervalMs: 60_000 },
    }),
  )
  await ready(board, clients)
  await clock.advance(5_000)
  expect(states(await board.drive(publisher.fleet()))).toEqual(names.map(name => `${name} current`))

  board.meddle = (request, ask, who) =>
    who === 'host-8' ? Promise.reject(new TypeError('fetch failed')) : ask(request)
  for (const { who, cut } of board.streams) if (who === 'host-8') cut()
  await board.drive(publisher.publish({ n: 2 }, all))
  await clock.advance(5_000)
  expect(clients.map(({ current }) => current.n)).toEqual([2, 2, 2, 2, 2, 2, 2, 1])
  const seven = names.slice(0, 7).map(name => `${name} current`)
  expect(states(await board.drive(publisher.fleet()))).toEqual([...seven, 'host-8 behind'])
  // It does not count as done by being silent for long.
  await clock.advance(300_000)
  expect(states(await board.drive(publisher.fleet()))).toEqual([...seven, 'host-8 missing'])

  board.meddle = undefined
  await clock.advance(70_000)
  expect(clients.map(({ current }) => current.n)).toEqual([2, 2, 2, 2, 2, 2, 2, 2])
  expect(states(await board.drive(publisher.fleet()))).toEqual(names.map(name => `${name} current`))
  await board.end()
})
