// One application: two live configurations over one transport, read all the time, and a file of
// what it saw.
import { join } from 'node:path'
import { createClient, http, hybrid, pull, push } from 'noticeboard'
import { stateFolder } from 'noticeboard/node'
import { countingFetch } from './counting-fetch.js'
import { followedBy } from './documents.js'
import { openEventFile } from './event-file.js'
import { keepWarm, staleRelay } from './faults.js'
import { periods } from './periods.js'

/**
 * @import { HttpTransport, Running, Strategy } from 'noticeboard'
 * @typedef {object} ApplicationSettings
 * @property {string} name
 * @property {number} index its number within its strategy
 * @property {import('./periods.js').StrategyName} strategy
 * @property {import('./options.js').Breakage} broken
 * @property {string} url
 * @property {string} events a folder
 * @property {string} state a folder
 */

/** How long an application waits for its first configuration before it goes to work. */
const startMs = 10_000
const readEveryMs = 50
const tellReadsMs = 500
/** Longer than any demo. */
const neverMs = 3_600_000

/** @param {ApplicationSettings} settings */
export function createApplication({ name, index, strategy, broken, url, events, state }) {
  const write = openEventFile(join(events, `${name}.ndjson`))
  const traffic = { requests: 0, bytes: 0 }
  const tell = (/** @type {object} */ event) => write({ at: Date.now(), client: name, ...event, ...traffic })

  /** @type {Set<string>} */
  const stale = new Set()
  let warm = broken === 'watchdog'
  const { timeoutMs, heartbeatMs } = periods
  const counting = countingFetch((address, init) => fetch(address, init), traffic)
  const outside = warm ? keepWarm(counting, { silenceMs: heartbeatMs, isThere: () => warm }) : counting
  const transport = staleRelay(
    http(url, { fetch: outside, timeoutMs, firstEventTimeoutMs: timeoutMs }),
    stale,
  )

  const clients = followedBy(index).map(({ namespace, schema }) => {
    const client = createClient({
      namespace,
      schema: /** @type {import('zod').ZodType} */ (schema),
      strategy: chooseStrategy(strategy, transport, broken),
      clientId: name,
      reports: periods.reports,
      ...(broken !== 'lkg' && { state: stateFolder(state) }),
    })
    client.on('change', ({ running: snapshot, release }) =>
      tell(running(namespace, snapshot, release?.issuedAt)),
    )
    client.on('rejected', ({ digest, position, code, issues: [issue] }) =>
      tell({
        event: 'refused',
        namespace,
        digest,
        sequence: position?.sequence,
        code,
        path: issue?.path,
        reason: issue?.message,
      }),
    )
    client.on('error', ({ code }) => tell({ event: 'trouble', namespace, code }))
    return client
  })

  let count = 0
  let failed = 0
  const readAll = () => {
    for (const client of clients) {
      count += 1
      try {
        void client.current
      } catch {
        // Counted, not told: there are fifty reads a second.
        failed += 1
      }
    }
  }
  const tellReads = () => {
    tell({ event: 'reads', count, failed })
    count = 0
    failed = 0
  }

  return {
    /** Starts everything; reads go on from here until the process ends. */
    async start() {
      tell({ event: 'started' })
      const ready = clients.map(client =>
        // Without a value the reads fail, and that is what counts.
        client
          .ready({ timeoutMs: startMs })
          .catch(error => tell({ event: 'trouble', namespace: 'all', code: error.code })),
      )
      await Promise.all(ready)
      setInterval(readAll, readEveryMs)
      setInterval(tellReads, tellReadsMs)
    },
    /** Writes down what was asked and received until now. */
    count() {
      tellReads()
      tell({ event: 'counted' })
    },
    /** Takes the middlebox away. */
    cool() {
      warm = false
    },
    /**
     * Puts a stale relay in front, or takes it away. @param {string} namespace @param {boolean} on
     */
    lag(namespace, on) {
      if (on) stale.add(namespace)
      else stale.delete(namespace)
    },
  }
}

/**
 * @param {string} namespace @param {Running<unknown>} snapshot @param {string | undefined} issuedAt
 */
function running(namespace, { digest, position, origin }, issuedAt) {
  return {
    event: 'runs',
    namespace,
    digest,
    sequence: position?.sequence,
    origin,
    ...(issuedAt !== undefined && { issuedAt: Date.parse(issuedAt) }),
  }
}

/**
 * @param {ApplicationSettings['strategy']} name @param {HttpTransport} transport
 * @param {ApplicationSettings['broken']} broken @returns {Strategy}
 */
function chooseStrategy(name, transport, broken) {
  const { pollIntervalMs, timeoutMs, backoff } = periods
  const sweepIntervalMs = broken === 'sweep' ? neverMs : periods.sweepIntervalMs
  const retries = { timeoutMs, backoff }
  switch (name) {
    case 'pull':
      return pull(transport, { pollIntervalMs, sweepIntervalMs, ...retries })
    case 'push':
      return push(transport, {
        sweepIntervalMs,
        pollIntervalMs,
        firstEventTimeoutMs: timeoutMs,
        ...retries,
      })
    case 'hybrid':
      return hybrid(transport, {
        sweepIntervalMs,
        pollIntervalMs,
        firstEventTimeoutMs: timeoutMs,
        ...retries,
      })
  }
}
