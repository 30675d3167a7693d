// @ts-check
import * as z from 'zod'
import * as core from '../../../src/core.js'
import { createClient, http, hybrid, onDemand, pull, push } from '../../../src/index.js'
import { cached } from '../../../src/transports/cached.js'
import { fallback } from '../../../src/transports/fallback.js'

/** Addresses that the bundle names: a board, and one that redirects. */
const { BOARD, ELSEWHERE, SETS } = /** @type {{ BOARD: string, ELSEWHERE: string, SETS: number }} */ (
  /** @type {any} */ (globalThis).OF_THE_TEST
)

const schema = z.object({ size: z.number() })
const board = http(BOARD)
const strategies = {
  onDemand: onDemand(board, { maxAgeMs: 60_000 }),
  eager: onDemand(cached(board), { maxAgeMs: 300 }),
  pull: pull(fallback([board]), { pollIntervalMs: 200 }),
  push: push(board),
  hybrid: hybrid(board),
  redirected: onDemand(http(ELSEWHERE)),
}

/** Clients as a module makes them, before any request: a set for each test. */
/** @type {Map<string, Client>} */
const clients = new Map(
  Array.from({ length: SETS }, (_, set) =>
    Object.entries(strategies).map(
      ([name, strategy]) =>
        /** @type {const} */ ([
          `${set}/${name}`,
          createClient({
            namespace: `set${set}/prod`,
            schema,
            strategy,
            ...(name === 'eager' && { defaults: { size: 0 } }),
          }),
        ]),
    ),
  ).flat(),
)

/** @typedef {import('../../../src/index.js').Client<{ size: number }>} Client */

/** What a request may ask of a client. */
const acts = {
  look: () => {},
  ready: (/** @type {Client} */ config) => config.ready(),
  refresh: (/** @type {Client} */ config) => config.refresh(),
  later: (/** @type {Client} */ config, /** @type {{ waitUntil(work: Promise<void>): void }} */ context) =>
    context.waitUntil(config.refresh()),
  close: (/** @type {Client} */ config) => config.close(),
  pause: (/** @type {Client} */ config) => config.pause(),
  resume: (/** @type {Client} */ config) => config.resume(),
}

/**
 * A line for each value, for as long as somebody reads.
 *
 * @param {Client} config
 */
async function follow(config) {
  await config.ready()
  const gone = new AbortController()
  const body = new ReadableStream({
    start(controller) {
      config.subscribe(({ size }) => controller.enqueue(new TextEncoder().encode(`${size}\n`)), {
        signal: gone.signal,
      })
    },
    cancel: () => gone.abort(),
  })
  return new Response(body)
}

// oxlint-disable-next-line no-default-export -- what workers are
export default {
  /**
   * @param {Request} request
   * @param {unknown} _environment
   * @param {{ waitUntil(work: Promise<void>): void }} context
   */
  async fetch(request, _environment, context) {
    const [, set, name, act] = new URL(request.url).pathname.split('/')
    const config = clients.get(`${set}/${name}`)
    if (config === undefined) return new Response(Object.keys(core).join(' '))
    if (act === 'follow') return follow(config)
    try {
      await acts[/** @type {keyof typeof acts} */ (act)](config, context)
      const { status, ageMs } = config
      return Response.json({ size: config.current.size, status, ageMs })
    } catch (error) {
      const { code, message } = /** @type {{ code?: string, message: string }} */ (error)
      return Response.json({ code, message })
    }
  },
}
