import { NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import { namespaceProblem, type Namespace } from '../../contracts/names.js'
import type { HeardReports } from '../../contracts/report.js'
import type { LogEntry, ReportsQuery } from '../../contracts/transport.js'
import { readHeardReports } from '../../core/report/report-codec.js'
import { shapeOf, type Shape } from '../../core/json/shape.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import { MAX_AUDIT_BYTES, MAX_RELEASE_BYTES } from '../../core/limits.js'
import { chunksOf, readBody } from '../fetch/body.js'
import { createByteBuffer } from '../../core/byte-buffer.js'
import { discard, exchange, MAX_ERROR_BYTES, send, type Ask } from '../fetch/exchange.js'
import { createRequestDeadline } from '../fetch/request-deadline.js'
import type { Settings } from './options.js'
import { pathOf, refusalFor } from './reading.js'

/** One line of a history: a release and an audit record, escaped. */
const MAX_LINE_BYTES = 4 * (MAX_RELEASE_BYTES + MAX_AUDIT_BYTES)

/** A hundred thousand last words. */
const MAX_ALL_REPORTS_BYTES = 134_217_728

const MAX_NAMESPACES_BYTES = 16_777_216

/**
 * The log, newest first, line by line as it comes; the deadline is for each piece, since a log may
 * be long.
 */
export async function* readHistory(
  settings: Settings,
  { namespace, limit }: { readonly namespace: Namespace; readonly limit?: number | undefined },
  signal: AbortSignal,
): AsyncGenerator<LogEntry, void, undefined> {
  const query = limit === undefined ? '' : `?limit=${limit}`
  const ask: Ask = { method: 'GET', path: `${pathOf(namespace)}/~history${query}`, what: 'the history' }
  const { clock, timeoutMs } = settings
  const deadline = createRequestDeadline({ clock, timeoutMs, what: ask.what, signal })
  try {
    const response = await send(settings, ask, deadline.signal)
    if (response.status !== 200) {
      const body = await readBody(response, deadline, { maxBytes: MAX_ERROR_BYTES, what: ask.what })
      throw refusalFor(settings, ask, { status: response.status, headers: response.headers, body })
    }
    if (!/ndjson/i.test(response.headers.get('content-type') ?? '')) {
      discard(response)
      throw new NoticeboardError(
        'unavailable',
        `the answer of ${settings.name} is not a history; check the address, and whether a proxy stands in between`,
      )
    }
    for await (const line of linesOf(chunksOf(response, deadline, ask.what))) {
      deadline.extend(timeoutMs)
      yield readEntry(line)
    }
  } finally {
    deadline.abort()
  }
}

/** The last word of each instance that the server heard, and since when it listens. */
export async function readReports(
  settings: Settings,
  { namespace, brief }: ReportsQuery,
  signal: AbortSignal,
): Promise<HeardReports> {
  const answer = await readJson(
    settings,
    { method: 'GET', path: `${pathOf(namespace)}/~reports${briefQuery(brief)}`, what: 'the reports' },
    MAX_ALL_REPORTS_BYTES,
    signal,
  )
  const { unread, ...heard } = readHeardReports(answer)
  if (unread > 0)
    settings.logger?.warn(
      'reports were left out, since this version cannot read them; update noticeboard here',
      {
        namespace,
        reports: unread,
      },
    )
  return heard
}

function briefQuery(brief: ReportsQuery['brief']): string {
  if (brief === undefined) return ''
  return `?brief=1${brief.labels.map(name => `&label=${encodeURIComponent(name)}`).join('')}`
}

/** Namespaces that hold at least one release. */
export async function readNamespaces(settings: Settings, signal: AbortSignal): Promise<readonly Namespace[]> {
  const answer = await readJson(
    settings,
    { method: 'GET', path: 'v1/~namespaces', what: 'the list of namespaces' },
    MAX_NAMESPACES_BYTES,
    signal,
  )
  return answer
    .list('namespaces', Number.MAX_SAFE_INTEGER)
    .filter((item): item is string => namespaceProblem(item) === undefined)
}

async function readJson(settings: Settings, ask: Ask, maxBytes: number, signal: AbortSignal): Promise<Shape> {
  const reply = await exchange(settings, { ...ask, maxBytes }, signal)
  if (reply.status !== 200) throw refusalFor(settings, ask, reply)
  return shapeOf(parseJson(reply.body, ask.what), ask.what)
}

function readEntry(line: Uint8Array): LogEntry {
  const shape = shapeOf(parseJson(line, 'a line of the history'), 'a line of the history')
  return {
    bytes: encodeText(shape.string('release')),
    ...shape.optional('audit', name => encodeText(shape.string(name))),
  }
}

function parseJson(bytes: Uint8Array, what: string): Json {
  const text = decodeText(bytes, what)
  try {
    return JSON.parse(text) as Json
  } catch {
    // The parser's own message quotes the text.
    throw new NoticeboardError('invalid-data', `${what} is not JSON`)
  }
}

const LINE_FEED = 10

/**
 * Cuts chunks into lines, bounded in length; a last line without its end is a body that was cut.
 */
async function* linesOf(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, undefined> {
  const begun = createByteBuffer()
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(LINE_FEED); end >= 0; end = chunk.indexOf(LINE_FEED, start)) {
      begun.append(chunk.subarray(start, end))
      start = end + 1
      if (begun.length > 0) yield begun.take()
    }
    begun.append(chunk.subarray(start))
    if (begun.length > MAX_LINE_BYTES) {
      throw new NoticeboardError('too-large', `a line of the history has more than ${MAX_LINE_BYTES} bytes`)
    }
  }
  if (begun.length > 0)
    throw new NoticeboardError('unavailable', 'the history was cut off; the connection was lost')
}
