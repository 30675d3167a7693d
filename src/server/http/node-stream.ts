import { ServerResponse, type IncomingMessage } from 'node:http'
import type { Answer, Subscriber } from '../stream/messages.js'
import { ResponseSink } from './response-sink.js'
import { SocketSink } from './socket-sink.js'
import type { StreamHeads } from './stream-head.js'

/**
 * Opens an event stream on Node's response. Over HTTP/1.1 everything goes straight to the socket,
 * already in its chunked coding; the head as well where nobody put anything into the response.
 * Where somebody wraps it, or there is no such socket, all goes through it.
 */
export function openNodeStream(
  req: IncomingMessage,
  res: ServerResponse,
  { headers, plan }: Extract<Answer, { readonly type: 'events' }>,
  headOf: StreamHeads,
): void {
  const { socket } = res
  const isHttp1 = req.httpVersionMajor === 1
  const isChunked = isHttp1 && req.httpVersionMinor >= 1
  if (isChunked && socket !== null && isUntouched(res)) {
    const sink = new SocketSink(socket)
    socket.write(headOf(headers))
    return untilClosed(res, sink.open(plan))
  }
  res.writeHead(200, {
    ...headers,
    ...(isHttp1 && { Connection: 'close' }),
    ...(isChunked && { 'Transfer-Encoding': 'chunked' }),
  })
  // A middleware that compresses says so in the head; what goes past it would break the stream.
  const encoding = res.getHeader('content-encoding')
  const isOurs = encoding === undefined || encoding === headers['Content-Encoding']
  const isPlain = isChunked && socket !== null && isOurs
  const sink = isPlain ? new SocketSink(socket, res) : new ResponseSink(res)
  res.flushHeaders()
  untilClosed(res, sink.open(plan))
}

/**
 * Whether a response is as Node made it: nobody wrote to it, set a header of it, or put something
 * in the place of its methods.
 */
function isUntouched(res: ServerResponse): boolean {
  const { writeHead, write, end } = ServerResponse.prototype
  return (
    !res.headersSent &&
    res.sendDate &&
    res.writeHead === writeHead &&
    res.write === write &&
    res.end === end &&
    res.getHeaderNames().length === 0
  )
}

/** Where a response keeps who reads it: one listener serves all of them. */
const SUBSCRIBER = Symbol('subscriber')

type Streaming = ServerResponse & { [SUBSCRIBER]?: Subscriber }

function untilClosed(res: Streaming, subscriber: Subscriber): void {
  res[SUBSCRIBER] = subscriber
  res.on('close', closed)
}

function closed(this: Streaming): void {
  this[SUBSCRIBER]?.gone()
}
