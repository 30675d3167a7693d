import { expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { LogEntry, Store } from '../../../src/contracts/transport.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { encodeText } from '../../../src/core/json/text.js'
import { createLifetime } from '../../../src/server/http/lifetime.js'
import { createHandler } from '../../../src/server/index.js'
import { readingRoutes } from '../../../src/server/routes/reading-routes.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { started } from '../../support/asking.js'
import { reportOf } from '../../support/report-of.js'
import { NAMESPACE, never, publish } from '../../support/server-fixtures.js'

const TOKEN = 'a-token-of-the-operator'

test('a server that closes lets go of a log that its reader does not read on', async () => {
  const clock = virtualClock()
  const board = memory({ system: { clock } })
  await publish(board, { size: 1 })
  const ended: string[] = []
  const store: Store = Object.assign(Object.create(board) as Store, {
    async *history(query: { readonly namespace: string }, signal: AbortSignal): AsyncGenerator<LogEntry> {
      try {
        for (;;) yield* board.history(query, signal)
      } finally {
        ended.push(signal.aborted ? 'aborted' : 'returned')
      }
    },
  })
  const handler = createHandler(store, { system: { clock }, write: { token: TOKEN } })
  const response = await handler.fetch(
    new Request(`http://board.test/v1/${NAMESPACE}/~history`, {
      headers: { authorization: `Bearer ${TOKEN}` },
    }),
  )
  const reader = response.body!.getReader()
  expect((await reader.read()).done).toBe(false)
  expect(ended).toEqual([])

  const closed = handler.close({ drainMs: 0, graceMs: 1 })
  await clock.advance(10)
  await closed
  await clock.advance(10)
  expect(ended).toEqual(['aborted'])
  // What was cut must not look like a whole log.
  const readOn = async (): Promise<void> => {
    while (!(await reader.read()).done);
  }
  await expect(readOn()).rejects.toMatchObject({ code: 'closed' })
})

test('a log that is asked for when the server has ended is refused, and not read', async () => {
  let reads = 0
  const board = memory()
  const source: Store = Object.assign(Object.create(board) as Store, {
    async *history(): AsyncGenerator<LogEntry> {
      reads += 1
      yield { bytes: new Uint8Array() }
    },
  })
  const lifetime = createLifetime()
  lifetime.end(new NoticeboardError('closed', 'the server was closed'))
  const { history } = readingRoutes({
    transport: source,
    lifetime,
    hub: undefined as never,
    snapshots: undefined as never,
    deltas: undefined as never,
  })
  const answer = history({ namespace: NAMESPACE, limit: undefined }, new AbortController().signal)
  await expect(answer).rejects.toMatchObject({ code: 'closed' })
  expect(reads).toBe(0)
})

test('a log whose reader goes away before it begins has not failed', async () => {
  const clock = virtualClock()
  const logged: string[] = []
  const log = (message: string): void => void logged.push(message)
  const reader = new AbortController()
  const store: Store = Object.assign(Object.create(memory({ system: { clock } })) as Store, {
    async *history(_query: unknown, signal: AbortSignal): AsyncGenerator<LogEntry> {
      reader.abort()
      signal.throwIfAborted()
      yield { bytes: new Uint8Array() }
    },
  })
  const handler = createHandler(store, {
    system: { clock },
    write: { token: TOKEN },
    logger: { debug: log, info: log, warn: log, error: log },
  })
  const { status } = await handler.fetch(
    new Request(`http://board.test/v1/${NAMESPACE}/~history`, {
      headers: { authorization: `Bearer ${TOKEN}` },
      signal: reader.signal,
    }),
  )
  expect({ status, logged }).toEqual({ status: 503, logged: [] })
  const closed = handler.close({ drainMs: 0, graceMs: 1 })
  await clock.advance(10)
  await closed
})

test('a log whose reader goes away in the middle has not failed', async () => {
  const board = memory()
  await publish(board, { size: 1 })
  const logged: string[] = []
  const log = (message: string): void => void logged.push(message)
  let end = (): void => {}
  const ended = new Promise<void>(resolve => (end = resolve))
  const store: Store = Object.assign(Object.create(board) as Store, {
    async *history(query: { readonly namespace: string }, signal: AbortSignal): AsyncGenerator<LogEntry> {
      try {
        yield* board.history(query, signal)
        await new Promise(resolve => signal.addEventListener('abort', resolve, { once: true }))
        signal.throwIfAborted()
      } finally {
        end()
      }
    },
  })
  const { url } = await started(store, {
    write: { token: TOKEN },
    logger: { debug: log, info: log, warn: log, error: log },
  })
  const headers = { authorization: `Bearer ${TOKEN}` }
  const reader = (await fetch(`${url}/v1/${NAMESPACE}/~history`, { headers })).body!.getReader()
  expect((await reader.read()).done).toBe(false)
  await reader.cancel()
  await ended
  await new Promise(resolve => setTimeout(resolve, 20))
  expect(logged).toEqual([])
})

test('what comes piece by piece has no HEAD', async () => {
  const clock = virtualClock()
  const handler = createHandler(memory({ system: { clock } }), { system: { clock }, write: { token: TOKEN } })
  const headers = { authorization: `Bearer ${TOKEN}` }
  for (const path of [`${NAMESPACE}/~history`, `~events?ns=${NAMESPACE}`]) {
    const { status } = await handler.fetch(
      new Request(`http://board.test/v1/${path}`, { method: 'HEAD', headers }),
    )
    expect(status).toBe(405)
  }
  const closed = handler.close({ drainMs: 0, graceMs: 1 })
  await clock.advance(10)
  await closed
})

/**
 * A handler over a store whose reports are taken when the test says so, and one report that is on
 * its way to it or waits.
 */
async function reporting() {
  const clock = virtualClock()
  const board = memory({ system: { clock } })
  await publish(board, { size: 1 })
  const warned: string[] = []
  const given: { readonly reports: readonly ClientReport[]; readonly signal: AbortSignal; settle(): void }[] =
    []
  const store: Store = Object.assign(Object.create(board) as Store, {
    report: (reports: readonly ClientReport[], signal: AbortSignal) =>
      new Promise<void>(settle => void given.push({ reports, signal, settle })),
  })
  const handler = createHandler(store, {
    system: { clock },
    logger: { debug() {}, info() {}, warn: message => void warned.push(message), error() {} },
  })
  const say = async (instanceId: string, afterMs = 0): Promise<void> => {
    const bytes = encodeText(JSON.stringify({ reports: [reportOf({ namespace: NAMESPACE, instanceId })] }))
    await handler.fetch(
      new Request(`http://board.test/v1/${NAMESPACE}/~reports`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        duplex: 'half',
        body: new ReadableStream({
          async start(body) {
            if (afterMs > 0) await clock.sleep(afterMs, never)
            body.enqueue(bytes)
            body.close()
          },
        }),
      }),
    )
  }
  let closed = false
  const close = (graceMs: number): void =>
    void handler.close({ drainMs: 0, graceMs }).then(() => (closed = true))
  return { clock, given, warned, say, close, isClosed: () => closed }
}

