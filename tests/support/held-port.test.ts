import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { holdPort, type HeldPort, type PortRange } from './held-port.js'

/** Of its own: nobody else holds ports here. */
const FEW: PortRange = { first: 31_000, last: 31_019 }

async function holdLater(range?: PortRange): Promise<HeldPort> {
  const held = await holdPort(range)
  onTestFinished(held.release)
  return held
}

async function listenOn(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1')
  await once(server, 'listening')
  return server
}

const closed = (server: Server): Promise<unknown> => new Promise(resolve => server.close(resolve))

test('a held port is given to nobody else, whether it is listened on or not, until it is released', async () => {
  const held: HeldPort[] = []
  for (let count = 0; count < 10; count += 1) {
    const one = await holdLater(FEW)
    const server = await listenOn(one.port)
    await closed(server)
    held.push(one)
  }
  expect(new Set(held.map(({ port }) => port)).size).toBe(10)
  await expect(holdPort(FEW)).rejects.toThrow(/no port from 31000 to 31019 is free/)

  await held[3]!.release()
  await held[3]!.release()
  expect((await holdLater(FEW)).port).toBe(held[3]!.port)
})

test('the system hands out no held port by itself', async () => {
  const held = await Promise.all(Array.from({ length: 50 }, () => holdLater()))
  const servers = await Promise.all(Array.from({ length: 200 }, () => listenOn(0)))
  const given = servers.map(server => (server.address() as AddressInfo).port)
  await Promise.all(servers.map(closed))
  expect(Math.min(...given)).toBeGreaterThan(Math.max(...held.map(({ port }) => port)))
})
