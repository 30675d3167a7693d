import { readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { createClient, createPublisher, everyone, http, hybrid, type Client } from '../../../src/index.js'
import { httpStore } from '../../../src/transports/http/index.js'
import { anything } from '../../../src/core/schema/anything.js'
import { start, type Program } from '../../support/program.js'
import { temporaryFolder } from '../../support/board-kit.js'
import { childrenOf } from '../../support/children-of.js'

const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const NAMESPACE = 'checkout/prod'
/** Real processes on a busy machine: a limit for what hangs. */
const LIMIT_MS = 240_000

interface Serving {
  readonly server: Program
  readonly url: string
  readonly metrics: string
  publish(size: number): Promise<void>
  /** How many clients have reported, by whichever worker answers. */
  fleet(): Promise<number>
}

/** A board that so many workers serve. */
async function serving(workers: number): Promise<Serving> {
  const folder = await temporaryFolder()
  const options = ['--create', '--board', 'board', '--port', '0', '--metrics-port', '0', '--json']
  const server = start([process.execPath, program, 'serve', ...options, '--workers', `${workers}`], {
    cwd: folder,
  })
  const said = JSON.parse(await server.line(/"url"/))
  expect(said).toMatchObject({ workers, board: join(folder, 'board') })
  const token = (await readFile(said.tokenFile, 'utf8')).trim()
  const store = httpStore(said.url, { token })
  const publisher = createPublisher({ namespace: NAMESPACE, schema: anything, store })
  return {
    server,
    url: said.url,
    metrics: said.metrics,
    async publish(size) {
      await publisher.publish({ size }, { rollout: everyone(), reason: 'a test' })
    },
    async fleet() {
      const { reports } = await store.reports({ namespace: NAMESPACE }, new AbortController().signal)
      return new Set(reports.flatMap(({ clientId, role }) => (role === undefined ? [clientId] : []))).size
    },
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

/** Clients that are ready, each with a stream of its own. */
async function clientsOf({ url }: Serving, count: number): Promise<readonly Client<{ size: number }>[]> {
  const clients = Array.from({ length: count }, (_, index) =>
    createClient({
      namespace: NAMESPACE,
      clientId: `client-${index}`,
      schema: anything,
      strategy: hybrid(http(url), { backoff: { baseMs: 50, capMs: 500 } }),
    }),
  )
  onTestFinished(async () => void (await Promise.all(clients.map(client => client.close()))))
  await Promise.all(clients.map(client => client.ready({ timeoutMs: LIMIT_MS })))
  return clients as unknown as readonly Client<{ size: number }>[]
}

/** All that an event stream says until it ends. */
async function streamOf({ url }: Serving): Promise<{ readonly text: Promise<string> }> {
  const answer = await fetch(`${url}/v1/~events?ns=${NAMESPACE}`)
  return { text: answer.text() }
}

/** How many streams all workers together have room for. */
async function roomOf(board: Serving): Promise<number> {
  const text = await metricsOf(board)
  return Number(/noticeboard_connections\{limit="yes"\} (\d+)/.exec(text)?.[1])
}

async function metricsOf({ metrics }: Serving): Promise<string> {
  return (await fetch(metrics)).text()
}

const sizesOf = (clients: readonly Client<{ size: number }>[]): ReadonlySet<number> =>
  new Set(clients.map(client => client.current.size))

test(
  'a worker that is killed under load costs nobody a change: the fleet is whole before and after, and the worker is started again',
  { timeout: LIMIT_MS },
  async () => {
    const board = await serving(3)
    await board.publish(1)
    const clients = await clientsOf(board, 12)
    const whole = { timeout: LIMIT_MS, interval: 200 }
    await expect.poll(board.fleet, whole).toBe(12)

    const before = await childrenOf(board.server.pid)
    expect(before).toHaveLength(3)
    const room = await roomOf(board)
    expect(room).toBeGreaterThan(0)
    process.kill(before[0]!, 'SIGKILL')
    await board.publish(2)
    await board.server.line(/worker 1 ended and is started again .*by=SIGKILL/)
    await expect.poll(() => sizesOf(clients), { timeout: LIMIT_MS }).toEqual(new Set([2]))
    await expect.poll(async () => (await childrenOf(board.server.pid)).length, { timeout: LIMIT_MS }).toBe(3)
    await board.publish(3)
    await expect.poll(() => sizesOf(clients), { timeout: LIMIT_MS }).toEqual(new Set([3]))
    // The reports that the dead worker had heard are with the process that outlived it.
    await expect.poll(board.fleet, whole).toBe(12)
    // The clients, and the controller.
    await expect.poll(() => metricsOf(board), whole).toMatch(/noticeboard_instances\{limit="no"\} 13\n/)
    // The one that was started again has as much room as that which died.
    await expect.poll(() => roomOf(board), whole).toBeGreaterThanOrEqual(room)
    expect(await metricsOf(board)).toMatch(/^process_cpu_user_seconds_total [\d.]+$/m)
  },
)

test(
  'all workers say goodbye to their streams when the server is told to end',
  { timeout: LIMIT_MS },
  async () => {
    const board = await serving(2)
    await board.publish(1)
    const streams = await Promise.all(Array.from({ length: 8 }, () => streamOf(board)))
    const workers = await childrenOf(board.server.pid)
    board.server.signal('SIGTERM')
    for (const { text } of streams) expect(await text).toMatch(/event: goodbye\ndata: \{"delayMs":\d+\}\n\n$/)
    expect(await board.server.ended).toBe(130)
    expect(workers.filter(isAlive)).toEqual([])
  },
)

test(
  'workers do not outlive the process that started them, whatever ended it',
  { timeout: LIMIT_MS },
  async () => {
    const board = await serving(2)
    const workers = await childrenOf(board.server.pid)
    board.server.signal('SIGKILL')
    await board.server.ended
    await expect.poll(() => workers.filter(isAlive), { timeout: LIMIT_MS }).toEqual([])
  },
)

test('a command whose workers cannot listen ends with the cause', { timeout: LIMIT_MS }, async () => {
  const taken = createServer()
  await new Promise<void>(resolve => taken.listen({ port: 0, host: '127.0.0.1' }, resolve))
  onTestFinished(() => void taken.close())
  const { port } = taken.address() as AddressInfo
  const command = ['serve', '--create', '--board', 'board', '--port', `${port}`, '--workers', '2']
  const server = start([process.execPath, program, ...command], { cwd: await temporaryFolder() })
  expect(await server.ended).toBe(5)
  expect(server.output).toContain(
    `cannot listen on 127.0.0.1:${port} (EADDRINUSE): another process listens there`,
  )
  expect(server.output.split('\n')).toHaveLength(1)
})
