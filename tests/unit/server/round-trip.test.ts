import { afterEach, expect, test } from 'vitest'
import type { Delivery } from '../../../src/contracts/transport.js'
import { serve, type Server } from '../../../src/server/index.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { makeRelease, NAMESPACE, never, publish, TOKEN } from '../../support/server-fixtures.js'

const servers: Server[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close({ drainMs: 0 })
})

async function start(...args: Parameters<typeof serve>): Promise<Server> {
  const server = await serve(...args)
  servers.push(server)
  return server
}

test('one document travels from a publisher over the server to a reader', async () => {
  const server = await start(memory(), { write: { token: TOKEN } })
  const writer = httpStore(server.url, { token: TOKEN })
  const reader = http(server.url)
  expect(await reader.latest({ namespace: NAMESPACE }, never)).toEqual({ type: 'none' })

  const { bytes, snapshot, digest } = await publish(writer, { pool: { size: 10 } })

  const latest = await reader.latest({ namespace: NAMESPACE }, never)
  expect(latest).toMatchObject({ type: 'release', bytes: new Uint8Array(bytes) })
  if (latest.type !== 'release') throw new Error('no release')
  expect(await reader.latest({ namespace: NAMESPACE, tag: latest.tag }, never)).toEqual({ type: 'unchanged' })
  expect(
    Buffer.from(await reader.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 1_000 }, never)),
  ).toEqual(Buffer.from(snapshot))
})

test('a watch gets the current release, its snapshot and then each newer one', async () => {
  const store = memory()
  const server = await start(store, { write: { token: TOKEN } })
  await publish(store, { pool: { size: 10 } })
  const stop = new AbortController()
  const identity = { clientId: 'a', instanceId: 'a', ephemeral: false, labels: {} }
  const seen: Delivery[] = []
  for await (const delivery of http(server.url).watch(
    { namespaces: [NAMESPACE], inline: true, identity },
    stop.signal,
  )) {
    seen.push(delivery)
    const releases = seen.filter(({ type }) => type === 'release')
    if (delivery.type === 'release' && releases.length === 1)
      await publish(httpStore(server.url, { token: TOKEN }), { pool: { size: 20 } })
    if (releases.length === 2) stop.abort()
  }
  const releases = seen.filter(delivery => delivery.type === 'release')
  expect(
    releases.map(({ snapshots }) => snapshots?.map(({ bytes }) => new TextDecoder().decode(bytes))),
  ).toEqual([['{"pool":{"size":10}}'], ['{"pool":{"size":20}}']])
  expect(makeRelease({ pool: { size: 10 } }).bytes).toEqual(new Uint8Array(releases[0]!.bytes))
})
