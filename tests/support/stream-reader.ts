import type { Clock } from '../../src/contracts/system.js'

/** Somebody who reads the event stream of a handler. */
export interface StreamReader {
  readonly events: { readonly name: string; readonly data: readonly string[]; readonly atMs: number }[]
  /** How it ended; undefined while it goes on. */
  readonly ended: () => string | undefined
  stop(): void
  /** The data of the events of one name. */
  of(name: string): readonly (readonly string[])[]
}

/** Opens the stream; without `take` nothing of it is read. */
export function openReader(
  fetch: (request: Request) => Promise<Response>,
  clock: Clock,
  query: string,
  take = true,
): StreamReader {
  const stop = new AbortController()
  const events: StreamReader['events'] = []
  let ended: string | undefined
  const run = async (): Promise<void> => {
    const response = await fetch(
      new Request(`http://board.test/v1/~events?${query}`, { signal: stop.signal }),
    )
    let text = ''
    const decoder = new TextDecoder()
    const reader = response.body!.getReader()
    while (take) {
      const { done, value } = await reader.read()
      if (done) break
      text += decoder.decode(value, { stream: true })
      const parts = text.split('\n\n')
      text = parts.pop() ?? ''
      for (const part of parts) {
        const [first = '', ...lines] = part.split('\n')
        events.push({ name: first.slice(7), data: lines.map(line => line.slice(6)), atMs: clock.monotonic() })
      }
    }
    if (take) ended = 'ended'
  }
  run().catch((error: Error) => (ended = error.message))
  return {
    events,
    ended: () => ended,
    stop: () => stop.abort(),
    of: name => events.filter(event => event.name === name).map(({ data }) => data),
  }
}
