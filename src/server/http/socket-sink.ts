import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { encodeText } from '../../core/json/text.js'
import type { Frame, Plan, Subscriber } from '../stream/messages.js'
import { DrainingSink } from './draining-sink.js'

/** What may be gathered while a stream opens before it is written, in bytes. */
const OPENING_BYTES = 65_536

/** The chunk that ends a body in chunked coding. */
const LAST_CHUNK = encodeText('0\r\n\r\n')

/**
 * A socket that takes frames as chunks, past its response: a third cheaper than through it. What is
 * written while the stream opens leaves in one piece. A class, since there are as many as streams,
 * and each method is one for all of them.
 */
export class SocketSink extends DrainingSink {
  readonly #socket: Socket
  readonly #response: ServerResponse | undefined
  #isOpening = true

  /**
   * Gathers from now on what is written to the socket. The response is that which wrote the head,
   * and will end the stream.
   */
  constructor(socket: Socket, response?: ServerResponse) {
    super()
    this.#socket = socket
    this.#response = response
    socket.cork()
  }

  /** Connects it to the one who writes, and sends what there is until now. */
  override open(plan: Plan): Subscriber {
    const subscriber = super.open(plan)
    this.#opened()
    return subscriber
  }

  /** Whether bytes wait here. A large frame asks for a drain even when it left at once. */
  blocked(): boolean {
    const socket = this.#socket
    if (socket.writableLength === 0) return false
    if (this.#isOpening) {
      if (socket.writableLength < OPENING_BYTES) return false
      this.#opened()
    }
    if (!socket.writableNeedDrain || socket.writableLength === 0) return false
    this.awaitDrain(socket)
    return true
  }

  write(frame: Frame): void {
    this.#socket.write(frame.chunked)
  }

  end(): void {
    if (this.#response !== undefined) {
      this.#response.end()
      return
    }
    const socket = this.#socket
    socket.end(LAST_CHUNK, () => socket.destroy())
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #opened(): void {
    if (!this.#isOpening) return
    this.#isOpening = false
    this.#socket.uncork()
  }
}
