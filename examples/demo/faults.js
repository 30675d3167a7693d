// What goes wrong between a server and a client, as wrappers at the edges: nothing inside the
// library knows of them.

/**
 * @import { HttpTransport } from 'noticeboard'
 * @import { Delivery, Fetch } from 'noticeboard/core'
 * @typedef {{ epoch: string, sequence: number, digest: string, asOf: string, validUntil: string }}
 * Mark
 */

const decoder = new TextDecoder()
const encoder = new TextEncoder()

/**
 * The transport behind a relay that can lose touch with the server. It lives and sends marks in
 * time, but of a release that is not the newest any more; what is newer it does not pass on.
 * @param {HttpTransport} transport
 * @param {ReadonlySet<string>} stale namespaces of which the relay hears nothing new
 * @returns {HttpTransport}
 */
export function staleRelay(transport, stale) {
  /** @type {Map<string, Mark>} */
  const last = new Map()
  return {
    ...transport,
    async *watch(query, signal) {
      for await (const delivery of transport.watch(query, signal)) {
        if (delivery.type === 'alive') yield delivery
        else if (!stale.has(delivery.namespace)) yield remember(delivery)
        else if (delivery.type === 'mark') {
          const known = last.get(delivery.namespace)
          if (known !== undefined) yield { ...delivery, bytes: withPositionOf(delivery.bytes, known) }
        }
      }
    },
  }

  /** @param {Exclude<Delivery, { type: 'alive' }>} delivery */
  function remember(delivery) {
    if (delivery.type === 'mark')
      last.set(delivery.namespace, JSON.parse(decoder.decode(delivery.bytes)).mark)
    return delivery
  }
}

/** @param {Uint8Array} bytes @param {Mark} known */
function withPositionOf(bytes, { epoch, sequence, digest }) {
  const file = JSON.parse(decoder.decode(bytes))
  Object.assign(file.mark, { epoch, sequence, digest })
  return encoder.encode(JSON.stringify(file))
}

/**
 * A middlebox that keeps streams warm: when one falls silent it repeats the last marks, their times
 * moved on. It hides from every watchdog behind it that nobody is there any more.
 * @param {Fetch} fetch
 * @param {{ readonly silenceMs: number, readonly isThere: () => boolean }} options
 * @returns {Fetch}
 */
export function keepWarm(fetch, options) {
  return async (url, init) => {
    const response = await fetch(url, init)
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream')
    if (!isStream || response.body === null) return response
    const { status, headers } = response
    return new Response(warmed(response.body, options), { status, headers })
  }
}

/**
 * @param {ReadableStream<Uint8Array>} body
 * @param {{ readonly silenceMs: number, readonly isThere: () => boolean }} options
 */
function warmed(body, { silenceMs, isThere }) {
  const reader = body.getReader()
  /** @type {Map<string, { mark: Mark, heardMs: number }>} */
  const marks = new Map()
  let rest = ''
  let lastMs = Date.now()

  const listen = (/** @type {Uint8Array} */ chunk) => {
    lastMs = Date.now()
    const events = (rest + decoder.decode(chunk)).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const [name, namespace = '', file = ''] = event.split('\n').map(line => line.replace(/^\w+: /, ''))
      if (name === 'mark') marks.set(namespace, { mark: JSON.parse(file).mark, heardMs: lastMs })
    }
  }
  /** @type {NodeJS.Timeout} */
  let timer
  return new ReadableStream({
    start(controller) {
      timer = setInterval(() => {
        if (!isThere() || Date.now() - lastMs < silenceMs || rest !== '') return
        for (const [namespace, kept] of marks) controller.enqueue(encoder.encode(repeated(namespace, kept)))
      }, silenceMs / 2)
    },
    async pull(controller) {
      const { done, value } = await reader.read()
      if (done) {
        clearInterval(timer)
        return controller.close()
      }
      listen(value)
      controller.enqueue(value)
    },
    cancel(reason) {
      clearInterval(timer)
      return reader.cancel(reason)
    },
  })
}

/** @param {string} namespace @param {{ mark: Mark, heardMs: number }} kept */
function repeated(namespace, { mark, heardMs }) {
  const later = (/** @type {string} */ time) =>
    new Date(Date.parse(time) + Date.now() - heardMs).toISOString()
  const moved = { ...mark, asOf: later(mark.asOf), validUntil: later(mark.validUntil) }
  return `event: mark\ndata: ${namespace}\ndata: ${JSON.stringify({ mark: moved, signatures: [] })}\n\n`
}
