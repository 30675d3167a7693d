import { createClient, type Client } from '../../client/index.js'
import type { Json } from '../../contracts/json.js'
import { systemClock } from '../../system/system.js'
import { http } from '../../transports/http/index.js'
import { ANY_DOCUMENT, NAMESPACE, roundOf } from '../board.js'
import { REQUESTS, type Kind } from '../costs/costs.js'
import { stateInMemory } from '../simulation/state-in-memory.js'
import { countedTransport } from './counted-transport.js'
import type { FollowOptions, PartSeen } from './part-calls.js'
import { strategyOf } from '../strategy-of.js'
import { plainFetch } from './plain-fetch.js'
import { countWireBytes } from './wire-bytes.js'

/** Real clients of one process. */
export interface Clients {
  /** Starts them one after another; resolves when the last one was started. */
  start(): Promise<void>
  /** Ends all of them in order, as a deployment does, and starts them at once. */
  restart(): Promise<void>
  look(round: number): PartSeen
}

/** A client that asks once in a while finds its connection closed: each request opens one. */
const HEADERS = { connection: 'close' }

/** Clients with the strategy of a model; none runs yet. */
export function openClients({
  urls,
  shape,
  first,
  count,
  startsOverMs,
  keepsState,
  soakMs,
}: FollowOptions): Clients {
  const nowMs = systemClock.now
  const counts = new Map<Kind, number>()
  const askedAtMs: number[] = []
  const ranAtMs = new Map<number, number[]>()
  const wire = countWireBytes()
  const onEvent = (kind: Kind, atMs: number): void => {
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
    if (REQUESTS.has(kind)) askedAtMs.push(atMs)
  }
  const members = Array.from({ length: count }, (_, index) => {
    const number = first + index
    const state = keepsState ? stateInMemory() : undefined
    let client: Client<Json> | undefined
    let round = 0
    return {
      runs: () => round,
      start(): void {
        const url = urls[number % urls.length] ?? ''
        const transport = countedTransport(http(url, { headers: HEADERS, fetch: plainFetch }), {
          nowMs,
          onEvent,
        })
        client = createClient({
          namespace: NAMESPACE,
          schema: ANY_DOCUMENT,
          strategy: strategyOf(shape, transport),
          clientId: `client-${number}`,
          soakMs,
          // As what is computed has it: whole documents, which deltas would make a saving of.
          deltas: false,
          ...(state !== undefined && { state }),
        })
        client.on('change', ({ current }) => {
          round = roundOf(current as Json)
          const ran = ranAtMs.get(round) ?? []
          ranAtMs.set(round, ran)
          ran.push(nowMs())
        })
        // Whether it is ready in time is seen by when it runs what.
        client.ready().catch(() => {})
      },
      async close(): Promise<void> {
        await client?.close()
        client = undefined
        round = 0
      },
    }
  })
  return {
    async start() {
      const { signal } = new AbortController()
      const fromMs = systemClock.monotonic()
      for (const [index, { start }] of members.entries()) {
        const dueMs = (startsOverMs * index) / count - (systemClock.monotonic() - fromMs)
        if (dueMs > 1) await systemClock.sleep(dueMs, signal)
        start()
      }
    },
    async restart() {
      await Promise.all(members.map(({ close }) => close()))
      for (const { start } of members) start()
    },
    look: round => ({
      counts: Object.fromEntries(counts),
      bytes: wire.read(),
      ranAtMs: ranAtMs.get(round) ?? [],
      running: members.filter(member => member.runs() === round).length,
      askedAtMs,
    }),
  }
}
