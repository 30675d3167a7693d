import type { VirtualClock } from '../../../../../src/sim/virtual-clock.js'
import type { Handler } from '../../../../../src/server/handler.js'

/** How long it waits before it asks again, in milliseconds. */
const AGAIN_MS = 1_000

/** Reads everything that a server's event stream brings, and comes back where it ends. */
export function listenTo({
  clock,
  namespace,
  to,
  heard,
}: {
  readonly clock: VirtualClock
  readonly namespace: string
  readonly to: () => Handler
  readonly heard: (chunk: Uint8Array) => void
}): { stop(): void } {
  const stopping = new AbortController()
  const { signal } = stopping
  const request = (): Request =>
    Object.defineProperty(
      new Request(`http://board.test/v1/~events?ns=${encodeURIComponent(namespace)}`),
      'signal',
      {
        value: signal,
      },
    )
  const listen = async (): Promise<void> => {
    while (!signal.aborted) {
      const reader = (await to().fetch(request())).body?.getReader()
      for (let piece = await reader?.read(); piece?.done === false; piece = await reader?.read())
        heard(piece.value)
      await clock.sleep(AGAIN_MS, signal)
    }
  }
  listen().catch(() => {
    // It was stopped, or its server is gone for good.
  })
  return { stop: () => stopping.abort() }
}
