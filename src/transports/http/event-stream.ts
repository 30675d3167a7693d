import { createBucket } from '../../async/bucket.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Delivery, WatchQuery } from '../../contracts/transport.js'
import { PLAIN, STREAM_ENCODINGS } from '../fetch/encodings.js'
import { chunksOf, readBody, type Waiting } from '../fetch/body.js'
import { readDelivery } from './deliveries.js'
import { createEventParser } from './event-parser.js'
import { discard, MAX_ERROR_BYTES, send, type Ask } from '../fetch/exchange.js'
import { createRequestDeadline } from '../fetch/request-deadline.js'
import type { Settings } from './options.js'
import { refusalFor } from './reading.js'
import { defaultPeriods } from '../../core/defaults.js'
import { DEAD_AFTER_HEARTBEATS, STREAM_LINES_A_SECOND, STREAM_LINES_AT_ONCE } from '../../core/limits.js'

/**
 * What a line holds beside a snapshot: its field's name and the digest; and what an event holds
 * beside two.
 */
const LINE_MARGIN = 32_768

/** What a server keeps that does not say its heartbeat. */
const DEFAULT_HEARTBEAT_MS = defaultPeriods.heartbeatMs

/**
 * A longer query does not pass many a proxy; what the client has is left out then, at the price of
 * being sent again.
 */
const MAX_QUERY = 6_000

/**
 * One connection of the event stream. Ends only by throwing: `no-watch` where there is no stream,
 * `unavailable` when it ends, says goodbye, falls silent or brings more than any server does,
 * `closed` when the signal aborts. Leaves nothing open.
 */
export async function* openEventStream(
  settings: Settings,
  query: WatchQuery,
  signal: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  const acceptEncoding = query.inline && settings.decodes && !settings.plainStreams ? STREAM_ENCODINGS : PLAIN
  const ask: Ask = {
    method: 'GET',
    path: `v1/~events?${formatQuery(query)}`,
    what: 'the event stream',
    headers: { accept: 'text/event-stream', 'accept-encoding': acceptEncoding },
  }
  const deadline = createRequestDeadline({
    clock: settings.clock,
    timeoutMs: settings.firstEventTimeoutMs,
    what: ask.what,
    signal,
  })
  /** Whether the stream is there, encoded, and brought no event yet. */
  let isMute = false
  try {
    const response = await send(settings, ask, deadline.signal)
    await checkStream(settings, ask, response, deadline)
    isMute = acceptEncoding !== PLAIN
    const lines = createBucket({
      clock: settings.clock,
      perSecond: STREAM_LINES_A_SECOND,
      burst: STREAM_LINES_AT_ONCE,
    })
    const parse = createEventParser({
      maxLineBytes: settings.maxSnapshotBytes + LINE_MARGIN,
      maxEventBytes: 2 * settings.maxSnapshotBytes + LINE_MARGIN,
      took(count) {
        lines.spend(count)
        if (lines.left < 0)
          throw new NoticeboardError(
            'unavailable',
            `the event stream of ${settings.name} brings more than ${STREAM_LINES_A_SECOND} lines a second, far more than a server sends, so it was closed; check what answers at that address`,
          )
      },
    })
    let heartbeatMs = DEFAULT_HEARTBEAT_MS

    for await (const chunk of chunksOf(response, deadline, ask.what)) {
      for (const event of parse(chunk)) {
        const delivery = readDelivery(event)
        if (delivery === undefined) continue
        isMute = false
        if (delivery.type === 'alive' && delivery.heartbeatMs !== undefined)
          heartbeatMs = delivery.heartbeatMs
        deadline.extend(heartbeatMs * DEAD_AFTER_HEARTBEATS)
        yield delivery
      }
    }
    throw new NoticeboardError('unavailable', `${settings.name} ended the event stream`)
  } finally {
    // Something in between may have broken the encoding.
    if (isMute && !signal.aborted) settings.plainStreams = true
    deadline.abort()
  }
}

/** The query of `~events`, in one order, so that equal questions have equal addresses. */
export function formatQuery({ namespaces, inline, identity, have = {}, deltas }: WatchQuery): string {
  const pairs: [string, string][] = [...namespaces].sort().map(namespace => ['ns', namespace])
  if (inline) {
    pairs.push(['inline', '1'])
    if (deltas === true) pairs.push(['delta', 'dcz'])
    if (identity !== undefined) {
      pairs.push(['client', identity.clientId])
      for (const name of Object.keys(identity.labels).sort())
        pairs.push(['label', `${name}=${identity.labels[name]}`])
    }
  }
  const having: [string, string][] = []
  for (const namespace of namespaces)
    if (inline && have[namespace] !== undefined) having.push(['have', `${namespace}=${have[namespace]}`])
  const whole = new URLSearchParams([...pairs, ...having]).toString()
  return whole.length <= MAX_QUERY ? whole : new URLSearchParams(pairs).toString()
}

async function checkStream(
  settings: Settings,
  ask: Ask,
  response: Response,
  waiting: Waiting,
): Promise<void> {
  const { status, headers } = response
  const isStream = /^\s*text\/event-stream\b/i.test(headers.get('content-type') ?? '')
  if (status === 200 && isStream) return
  if ((status >= 200 && status < 300) || status === 404 || status === 405 || status === 501) {
    discard(response)
    throw new NoticeboardError(
      'no-watch',
      `${settings.name} has no event stream (it answered ${status}${isStream ? '' : ' with another content type'})`,
    )
  }
  const body = await readBody(response, waiting, { maxBytes: MAX_ERROR_BYTES, what: ask.what })
  throw refusalFor(settings, ask, { status, headers, body })
}
