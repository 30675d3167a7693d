import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Answer, Sink } from '../stream/messages.js'

/**
 * Opens an event stream on Node's response. Over HTTP/1.1 the frames go straight to the socket, already in their chunked
 * coding: a third cheaper than through the response. Where somebody wraps the response, or there is no such socket, they go through it.
 */
export function openNodeStream(
  req: IncomingMessage,
  res: ServerResponse,
  { headers, plan }: Extract<Answer, { readonly type: 'events' }>,
): void {
  const isHttp1 = req.httpVersionMajor === 1
  const isChunked = isHttp1 && req.httpVersionMinor >= 1
  res.writeHead(200, {
    ...headers,
    ...(isHttp1 && { Connection: 'close' }),
    ...(isChunked && { 'Transfer-Encoding': 'chunked' }),
  })
  res.flushHeaders()
  const { socket } = res
  // A middleware that compresses says so in the head; what goes past it would break the stream.
  const isPlain = isChunked && socket !== null && !res.hasHeader('content-encoding')
  const subscriber = plan.open(isPlain ? socketSink(res, socket) : responseSink(res))

  const drains = isPlain ? socket : res
  const drained = (): void => subscriber.drained()
  drains.on('drain', drained)
  res.once('close', () => {
    drains.off('drain', drained)
    subscriber.gone()
  })
}

/** Frames as chunks, past the response, which only sends the head and the end. */
function socketSink(res: ServerResponse, socket: Socket): Sink {
  return {
    // A large frame asks for a drain even when it left at once; only bytes that are still here mean a slow reader.
    blocked: () => socket.writableNeedDrain && socket.writableLength > 0,
    write: ({ chunked }) => socket.write(chunked),
    end: () => res.end(),
    destroy: () => socket.destroy(),
  }
}

function responseSink(res: ServerResponse): Sink {
  return {
    blocked: () => res.writableNeedDrain,
    write({ plain }) {
      res.write(plain)
      // Compressing middleware holds small writes back until it is told not to.
      if ('flush' in res && typeof res.flush === 'function') res.flush()
    },
    end: () => res.end(),
    destroy: () => res.destroy(),
  }
}
