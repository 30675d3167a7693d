import type { ServerResponse } from 'node:http'
import { plainOf, type Frame } from '../stream/messages.js'
import { DrainingSink } from './draining-sink.js'

/**
 * A response that takes frames as they are: over HTTP/2, or where a middleware changes what is
 * written.
 */
export class ResponseSink extends DrainingSink {
  readonly #response: ServerResponse

  constructor(response: ServerResponse) {
    super()
    this.#response = response
  }

  blocked(): boolean {
    if (!needsDrain(this.#response)) return false
    this.awaitDrain(this.#response)
    return true
  }

  write(frame: Frame): void {
    const response = this.#response
    response.write(plainOf(frame))
    // Compressing middleware holds small writes back until it is told not to.
    if ('flush' in response && typeof response.flush === 'function') response.flush()
  }

  end(): void {
    this.#response.end()
  }

  destroy(): void {
    this.#response.destroy()
  }
}

/**
 * Whether more waits than a reader should be owed. A response over HTTP/2 does not say so itself.
 */
function needsDrain(response: ServerResponse): boolean {
  if ('writableNeedDrain' in response) return response.writableNeedDrain
  const { writableLength, writableHighWaterMark } = response as ServerResponse
  return writableLength >= writableHighWaterMark
}
