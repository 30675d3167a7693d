import { connect, createServer, type Http2ServerResponse } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { createHandler } from '../../../src/server/index.js'
import { memory } from '../../../src/transports/memory.js'
import { NAMESPACE, publish } from '../../support/server-fixtures.js'

test('a reader over HTTP/2 that does not read is owed one release, and gets the newest when it reads again', async () => {
  const store = memory()
  const handler = createHandler(store)
  onTestFinished(() => handler.close({ drainMs: 0 }))
  const responses: Http2ServerResponse[] = []
  const server = createServer((req, res) => {
    responses.push(res)
    handler.node(req as never, res as never)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
  const session = connect(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  onTestFinished(() => session.destroy())

  const size = 100_000
  await publish(store, 'x'.repeat(size))
  const stream = session.request({ ':path': `/v1/~events?ns=${NAMESPACE}&inline=1&client=a` })
  await new Promise(resolve => stream.once('response', resolve))
  let owed = 0
  // Far more than windows and buffers of the system take.
  for (let round = 1; round <= 100; round += 1) {
    await publish(store, `${round}${'x'.repeat(size)}`)
    await new Promise(resolve => setImmediate(resolve))
    owed = Math.max(owed, responses[0]!.writableLength)
  }
  expect(owed).toBeGreaterThan(0)
  expect(owed).toBeLessThan(2 * size)

  let text = ''
  stream.setEncoding('utf8')
  await new Promise<void>(resolve => {
    stream.on('data', chunk => {
      text += String(chunk)
      if (text.includes('"sequence":101,')) resolve()
    })
  })
})
