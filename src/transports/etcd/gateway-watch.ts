import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import { chunksOf, readBody } from '../fetch/body.js'
import { createLinkedAbortController } from '../../async/signals.js'
import { responseOf } from '../fetch/exchange.js'
import type { EtcdNews, EtcdRevision } from './client.js'
import { refusalOf } from './gateway-errors.js'
import { entryOf, textOf, type KeyValueMessage } from './gateway-messages.js'

/** What the calls share. */
export interface Gateway {
  readonly name: string
  /** Sends a body, and gives the response once its head is there. */
  request(path: string, body: string, signal: AbortSignal): Promise<Response>
}

/** The longest line of a watch: some hundred releases that were written while nobody read. */
const MAX_LINE = 8_388_608

interface WatchMessage {
  readonly result?: {
    readonly canceled?: boolean
    readonly compact_revision?: string
    readonly cancel_reason?: string
    readonly events?: readonly { readonly type?: string; readonly kv?: KeyValueMessage }[]
  }
  readonly error?: unknown
}

/** One request for a range of keys, which the gateway answers with a line for each message. */
export async function* openGatewayWatch(
  { name, request }: Gateway,
  { key, end, from }: { readonly key: string; readonly end: string; readonly from: EtcdRevision },
  signal: AbortSignal,
): AsyncGenerator<EtcdNews, void, undefined> {
  if (signal.aborted) return
  // Node's fetch forgets a signal whose request was collected, so nothing here waits for it to end
  // a body.
  const own = createLinkedAbortController(signal)
  const create = JSON.stringify({
    create_request: { key: textOf(key), range_end: textOf(end), start_revision: from },
  })
  try {
    const response = await responseOf(request('watch', create, own.signal), own.signal)
    const what = `the watch of ${name}`
    if (response.status !== 200)
      throw refusalOf(name, response.status, await readBody(response, own, { maxBytes: MAX_LINE, what }))
    for await (const line of linesOf(chunksOf(response, own, what), name)) {
      const news = newsOf(name, line)
      if (news !== undefined) yield news
      if (news?.type === 'compacted') return
    }
    throw new NoticeboardError('unavailable', `${name} ended the watch`)
  } catch (error) {
    if (signal.aborted) return
    throw asNoticeboardError(error, 'unavailable', `${name} lost the connection of the watch`)
  } finally {
    // Closes the connection however the watch ended.
    own.abort()
  }
}

function newsOf(name: string, line: string): EtcdNews | undefined {
  const { result, error } = JSON.parse(line) as WatchMessage
  if (error !== undefined) throw refusalOf(name, 500, new TextEncoder().encode(JSON.stringify(error)))
  if (result?.canceled === true) {
    if (result.compact_revision !== undefined) return { type: 'compacted' }
    throw refusalOf(
      name,
      500,
      new TextEncoder().encode(
        JSON.stringify({ message: result.cancel_reason ?? 'the watch was cancelled' }),
      ),
    )
  }
  // What was deleted is left out: a configuration is never taken away.
  const entries = (result?.events ?? [])
    .filter(({ type = 'PUT' }) => type === 'PUT')
    .map(({ kv = {} }) => entryOf(kv))
  return entries.length === 0 ? undefined : { type: 'entries', entries }
}

async function* linesOf(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
): AsyncGenerator<string, void, undefined> {
  const decoder = new TextDecoder()
  let rest: string[] = []
  let length = 0
  for await (const chunk of chunks) {
    const [first = '', ...lines] = decoder.decode(chunk, { stream: true }).split('\n')
    rest.push(first)
    length += first.length
    if (length > MAX_LINE)
      throw new NoticeboardError(
        'too-large',
        `${name} sent a line of the watch of more than ${MAX_LINE} characters; check what answers at that address`,
      )
    for (const line of lines) {
      yield rest.join('')
      rest = [line]
      length = line.length
    }
  }
}
