import { createHash } from 'node:crypto'
import { z } from 'zod'
import { createClient } from '../../../src/client/index.js'
import type { Latest } from '../../../src/contracts/transport.js'
import { pull } from '../../../src/strategies/index.js'
import { http } from '../../../src/transports/http/index.js'
import type { Read } from './read-story.js'

/** Clients with a schema over HTTP, which say what each of them was given and parsed. */
export interface RealFleet {
  close(): Promise<void>
}

export interface RealFleetOptions {
  readonly url: string
  readonly token: string
  readonly namespace: string
  readonly clients: number
  readonly lookMs: number
  readonly reportMs: number
  /** Whether a client takes a document that it has parsed. */
  readonly takes: (pool: number, clientId: string) => boolean
  /** Told each time that bytes of a snapshot come to a client, and that one was parsed there. */
  readonly onRead: (read: Read) => void
  /** Told when a client begins to run a document. */
  readonly onRun: (pool: number, clientId: string) => void
}

/** Starts clients as an application does; only their periods are short. */
export async function startRealFleet(options: RealFleetOptions): Promise<RealFleet> {
  const { url, token, namespace, clients: count, lookMs, reportMs, takes, onRead, onRun } = options
  const clients = Array.from({ length: count }, (_, index) => {
    const clientId = `real-${index + 1}`
    const heard = new Set<number>()
    const read = (how: Read['how'], digest: string): void =>
      onRead({ clientId, how, digest, heard: [...heard] })
    const listen = (latest: Latest): Latest => {
      if (latest.type === 'release') heard.add(sequenceOf(latest.bytes))
      return latest
    }
    const transport = http(url, { token })
    const client = createClient({
      namespace,
      clientId,
      // The document has come through JSON.parse when a schema is asked.
      schema: z
        .object({ pool: z.number() })
        .superRefine(({ pool }) => read('parsed', digestOf(pool)))
        .refine(({ pool }) => takes(pool, clientId)),
      strategy: pull(
        {
          ...transport,
          latest: async (query, signal) => listen(await transport.latest(query, signal)),
          ...(transport.next !== undefined && {
            next: async (query, signal) => listen(await transport.next!(query, signal)),
          }),
          async snapshot(query, signal) {
            const bytes = await transport.snapshot(query, signal)
            read('was given', query.digest)
            return bytes
          },
        },
        { pollIntervalMs: lookMs },
      ),
      reports: { intervalMs: reportMs, batchMs: 20 },
    })
    client.on('change', ({ current: { pool } }) => onRun(pool, clientId))
    return client
  })
  await Promise.all(clients.map(client => client.ready()))
  return {
    async close() {
      await Promise.all(clients.map(client => client.close()))
    },
  }
}

function sequenceOf(bytes: Uint8Array): number {
  return (JSON.parse(new TextDecoder().decode(bytes)) as { release: { sequence: number } }).release.sequence
}

/** The digest of a document of these trials, worked out apart from the library. */
export function digestOf(pool: number): string {
  return createHash('sha256').update(`{"pool":${pool}}`).digest('hex')
}
