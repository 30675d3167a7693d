import type { Frame, Plan, Sink, Subscriber } from '../stream/messages.js'

/** A sink over a stream of Node, which listens for a drain only while somebody waits for one. */
export abstract class DrainingSink implements Sink {
  #subscriber: Subscriber | undefined
  #isWaiting = false

  abstract blocked(): boolean
  abstract write(frame: Frame): void
  abstract end(): void
  abstract destroy(): void

  /** Connects it to the one who writes. */
  open(plan: Plan): Subscriber {
    this.#subscriber = plan.open(this)
    return this.#subscriber
  }

  /** Tells the one who writes, once, when the stream takes more again. */
  protected awaitDrain(stream: Pick<NodeJS.WritableStream, 'once'>): void {
    if (this.#isWaiting) return
    this.#isWaiting = true
    stream.once('drain', () => {
      this.#isWaiting = false
      this.#subscriber?.drained()
    })
  }
}
