import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Duplex } from 'node:stream'
import { expect, onTestFinished, test } from 'vitest'
import { createHandler } from '../../../src/server/index.js'
import { createStreamHeads } from '../../../src/server/http/stream-head.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { eventsHead, rawReader } from '../../support/asking.js'
import { NAMESPACE, publish } from '../../support/server-fixtures.js'

/** A connection that takes what is written when the test lets it, and remembers how it came. */
class Connection extends Duplex {
  /** What came in one piece, each. */
  readonly pieces: string[] = []
  #taken: (() => void) | undefined
  takes = true

  override _read(): void {}
  override _write(chunk: Buffer, _: BufferEncoding, taken: () => void): void {
    this.#take(chunk.toString(), taken)
  }
  override _writev(chunks: readonly { readonly chunk: Buffer }[], taken: () => void): void {
    this.#take(chunks.map(({ chunk }) => chunk.toString()).join(''), taken)
  }
  #take(text: string, taken: () => void): void {
    this.pieces.push(text)
    if (this.takes) taken()
    else this.#taken = taken
  }
  /** The reader reads again. */
  release(): void {
    this.takes = true
    this.#taken?.()
  }
}

/** A board behind Node's server, and what a connection gets that asks for its event stream. */
async function opened(namespaces: Readonly<Record<string, string>>) {
  const store = memory()
  for (const [namespace, text] of Object.entries(namespaces)) await publish(store, text, namespace)
  const handler = createHandler(store)
  const server = createServer(handler.node)
  onTestFinished(() => handler.close({ drainMs: 0 }))
  const open = (): Connection => {
    const connection = new Connection()
    onTestFinished(() => void connection.destroy())
    server.emit('connection', connection)
    const names = Object.keys(namespaces).map(name => `ns=${name}`)
    connection.push(`GET /v1/~events?${names.join('&')}&inline=1&client=a HTTP/1.1\r\nHost: a\r\n\r\n`)
    return connection
  }
  const turn = (): Promise<void> => new Promise(resolve => setImmediate(resolve))
  // What everybody begins with is in memory then.
  open()
  while (handler.connections === 0) await turn()
  return { store, handler, open, turn }
}

const large = 'x'.repeat(100_000)

test('a stream opens with one write: its head, a sign of life and the newest release', async () => {
  const { open, turn } = await opened({ [NAMESPACE]: 'small' })
  const { pieces } = open()
  await turn()
  expect(pieces).toEqual([
    expect.stringMatching(/^HTTP\/1\.1 200 OK\r\n[^]*event: alive\n[^]*event: release\n[^]*"small"\n\n\r\n$/),
  ])
})

test('what is more than a socket takes at once does not gather while a stream opens', async () => {
  const { open, turn } = await opened({ 'a/a': large, 'a/b': large, 'a/c': large })
  const connection = open()
  connection.takes = false
  await turn()
  expect(connection.pieces).toHaveLength(1)
  expect(connection.writableLength).toBeLessThan(150_000)
  connection.release()
  await turn()
  const text = connection.pieces.join('')
  for (const name of ['a/a', 'a/b', 'a/c']) expect(text).toContain(`event: release\ndata: ${name}\n`)
})

test('nobody waits for a reader to read on but while it does not', async () => {
  const { store, open, turn } = await opened({ [NAMESPACE]: large })
  const connection = open()
  await turn()
  const before = connection.listenerCount('drain')
  connection.takes = false
  await publish(store, `1${large}`)
  await turn()
  await publish(store, `2${large}`)
  await publish(store, `3${large}`)
  await turn()
  expect(connection.listenerCount('drain')).toBe(before + 1)
  connection.release()
  await turn()
  expect(connection.listenerCount('drain')).toBe(before)
  expect(connection.pieces.join('').match(/"sequence":\d+/g)).toEqual([1, 2, 4].map(n => `"sequence":${n}`))
})

test('a connection ends in order when its stream does, over any duplex', async () => {
  const { handler, open, turn } = await opened({ [NAMESPACE]: 'small' })
  const connection = open()
  await turn()
  await handler.close({ drainMs: 0 })
  await turn()
  expect(connection.pieces.join('')).toMatch(/event: goodbye\n[^]*\r\n0\r\n\r\n$/)
  expect(connection.destroyed).toBe(true)
})

test('headers that somebody set before are in the head of a stream', async () => {
  const handler = createHandler(memory())
  onTestFinished(() => handler.close({ drainMs: 0 }))
  const server = createServer((req, res) => {
    res.setHeader('X-Request-Id', '42')
    handler.node(req, res)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const { port } = server.address() as AddressInfo
  const reader = rawReader(`http://127.0.0.1:${port}`, eventsHead('ns=a'))
  const text = await reader.until(given => given.includes('event: alive'))
  expect(text.slice(0, text.indexOf('\r\n\r\n')).split('\r\n')).toEqual(
    expect.arrayContaining(['X-Request-Id: 42', 'Content-Type: text/event-stream', 'Connection: close']),
  )
})

test('a head is made once a second and set of headers, with the date of that second', async () => {
  const clock = virtualClock()
  const headOf = createStreamHeads(clock)
  const headers = { 'Content-Type': 'text/event-stream' }
  const dateOf = (head: Uint8Array): number =>
    Date.parse(/Date: (.*)\r\n/.exec(new TextDecoder().decode(head))![1]!)
  const first = headOf(headers)
  await clock.advance(400)
  expect(headOf(headers)).toBe(first)
  await clock.advance(1_000)
  const second = headOf(headers)
  expect(dateOf(second) - dateOf(first)).toBe(1_000)
  expect(dateOf(second)).toBe(Math.floor(clock.now() / 1_000) * 1_000)
  expect(headOf({ ...headers, Vary: 'Origin' })).not.toBe(second)
})
