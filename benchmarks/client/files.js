// A board of one namespace in memory, as a `fetch` that a transport is given: no sockets, so that
// what is measured is the client's own.

/** @typedef {{ namespace: string, release: Uint8Array, snapshot: Uint8Array }} Board */

/** What is answered under a path, and to whoever listens. @param {Board} board */
export function fetchFrom({ namespace, release, snapshot }) {
  const etag = '"1"'
  /**
   * @param {string} url @param {{ headers?: Record<string, string> }} init
   * @returns {Promise<Response>}
   */
  return async (url, { headers = {} }) => {
    if (url.includes('~events')) return stream(namespace, release)
    if (url.includes('~reports')) return Response.json({ received: 1 })
    if (url.includes('/snapshots/')) return json(snapshot)
    if (!url.endsWith('/release.json')) return new Response(null, { status: 404 })
    if (headers['if-none-match'] === etag) return new Response(null, { status: 304, headers: { etag } })
    return json(release, { etag })
  }
}

/** @param {Uint8Array} bytes @param {Record<string, string>} [headers] */
function json(bytes, headers = {}) {
  return new Response(/** @type {Uint8Array<ArrayBuffer>} */ (bytes), {
    headers: { 'content-type': 'application/json', ...headers },
  })
}

/**
 * A stream that says what is there and then nothing more. @param {string} namespace
 * @param {Uint8Array} release
 */
function stream(namespace, release) {
  const text = new TextDecoder().decode(release)
  const body = new ReadableStream({
    start(controller) {
      const frames = `event: alive\ndata: {"heartbeatMs":600000}\n\nevent: release\ndata: ${namespace}\ndata: ${text}\n\n`
      controller.enqueue(new TextEncoder().encode(frames))
    },
  })
  return new Response(body, { headers: { 'content-type': 'text/event-stream' } })
}
