import { NoticeboardError } from '../../contracts/errors.js'
import type { Fetch } from '../../contracts/system.js'
import type { ReportTransport, Store, WatchTransport } from '../../contracts/transport.js'
import { checkOptions } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import { parseBaseUrl } from '../fetch/base-url.js'
import { openEventStream } from './event-stream.js'
import { readHistory, readNamespaces, readReports } from './log.js'
import { createMultiplexer } from './multiplexer.js'
import type { HttpOptions, Settings } from './options.js'
import { readLatest, readNext, readSchema, readSnapshot } from './reading.js'
import { appendRelease, postReports, putSchema, putSnapshot } from './writing.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'

/** All that a board speaks over HTTP. The writing half, the history and the reports want a token. */
export interface HttpTransport extends WatchTransport, ReportTransport, Store {
  /** Another server serves the board, and makes its marks. */
  readonly remote: true
  next: NonNullable<WatchTransport['next']>
  reports: NonNullable<Store['reports']>
  namespaces: NonNullable<Store['namespaces']>
  schema: NonNullable<Store['schema']>
  putSchema: NonNullable<Store['putSchema']>
}

/**
 * A board behind an address: a server of ours, or any web server, bucket or CDN with the same files. Requests have one total
 * deadline, follow no redirects and read no more than they allow. Watches over one transport share one connection, so pass the
 * same object to all clients of a process. Throws `invalid-option` when an option makes no sense.
 */
export function http(url: string, options: HttpOptions = {}): HttpTransport {
  checkOptions('http()', options, {
    headers: true,
    token: true,
    fetch: true,
    timeoutMs: true,
    firstEventTimeoutMs: true,
    maxSnapshotBytes: true,
    system: true,
    logger: true,
  })
  const { headers = {}, token, timeoutMs = 15_000, firstEventTimeoutMs = 10_000, logger } = options
  const { maxSnapshotBytes = MAX_SNAPSHOT_BYTES } = options
  const { clock } = readSystem('http()', options.system)
  for (const [name, value] of Object.entries({ timeoutMs, firstEventTimeoutMs, maxSnapshotBytes })) {
    if (!(Number.isFinite(value) && value > 0))
      throw new NoticeboardError('invalid-option', `${name} of http() must be a number above 0`)
  }
  if (token !== undefined && typeof token !== 'function' && (typeof token !== 'string' || token === '')) {
    throw new NoticeboardError(
      'invalid-option',
      'token of http() must be a text, or a function that gives one; leave it out to read only',
    )
  }

  const base = parseBaseUrl(url)
  const name = `http ${base.slice(0, -1)}`
  const fetch = options.fetch ?? globalFetch
  const settings: Settings = {
    base,
    name,
    headers,
    token,
    fetch,
    timeoutMs,
    firstEventTimeoutMs,
    maxSnapshotBytes,
    clock,
    logger,
  }
  const streams = createMultiplexer((query, signal) => openEventStream(settings, query, signal), clock)

  const withToken = (): void => {
    if (token !== undefined) return
    throw new NoticeboardError(
      'unauthorized',
      `writing over ${name} needs a token: http(url, { token }), from the file that the server names at its start`,
    )
  }

  return {
    name,
    remote: true,
    durability: 'single',
    maxSnapshotBytes,
    latest: (query, signal) => readLatest(settings, query, signal),
    next: (query, signal) => readNext(settings, query, signal),
    snapshot: (query, signal) => readSnapshot(settings, query, signal),
    watch: (query, signal) => streams.watch(query, signal),
    report: (states, signal) => postReports(settings, states, signal),
    async put(query, signal) {
      withToken()
      await putSnapshot(settings, query, maxSnapshotBytes, signal)
    },
    async append(query, signal) {
      withToken()
      return appendRelease(settings, query, signal)
    },
    history: (query, signal) => readHistory(settings, query, signal),
    reports: (query, signal) => readReports(settings, query, signal),
    namespaces: signal => readNamespaces(settings, signal),
    schema: (query, signal) => readSchema(settings, query, signal),
    async putSchema(query, signal) {
      withToken()
      await putSchema(settings, query, signal)
    },
  }
}

/** Looked up at each call, so that a `fetch` that is replaced later (for tracing, in tests) is the one that is used. */
const globalFetch: Fetch = (url, init) => globalThis.fetch(url, init)
