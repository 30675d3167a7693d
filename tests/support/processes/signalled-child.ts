// A program with clients over a state folder that is told to end by SIGTERM. Its command comes as a
// JSON line on stdin. It says `open` when its clients are, and `closed` when they closed.
import { createInterface } from 'node:readline'
import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/index.js'
import { memory } from '../../../src/transports/memory.js'
import { createPublisher } from '../../../src/publisher/publisher.js'
import { everyone } from '../../../src/rollouts/everyone.js'
import { stateFolder } from '../../../src/node/state/state-folder.js'
import { pull } from '../../../src/strategies/pull.js'
import type { SignalledCommand } from './signalled.js'

const COPY = '?copy'

const say = (line: string): void => void process.stdout.write(`${line}\n`)

/** Opens a client that has its first document, and keeps its state in the folder. */
export async function openClient(state: string): Promise<Pick<Client<{ readonly n: number }>, 'close'>> {
  const schema = z.object({ n: z.number() })
  const store = memory()
  await createPublisher({ namespace: 'signalled', schema, store }).publish(
    { n: 1 },
    { rollout: everyone(), reason: 'a test' },
  )
  const client = createClient({
    namespace: 'signalled',
    schema,
    strategy: pull(store, { pollIntervalMs: 100 }),
    state: stateFolder(state),
  })
  await client.ready({ timeoutMs: 5_000 })
  return client
}

async function run({ state, listens, from, clients, copies = false }: SignalledCommand): Promise<void> {
  const open: Pick<Client<object>, 'close'>[] = []
  const listen = (): void => {
    if (listens === undefined) return
    const stop = async (): Promise<never> => {
      for (const client of open) await client.close()
      say('closed')
      process.exit(7)
    }
    process[listens]('SIGTERM', () => void stop())
  }
  setInterval(() => {}, 1_000)
  if (from === 'before-client') listen()
  const copy = copies
    ? ((await import(`${import.meta.url}${COPY}`)) as { readonly openClient: typeof openClient }).openClient
    : openClient
  for (let index = 0; index < clients; index += 1)
    open.push(await (index === 1 ? copy : openClient)(`${state}/${index}`))
  if (from === 'after-ready') listen()
  say('open')
}

if (!import.meta.url.endsWith(COPY)) {
  createInterface({ input: process.stdin }).once(
    'line',
    line =>
      void run(JSON.parse(line) as SignalledCommand).catch((error: unknown) => {
        say(String(error))
        process.exit(3)
      }),
  )
  say('ready')
}
