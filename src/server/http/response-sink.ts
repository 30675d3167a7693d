import type { ServerResponse } from 'node:http'
import { plainOf, type Frame, type Plan, type Sink, type Subscriber } from '../stream/messages.js'

/** A response that takes frames as they are: over HTTP/2, or where a middleware changes what is written. */
export class ResponseSink implements Sink {
  readonly #response: ServerResponse
  #subscriber: Subscriber | undefined
  #isWaiting = false

  constructor(response: ServerResponse) {
    this.#response = response
  }

  /** Connects it to the one who writes. */
  open(plan: Plan): Subscriber {
    this.#subscriber = plan.open(this)
    return this.#subscriber
  }

  blocked(): boolean {
    const response = this.#response
    if (!needsDrain(response)) return false
    if (!this.#isWaiting) {
      this.#isWaiting = true
      response.once('drain', () => {
        this.#isWaiting = false
        this.#subscriber?.drained()
      })
    }
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

/** Whether more waits than a reader should be owed. A response over HTTP/2 does not say so itself. */
function needsDrain(response: ServerResponse): boolean {
  if ('writableNeedDrain' in response) return response.writableNeedDrain
  const { writableLength, writableHighWaterMark } = response as ServerResponse
  return writableLength >= writableHighWaterMark
}
