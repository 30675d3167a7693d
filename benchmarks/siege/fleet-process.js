// The fleet: clients as they are by default, each with a connection of its own. And one client that
// was led to a hostile server.
import { createClient, http, hybrid } from 'noticeboard'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'

const { url, hostileUrl, namespace, clients } =
  /** @type {{ url: string, hostileUrl: string, namespace: string, clients: number }} */ (settings)
const schema = z.looseObject({ size: z.number() })
const ownFetch =
  () =>
  (/** @type {Parameters<typeof fetch>} */ ...asked) =>
    globalThis.fetch(...asked)
/** Whoever was stale while it listened to the server under siege. @type {Set<number>} */
const stale = new Set()
const fleet = Array.from({ length: clients }, (_, index) => {
  const client = createClient({
    namespace,
    schema,
    strategy: hybrid(http(url, { fetch: ownFetch() })),
    clientId: `fleet-${index}`,
  })
  client.on('status', ({ current }) => {
    if (current === 'stale') stale.add(index)
  })
  return client
})
await Promise.all(fleet.map(client => client.ready({ timeoutMs: 1_200_000 })))

/** What the client logs that was led to the hostile server. */
let lines = 0
const count = () => void (lines += 1)
/** @type {ReturnType<typeof createClient<typeof schema>> | undefined} */
let led

answerQuestions({
  /** How many run that size. @param {number} size */
  running: size => fleet.filter(({ current }) => current.size === size).length,
  leadAway() {
    const logger = { debug() {}, info() {}, warn: count, error: count }
    led = createClient({
      namespace,
      schema,
      strategy: hybrid(http(hostileUrl, { fetch: ownFetch(), logger })),
      clientId: 'led-away',
      logger,
    })
    // It starts to listen, whatever it hears.
    led.ready({ timeoutMs: 600_000 }).catch(count)
  },
  told: () => ({ stale: stale.size, lines }),
  end: () => Promise.all([...fleet, ...(led === undefined ? [] : [led])].map(client => client.close())),
})
