import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { hybridModel, pullModel } from '../../../src/compare/index.js'
import { ANY_DOCUMENT, NAMESPACE } from '../../../src/compare/board.js'
import { standIn, standInsOf } from '../../../src/compare/run/stand-ins.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { createHandler } from '../../../src/server/index.js'
import { systemClock } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'

test('one process stands in for as many clients as it can, and for none of a fleet that is run whole', () => {
  const { shape } = pullModel({ pollIntervalMs: 5_000 })
  expect(standInsOf(shape, 0)).toBe(0)
  expect(standInsOf(shape, 3_000)).toBe(3_000)
  // A thousand requests a second.
  expect(standInsOf(shape, 1_000_000)).toBe(5_000)
  expect(standInsOf(hybridModel().shape, 1_000_000)).toBe(6_000)
})

test.each([pullModel({ pollIntervalMs: 100 }), hybridModel()])(
  'what stands in for clients of $name asks as they do, finds nothing new, and is gone when it is called off',
  async ({ shape }) => {
    const store = memory()
    const handler = createHandler(store)
    const server = createServer(handler.node)
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
    onTestFinished(async () => {
      await handler.close({ drainMs: 0 })
      server.close()
    })
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    const publisher = createPublisher({ namespace: NAMESPACE, schema: ANY_DOCUMENT, store })
    await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'tried' })
    const open = new Set<Socket>()
    const statuses: number[] = []
    server.on('connection', socket => {
      open.add(socket)
      socket.on('close', () => open.delete(socket))
    })
    server.on('request', (_, response) => response.on('close', () => statuses.push(response.statusCode)))
    const { signal } = new AbortController()
    const leave = await standIn(7, { urls: [url], shape, clock: systemClock, signal })
    if (shape.type === 'stream') expect(open.size).toBe(7)
    // The first one looks at what there is.
    else await expect.poll(() => statuses.length, { timeout: 30_000 }).toBeGreaterThan(50)
    leave()
    await expect.poll(() => open.size, { timeout: 30_000 }).toBe(0)
    if (shape.type === 'poll') expect(new Set(statuses.slice(1))).toEqual(new Set([304]))
  },
)
