import { expect, test } from 'vitest'
import type { LogEntry, Store } from '../../../src/contracts/transport.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { createLifetime } from '../../../src/server/http/lifetime.js'
import { createHandler } from '../../../src/server/index.js'
import { readingRoutes } from '../../../src/server/routes/reading-routes.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { NAMESPACE, publish } from '../../support/server-fixtures.js'

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
