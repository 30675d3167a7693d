import { expect, onTestFinished, test } from 'vitest'
import { createController } from '../../../src/controller/index.js'
import type { LogDetails, Logger } from '../../../src/contracts/system.js'
import { createHandler, type Handler } from '../../../src/server/index.js'
import { memoryEngine } from '../../../src/transports/store/memory-engine.js'
import type { StoreEngine } from '../../../src/transports/store/engine.js'
import { storeFrom } from '../../../src/transports/store/store-from.js'
import { makeRelease, NAMESPACE, TOKEN } from '../../support/server-fixtures.js'

const REASON = 'git rev-parse ended with 128: fatal: not a git repository'

/** A server over an engine that fails in its own words, and what it logs. */
function failing(change: Partial<StoreEngine>): {
  readonly handler: Handler
  readonly lines: (LogDetails & { readonly message: string })[]
  readonly logger: Logger
  readonly store: ReturnType<typeof storeFrom>
} {
  const lines: (LogDetails & { readonly message: string })[] = []
  const log = (message: string, details?: LogDetails): void => void lines.push({ ...details, message })
  const logger = { debug() {}, info() {}, warn: log, error: log }
  const store = storeFrom({ ...memoryEngine('git'), ...change })
  const handler = createHandler(store, { write: { token: TOKEN }, logger })
  onTestFinished(() => handler.close({ drainMs: 0, graceMs: 0 }))
  return { handler, lines, logger, store }
}

const unread = { read: () => Promise.reject(new Error(`${REASON}\n  at stderr`)) }

test('the log says in the words of an engine why a request failed, and the answer does not', async () => {
  const { handler, lines } = failing(unread)
  const answer = await handler.fetch(new Request(`http://board/v1/${NAMESPACE}/release.json`))
  expect(answer.status).toBe(503)
  expect(await answer.text()).not.toContain('git repository')
  expect(lines).toEqual([
    {
      message: 'git could not be reached, or the connection was lost',
      namespace: NAMESPACE,
      method: 'GET',
      cause: `${REASON} at stderr`,
    },
  ])
})

test('the log says in the words of an engine why the server is not ready', async () => {
  const { handler, lines } = failing(unread)
  expect((await handler.fetch(new Request('http://board/v1/~ready'))).status).toBe(503)
  expect(lines).toMatchObject([
    { message: 'not ready: the store does not answer', code: 'unavailable', cause: `${REASON} at stderr` },
  ])
})

test('the log says in the words of an engine why a stream is not followed', async () => {
  const { handler, lines } = failing({
    async *listen() {
      yield 'listening'
      throw new Error(REASON)
    },
  })
  const events = await handler.fetch(new Request(`http://board/v1/~events?ns=${NAMESPACE}`))
  await expect
    .poll(() => lines.find(({ message }) => message.startsWith('the store cannot be followed')))
    .toMatchObject({ code: 'unavailable', cause: REASON })
  await events.body?.cancel()
})

test('the log says in the words of an engine why a controller cannot move a rollout on', async () => {
  const { store, lines, logger } = failing(unread)
  const controller = createController({ store, namespaces: [NAMESPACE], logger })
  onTestFinished(() => controller.close())
  await expect
    .poll(() => lines.find(({ message }) => message.startsWith('a controller cannot move')))
    .toMatchObject({ code: 'unavailable', cause: `${REASON} at stderr` })
})

test('no value of a document that could not be written is in the log, whatever the engine says', async () => {
  const { handler, lines } = failing({
    write: async ({ put }) => {
      throw new Error(
        `cannot write these bytes: ${new TextDecoder().decode(put[0]?.value).replace(/[{}"]/g, '')}`,
      )
    },
  })
  const { digest, snapshot } = makeRelease({ password: 'hunter2', pool: 80 })
  const answer = await handler.fetch(
    new Request(`http://board/v1/${NAMESPACE}/snapshots/${digest}.json`, {
      method: 'PUT',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: snapshot,
    }),
  )
  expect(answer.status).toBe(503)
  expect(lines).toMatchObject([{ cause: expect.stringMatching(/^cannot write these bytes: /) }])
  expect(JSON.stringify(lines)).not.toMatch(/hunter2|80/)
})
