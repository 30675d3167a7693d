import { once } from 'node:events'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { expect, onTestFinished, test } from 'vitest'
import { readQueues } from '../../../benchmarks/fanout/held-by-kernel.js'
import { boundsOf, processesFor } from '../../../benchmarks/fanout/readers.js'
import { framesBeyond } from '../../../benchmarks/fanout/stalled.js'
import { placesFor } from '../../../benchmarks/held/ports.js'
import { createProcesses, type Child } from '../../../benchmarks/processes.js'

const FRAME = `event: release\ndata: ${'x'.repeat(2_000)}\n\n\r\n`
const LEAST = 2_000

/** A server that does something with each connection, which has its number, once it asked. */
async function serverOf(
  greet: (socket: Socket, index: number) => void,
): Promise<{ readonly port: number; readonly sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server: Server = createServer(socket => {
    sockets.push(socket)
    socket.on('error', () => {})
    const index = sockets.length
    socket.once('data', () => greet(socket, index))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, sockets }
}

async function readersOf(module: string): Promise<Child> {
  const processes = createProcesses()
  onTestFinished(async () => void (await processes.close()))
  return processes.start(new URL(`../../../benchmarks/fanout/${module}`, import.meta.url))
}

test.each([
  ['fails', (socket: Socket) => socket.resetAndDestroy()],
  ['ends without a word', (socket: Socket) => socket.end()],
  ['stays open without a word', () => {}],
])('a stream that %s counts as never greeted', async (_, strand) => {
  const { port } = await serverOf((socket, index) => (index % 5 === 0 ? strand(socket) : socket.write(FRAME)))
  const herd = await readersOf('herd-process.js')
  const fleet = { port, first: 0, count: 20, suffix: '', leastBytes: LEAST, inFlight: 7, quietMs: 500 }
  expect(await herd.ask('open', fleet)).toMatchObject({ stranded: 4 })
  await herd.ask('close')
  // The next ones are counted anew, by themselves.
  expect(await herd.ask('open', { ...fleet, count: 4 })).toMatchObject({ stranded: 0 })
})

test('a reader without its change has no time, whether its stream goes on or ended, and the others have', async () => {
  const { port, sockets } = await serverOf(socket => void socket.write(FRAME))
  const load = await readersOf('load-process.js')
  const group = { name: 'one', port, first: 0, count: 10, leastBytes: LEAST }
  expect(await load.ask('open', group)).toEqual({ greeted: 10, problem: '' })
  await load.ask('arm', group)
  const all = load.ask('received', group)
  for (const socket of sockets) socket.write(FRAME)
  expect((await all).times).toHaveLength(10)
  await load.ask('arm', group)
  const most = load.ask('received', { ...group, quietMs: 500 })
  for (const [index, socket] of sockets.entries())
    if (index === 0) socket.end()
    else if (index > 1) socket.write(FRAME)
  expect((await most).times).toHaveLength(8)
})

test.each(['herd-process.js', 'load-process.js'])(
  'a frame that comes in pieces is one, wherever it is torn: %s',
  async module => {
    const tears = [1, 2, 3, 4, 5]
    const { port } = await serverOf((socket, index) => {
      const at = FRAME.length - tears[index - 1]!
      socket.setNoDelay(true)
      socket.write(FRAME.slice(0, at), () =>
        setTimeout(() => {
          const [first = '', ...rest] = FRAME.slice(at)
          socket.write(first, () => setTimeout(() => socket.write(rest.join('')), 20))
        }, 20),
      )
    })
    const readers = await readersOf(module)
    const fleet = { name: 'torn', port, first: 0, count: tears.length, suffix: '', leastBytes: LEAST }
    expect(await readers.ask('open', { ...fleet, inFlight: 1, quietMs: 5_000 })).toMatchObject(
      module.startsWith('herd') ? { stranded: 0 } : { greeted: tears.length },
    )
  },
)

test('connections that cannot be made are counted, with why, and nobody waits for them', async () => {
  const { port, sockets } = await serverOf(socket => void socket.write(FRAME))
  const load = await readersOf('load-process.js')
  // Another address of the loopback, and ports that the system gives nobody.
  const from = { address: '127.0.0.2', firstPort: 20_000 }
  const group = { port, count: 4, leastBytes: LEAST, from }
  expect(await load.ask('open', { ...group, name: 'first', first: 0 })).toMatchObject({ greeted: 4 })
  expect(sockets.map(({ remoteAddress, remotePort }) => [remoteAddress, remotePort]).toSorted()).toEqual(
    [20_000, 20_001, 20_002, 20_003].map(taken => ['127.0.0.2', taken]),
  )
  const again = await load.ask('open', { ...group, name: 'again', first: 4 })
  expect(again).toEqual({ greeted: 0, problem: expect.stringMatching(/EADDRINUSE|EADDRNOTAVAIL/) })
})

test('a broadcast of 10,000 connections has as many processes of readers as their descriptors take', () => {
  expect(processesFor({ connections: 500, sides: 5, limit: 20_000 })).toBe(2)
  for (const sides of [4, 5])
    for (const connections of [5_000, 9_000, 10_000]) {
      const count = processesFor({ connections, sides, limit: 20_000 })
      const bounds = boundsOf(connections, count)
      const shares = bounds.slice(1).map((end, index) => end - bounds[index]!)
      expect(shares.reduce((sum, share) => sum + share, 0)).toBe(connections)
      expect(sides * Math.max(...shares)).toBeLessThanOrEqual(19_000 + sides)
    }
  expect(() => processesFor({ connections: 10_000, sides: 4, limit: 4_096 })).toThrow(
    /may hold 3,096 here; ask for fewer --connections, or raise/,
  )
})

test('more connections to one server than an address has ports for come from several addresses', () => {
  const range = [32_768, 60_999] as const
  expect(placesFor({ share: 300, toOne: 900, range })).toBeUndefined()
  const place = placesFor({ share: 16_667, toOne: 50_000, range })
  const places = [0, 1, 2].map(index => place!(index))
  expect(new Set(places.map(({ address }) => address)).size).toBe(3)
  for (const { firstPort } of places) {
    expect(firstPort).toBeGreaterThan(1_024)
    expect(firstPort + 16_667).toBeLessThan(range[0])
  }
  expect(() => placesFor({ share: 30_000, toOne: 90_000, range })).toThrow(/ip_local_port_range/)
})

test('releases that the system held nothing of are counted, whatever they are torn into, and those that it held in part are not', async () => {
  expect(framesBeyond([{ bytes: 9, starts: [0, 3, 6], held: 4 }])).toBe(1)
  expect(framesBeyond([{ bytes: 9, starts: [0, 3, 6], held: 9 }])).toBe(0)
  const least = { bytes: 9, starts: [0], held: 9 }
  expect(framesBeyond([least, { bytes: 9, starts: [0, 3, 6], held: 3 }, least])).toBe(2)
  expect(framesBeyond([{ bytes: 9, starts: [0], held: undefined }])).toBeUndefined()

  const { port, sockets } = await serverOf(socket => void socket.write(FRAME))
  const herd = await readersOf('herd-process.js')
  await herd.ask('open', { port, first: 0, count: 1, suffix: '', leastBytes: LEAST, inFlight: 1 })
  await herd.ask('pause', { count: 1 })
  const resumed = herd.ask('resume', { count: 1 })
  const torn = 2 * FRAME.length + 7
  const all = FRAME.repeat(3)
  sockets[0]!.write(all.slice(0, torn), () => setTimeout(() => sockets[0]!.write(all.slice(torn)), 20))
  const [read] = await resumed
  expect(read).toMatchObject({
    bytes: all.length,
    starts: [0, FRAME.length, 2 * FRAME.length],
    held: expect.any(Number),
  })
})

test('what waits in a connection is read of both of its ends', () => {
  const text = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:ADDD 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 2743430 1
   1: 0100007F:1F90 0100007F:C350 01 000003E8:00000000 01:00000014 00000000     0        0 1 1
   2: 0100007F:C350 0100007F:1F90 01 00000000:00000010 00:00000000 00000000     0        0 2 1
`
  const queues = readQueues([text])
  expect(queues.get('8080 50000')).toEqual({ sent: 1_000, received: 0 })
  expect(queues.get('50000 8080')).toEqual({ sent: 0, received: 16 })
})
