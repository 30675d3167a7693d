/** A request, whatever brought it. */
export interface Incoming {
  readonly method: string
  /** Path as it came, the mount's prefix taken away. */
  readonly path: string
  /** What stood behind the `?`; empty without one. */
  readonly query: string
  /** A header by its lower-case name. */
  header(name: string): string | undefined
  /** The address of who connected; undefined where the request came over no connection of ours. */
  readonly peer: string | undefined
  /** The body as it comes. Throws `internal` when somebody read it before. */
  body(): AsyncIterable<Uint8Array>
  /** Aborts when whoever asked is gone. Made for those who ask for it: most answers are at hand. */
  signal(): AbortSignal
}

export type Headers = Readonly<Record<string, string>>

/** What is sent back. `events` is an event stream, which the adapter opens. */
export type Answer =
  | {
      readonly type: 'whole'
      readonly status: number
      readonly headers: Headers
      readonly body?: Uint8Array | undefined
    }
  | {
      readonly type: 'lines'
      readonly status: number
      readonly headers: Headers
      readonly lines: AsyncIterable<Uint8Array>
    }
  | { readonly type: 'events'; readonly headers: Headers; readonly plan: Plan }

/** An admitted reader of the event stream, not yet connected. */
export interface Plan {
  /** Connects it: everything until now is written at once, the rest follows. */
  open(sink: Sink): Subscriber
}

/** Where a stream's frames go: one connection's outlet, as its adapter made it. */
export interface Sink {
  /** Whether frames go out compressed; not unless it says so. */
  readonly compressed?: boolean
  /**
   * Whether bytes wait that the reader does not take. Its adapter tells the subscriber when that is
   * over.
   */
  blocked(): boolean
  /** The same frame goes to every connection, so nobody may change it. */
  write(frame: Frame): void
  /** Ends the stream in order. */
  end(): void
  /** Ends the stream at once, with what waits. */
  destroy(): void
}

/** What an adapter tells of its connection. */
export interface Subscriber {
  /** The reader took what waited. */
  drained(): void
  /** The connection is gone. */
  gone(): void
}

/**
 * An event as one chunk of HTTP/1.1's chunked coding, and where in it the event's own bytes are;
 * see {@link plainOf}.
 */
export interface Frame {
  readonly chunked: Uint8Array<ArrayBuffer>
  readonly from: number
  readonly to: number
}

/** The bytes of an event without the chunked coding, in the same memory. */
export function plainOf({ chunked, from, to }: Frame): Uint8Array<ArrayBuffer> {
  return chunked.subarray(from, to)
}
