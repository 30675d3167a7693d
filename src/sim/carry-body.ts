import { onAbort } from '../async/signals.js'
import type { Clock } from '../contracts/system.js'
import { copyBytes, joinBytes } from '../core/json/text.js'
import type { Dice } from './dice.js'
import type { Link } from './link.js'
import { noisy } from './noise.js'
import type { SimProcess } from './process.js'
import type { Traffic } from './trace.js'

/** An event stream as its client sees it. */
export interface OpenStream {
  /** Something came. */
  heard(): void
  /** The client let go of it, or was told that it ended. */
  closed(): void
}

interface BodyContext {
  readonly world: Clock
  readonly dice: Dice
  readonly client: SimProcess
  readonly server: SimProcess
  readonly link: Link
  /** Aborted when the client hung up or died. */
  readonly gone: AbortController
  readonly travel: () => Promise<void>
  readonly traffic: Traffic
  readonly damage: (chunk: Uint8Array) => Uint8Array
  /** Whether proxies keep and damage it: the answer to a GET that is no stream. */
  readonly readable: boolean
  /** Called with the whole of a readable body. */
  readonly onGiven: (body: Uint8Array<ArrayBuffer>) => void
  /** The request's signal when this is an event stream. */
  readonly lifeline: AbortSignal | undefined
  readonly onChunk: (chunk: Uint8Array) => void
  readonly onStream?: () => OpenStream
}

/** Longer than what readers take of a line in a stream, unless they are given a higher limit. */
const LONG_LINE_BYTES = 131_072

/** A body as it arrives over a link: chunk by chunk, late, cut, held up, damaged. */
export function carryBody(
  from: ReadableStream<Uint8Array>,
  {
    world,
    dice,
    client,
    server,
    link,
    gone,
    travel,
    traffic,
    damage,
    readable,
    onGiven,
    lifeline,
    onChunk,
    onStream,
  }: BodyContext,
): ReadableStream<Uint8Array> {
  const reader = from.getReader()
  const cut = dice.chance(link.cut)
  const stream = lifeline === undefined ? undefined : onStream?.()
  const over = (): void => stream?.closed()
  if (lifeline !== undefined) onAbort(lifeline, over)
  if (stream !== undefined) client.onDeath(over)
  const parts: Uint8Array[] = []
  let length = 0
  return new ReadableStream<Uint8Array>({
    start(controller) {
      const fail = (): void => {
        over()
        try {
          controller.error(new TypeError('terminated'))
        } catch {
          // It had ended before.
        }
      }
      const stop = (): void => {
        reader.cancel().catch(() => {})
        client.when(fail)
      }
      const forget = [server.onDeath(() => void travel().then(stop)), client.onDeath(() => gone.abort())]
      onAbort(gone.signal, stop)
      void pump().then(() => forget.forEach(undo => undo()))

      async function pump(): Promise<void> {
        let first = true
        try {
          while (!gone.signal.aborted) {
            while (link.stalled && !gone.signal.aborted)
              await new Promise<void>(resolve => void world.after(500, resolve))
            if (!server.running) await server.gate(Promise.resolve())
            const { done, value } = await server.gate(reader.read())
            // The end comes with the last bytes, mostly.
            if (!done || dice.chance(0.1)) await travel()
            // Packets that vanish leave both ends believing that they are connected.
            if (link.black) return
            if (done) {
              traffic.add('end')
              if (readable) onGiven(copyBytes(joinBytes(parts, length)))
              return client.when(() => {
                over()
                close(controller)
              })
            }
            if (readable) {
              parts.push(value)
              length += value.length
            }
            if (cut) {
              traffic.add('cut')
              client.when(() => enqueue(controller, value.slice(0, value.length >> 1)))
              gone.abort()
              return
            }
            if (lifeline !== undefined) onChunk(value)
            const given =
              link.proxy === 'mangling' && readable
                ? damage(value)
                : link.proxy === 'noisy' && lifeline !== undefined
                  ? noisy(value, { dice, first, maxLineBytes: LONG_LINE_BYTES })
                  : value
            first = false
            traffic.bytes(given)
            const chunks =
              link.bytewise && given.length < 4_000 ? [...given].map(byte => Uint8Array.of(byte)) : [given]
            client.when(() => stream?.heard())
            for (const chunk of chunks) client.when(() => enqueue(controller, chunk))
          }
        } catch {
          client.when(fail)
        }
      }
    },
    cancel() {
      over()
      gone.abort()
    },
  })
}

function enqueue(controller: ReadableStreamDefaultController<Uint8Array>, chunk: Uint8Array): void {
  try {
    controller.enqueue(chunk)
  } catch {
    // The reader went away.
  }
}

function close(controller: ReadableStreamDefaultController<Uint8Array>): void {
  try {
    controller.close()
  } catch {
    // The reader went away.
  }
}
