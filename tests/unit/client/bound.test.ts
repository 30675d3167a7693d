import { afterEach, expect, test } from 'vitest'
import { createClient } from '../../../src/client/index.js'
import type { Strategy } from '../../../src/contracts/strategy.js'
import type { WatchTransport } from '../../../src/contracts/transport.js'
import { serve } from '../../../src/server/index.js'
import { hybrid, onDemand, pull, push } from '../../../src/strategies/index.js'
import { fakeClient } from '../../../src/testing/index.js'
import { http } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { publish } from '../../support/server-fixtures.js'
import { closedAfterEach, schema } from '../../support/client-harness.js'
import { namespace, testBoard } from './board.js'

const started = closedAfterEach(20_000)
const never = async function* (): AsyncGenerator<never> {}
const stated = (strategy: Strategy): string => createClient({ namespace, schema, strategy }).bound

const open: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const it of open.splice(0).toReversed()) await it.close()
})

test.each<readonly [string, Strategy, string]>([
  ['pull', pull(memory()), 'pull: a change arrives within 33 s and a request'],
  [
    'pull with an interval of its own',
    pull(memory(), { pollIntervalMs: 500 }),
    'pull: a change arrives within 550 ms and a request',
  ],
  [
    'push',
    push(memory()),
    'push: a change is sent at once; over a stream that died unnoticed it arrives within 13.2 s and a request (heartbeat 8 s, unless the server tells another); while no stream is live the client asks every 30 s',
  ],
  [
    'hybrid with times of its own',
    hybrid(memory(), { heartbeatMs: 1_010, pollIntervalMs: 10_000 }),
    'hybrid: a change is announced at once, and fetched; over a stream that died unnoticed it arrives within 1.7 s and a request (heartbeat 1.1 s, unless the server tells another); while no stream is live the client asks every 10 s',
  ],
  [
    'onDemand',
    onDemand(memory(), { maxAgeMs: 5_000 }),
    'on-demand: a change arrives with the first ready() more than 5 s after the last look, or with refresh()',
  ],
  [
    'a strategy of somebody',
    { name: 'by post', lookMs: 60_000, freshMs: 1, deliver: never },
    'by post: a change arrives within 60 s and a request',
  ],
  [
    'a strategy that looks when it likes',
    { name: 'by post', lookMs: Number.POSITIVE_INFINITY, freshMs: 1, deliver: never },
    'by post: a change arrives when the strategy looks; it states no bound',
  ],
])('a client over %s says how soon a change arrives, before it does anything', (_name, strategy, words) => {
  expect(stated(strategy)).toBe(words)
})

test('a fake client says that its test brings the changes', () => {
  expect(fakeClient(schema, { pool: { size: 1 } }).bound).toBe('fake: a change arrives with set()')
})

test.each([
  ['push', push, 'is sent at once'],
  ['hybrid', hybrid, 'is announced at once, and fetched'],
])(
  'a client over %s says the bound that follows from the heartbeat its server tells, and logs it',
  async (name, make, live) => {
    const store = memory()
    await publish(store, { pool: { size: 1 } })
    const served = await serve(store, { port: 0, heartbeatMs: 15_000 })
    open.push(served)
    const infos: string[] = []
    const ignore = (): void => {}
    const logger = { debug: ignore, info: (text: string) => infos.push(text), warn: ignore, error: ignore }
    const client = createClient({ namespace, schema, strategy: make(http(served.url)), logger })
    open.push(client)
    await client.ready({ timeoutMs: Number.POSITIVE_INFINITY })
    const words = `${name}: a change ${live}; over a stream that died unnoticed it arrives within 24.8 s and a request (heartbeat 15 s, as the server tells it); while no stream is live the client asks every 30 s`
    expect(client.bound).toBe(words)
    // On a busy machine a look beside the stream may come first, and the default heartbeat is told
    // before.
    const bounds = infos.filter(text => text.includes('arrives within'))
    expect(bounds.at(-1)).toBe(words)
    expect(new Set(bounds).size).toBe(bounds.length)
    expect(infos).toContain('version 1 runs now')
  },
)

test('a client says the bound again when the server tells another heartbeat, and nothing while it tells the same', async () => {
  const board = testBoard()
  board.publish({ pool: { size: 1 } })
  const bytes = board.newest!
  let heartbeatMs = 8_000
  let toldAnother = (): void => {}
  const transport: WatchTransport = {
    ...board.transport,
    async *watch(_query, signal) {
      yield { type: 'alive', heartbeatMs }
      yield { type: 'release', namespace, bytes }
      while (!signal.aborted) {
        await new Promise<void>(resolve => {
          toldAnother = resolve
          signal.addEventListener('abort', () => resolve(), { once: true })
        })
        yield { type: 'alive', heartbeatMs }
        yield { type: 'release', namespace, bytes }
      }
    },
  }
  const { client, clock, logs, start } = started(board, { strategy: push(transport) })
  const told = (): readonly string[] =>
    logs.flatMap(line => /^info push: .* within ([\d.]+ s) and a request/.exec(line)?.[1] ?? [])
  await start()
  expect(told()).toEqual(['13.2 s'])
  expect(client.bound).toContain('(heartbeat 8 s, as the server tells it)')

  for (const next of [8_000, 2_000, 2_000]) {
    heartbeatMs = next
    toldAnother()
    await clock.advance(1)
  }
  expect(told()).toEqual(['13.2 s', '3.3 s'])
  expect(client.bound).toContain('(heartbeat 2 s, as the server tells it)')
})