test('a server that closes waits for reports that are on their way to the store, and for those that were gathered', async () => {
  const { clock, given, warned, say, close, isClosed } = await reporting()
  await say('x')
  await clock.advance(1_000)
  await say('y')
  close(2_000)
  await clock.advance(100)
  expect(given.map(({ reports }) => reports.map(({ instanceId }) => instanceId))).toEqual([['x'], ['y']])
  given[1]?.settle()
  await clock.advance(1_000)
  expect([isClosed(), given[0]?.signal.aborted]).toEqual([false, false])
  given[0]?.settle()
  await clock.advance(100)
  expect([isClosed(), warned]).toEqual([true, []])
  expect(clock.pending).toBe(0)
})

test('a store that never takes reports holds a server that closes no longer than was said', async () => {
  const { clock, given, say, close, isClosed } = await reporting()
  await say('x')
  await clock.advance(1_000)
  close(50)
  await clock.advance(100)
  expect([isClosed(), given[0]?.signal.aborted]).toEqual([true, true])
  expect(clock.pending).toBe(0)
})

test('a report that comes while a server that closes waits for its store goes there at once', async () => {
  const { clock, given, warned, say, close, isClosed } = await reporting()
  await say('x')
  await clock.advance(1_000)
  const said = say('y', 1_500)
  await clock.advance(1)
  close(1_000)
  await clock.advance(1_600)
  await said
  expect(given.map(({ reports }) => reports.map(({ instanceId }) => instanceId))).toEqual([['x'], ['y']])
  for (const { settle } of given) settle()
  await clock.advance(100)
  expect([isClosed(), warned]).toEqual([true, []])
  expect(clock.pending).toBe(0)
})
