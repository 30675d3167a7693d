import { cp, rename, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/index.js'
import { startServer, type ServerProcess } from '../../../src/compare/run/server-process.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { ReportTransport, Store, Transport } from '../../../src/contracts/transport.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { createPublisher, everyone, type Publisher } from '../../../src/publisher/index.js'
import { pull } from '../../../src/strategies/index.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { permanentFolder } from '../../support/board-kit.js'
import { holdPort } from '../../support/held-port.js'
import { start } from '../../support/program.js'
import { reportOf } from '../../support/report-of.js'

// A client that runs what the release which it says it applied does not name: nothing of it fails,
// so only its digest shows it. The server is a process of its own, and all of it goes over HTTP.

const cli = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const namespace = 'checkout/prod'
const schema = z.object({ pool: z.number() })
type Document = z.infer<typeof schema>

const never = new AbortController().signal
/** Each client says how it stands so often. */
const PRESENCE_MS = 300
/** For what hangs. */
const PATIENCE = { timeout: 60_000 } as const

const publisherOf = (store: Store): Publisher<Document> => createPublisher({ namespace, schema, store })
const publish = (publisher: Publisher<Document>, pool: number) =>
  publisher.publish({ pool }, { rollout: everyone(), reason: 'a test' })

/** Publishes to a board in a folder that nobody serves. */
async function publishInto(folder: string, pool: number): Promise<void> {
  const store = fileStore(folder)
  const publisher = publisherOf(store)
  await publish(publisher, pool)
  await publisher.close()
  await store.close()
}

async function serving(folder: string, port?: number): Promise<ServerProcess> {
  const server = await startServer(cli, { folder, ...(port !== undefined && { port }) })
  onTestFinished(() => server[Symbol.asyncDispose]())
  return server
}

/** A client over HTTP, and what it said since that was asked last. */
interface Talking {
  readonly client: Client<Document>
  /** Its words that the server has taken. */
  readonly said: ClientReport[]
}

function talking(clientId: string, url: string): Talking {
  const server = http(url)
  const said: ClientReport[] = []
  const transport: Transport & ReportTransport = {
    ...server,
    async report(states, signal) {
      await server.report(states, signal)
      said.push(...states)
    },
  }
  const client = createClient({
    namespace,
    schema,
    clientId,
    strategy: pull(transport, { pollIntervalMs: 200, backoff: { baseMs: 50, capMs: 200 } }),
    reports: { intervalMs: PRESENCE_MS, batchMs: 20 },
  })
  onTestFinished(() => client.close())
  return { client, said }
}

async function statesIn(publisher: Publisher<Document>): Promise<Readonly<Record<string, string>>> {
  const fleet = await publisher.fleet()
  if (fleet.type === 'unknown') return {}
  return Object.fromEntries(fleet.members.map(({ state, report }) => [report.clientId, state]))
}

test('one word is enough that names another digest at the position which it applied', async () => {
  const { url, token } = await serving(await permanentFolder())
  const publisher = publisherOf(httpStore(url, { token }))
  onTestFinished(() => publisher.close())
  const { digest: old } = await publish(publisher, 1)
  const { digest, position } = await publish(publisher, 2)
  const { client } = talking('web-1', url)
  await client.ready()
  const word = { namespace, instanceId: 'made-by-hand', clientId: 'web-2', phase: 'healthy' } as const
  const says = (count: number, runs: string) =>
    http(url).report([reportOf({ ...word, count, seen: position, applied: position, digest: runs })], never)
  await says(1, digest)
  await expect.poll(() => statesIn(publisher), PATIENCE).toEqual({ 'web-1': 'current', 'web-2': 'current' })
  await says(2, old)
  expect(await statesIn(publisher)).toEqual({ 'web-1': 'current', 'web-2': 'diverged' })
  const status = start([process.execPath, cli, 'status', namespace, '--url', url, '--check'], {
    env: { NOTICEBOARD_TOKEN: token },
  })
  expect(await status.ended).toBe(9)
  expect(status.output).toMatch(/clients-diverged.*1 of 2 run a document that .*does not name: web-2/)
})

test('each client shows with its next word that the store was changed beneath it, and runs on with what it has', async () => {
  const [folder, other] = await Promise.all([permanentFolder(), permanentFolder()])
  await publishInto(folder, 1)
  await cp(folder, other, { recursive: true })
  // The second release of two logs of one epoch: the same position, and another document.
  await publishInto(other, 3)
  const { port, release } = await holdPort()
  onTestFinished(release)
  const before = await serving(folder, port)
  const publisher = publisherOf(httpStore(before.url, { token: before.token }))
  onTestFinished(() => publisher.close())
  const { position } = await publish(publisher, 2)
  const names = ['web-1', 'web-2', 'web-3']
  const fleet = names.map(name => talking(name, before.url))
  await Promise.all(fleet.map(({ client }) => client.ready()))
  const all = (state: string) => Object.fromEntries(names.map(name => [name, state]))
  await expect.poll(() => statesIn(publisher), PATIENCE).toEqual(all('current'))

  await before[Symbol.asyncDispose]()
  await rm(folder, { recursive: true })
  await rename(other, folder)
  for (const { said } of fleet) said.length = 0
  const after = await serving(folder, port)
  const looks = publisherOf(httpStore(after.url, { token: after.token }))
  onTestFinished(() => looks.close())
  expect((await looks.current())?.position).toEqual(position)
  await expect.poll(() => fleet.every(({ said }) => said.length > 0), PATIENCE).toBe(true)
  expect(await statesIn(looks)).toEqual(all('diverged'))
  for (const { client, said } of fleet) {
    expect(client.current).toEqual({ pool: 2 })
    expect(said[0]).toMatchObject({ seen: position, applied: position, digest: client.running.digest })
  }
})
