// What the broadcasting servers and the readers agree on.

/** How every frame ends: an event's empty line, then the end of its chunk. */
export const frameEnd = Buffer.from('\n\n\r\n')

/** The head of an event stream over HTTP/1.1, for the servers that are not noticeboard's. */
export const streamHead = {
  'Content-Type': 'text/event-stream',
  'Cache-Control': 'no-store, no-transform',
  'Transfer-Encoding': 'chunked',
  Connection: 'close',
}

/** Connections that may wait to be accepted; the same for all servers. */
export const backlog = 4_096

export const namespace = 'benchmark/fanout'
