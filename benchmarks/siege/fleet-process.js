// The fleet: clients as they are by default, each with a connection of its own.
import { createClient, http, hybrid } from 'noticeboard'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'

const { url, namespace, clients } = /** @type {{ url: string, namespace: string, clients: number }} */ (
  settings
)
let stale = 0
const fleet = Array.from({ length: clients }, (_, index) => {
  const client = createClient({
    namespace,
    schema: z.object({ size: z.number() }),
    strategy: hybrid(http(url, { fetch: (...asked) => globalThis.fetch(...asked) })),
    clientId: `fleet-${index}`,
    reports: { intervalMs: 10_000 },
  })
  client.on('status', ({ current }) => {
    if (current === 'stale') stale += 1
  })
  return client
})
await Promise.all(fleet.map(client => client.ready({ timeoutMs: 60_000 })))

answerQuestions({
  /** How many run that size. @param {number} size */
  running: size => fleet.filter(({ current }) => current.size === size).length,
  /** How often one of them was stale. */
  stale: () => stale,
  end: () => Promise.all(fleet.map(client => client.close())),
})
