import type { Clock, Fetch, Logger, System } from '../../contracts/system.js'

/** A value, or a function that is asked for it before each request. */
export type Provided<T> = T | (() => T | Promise<T>)

/** How a board over HTTP is spoken to. */
export interface HttpOptions {
  /**
   * Sent with every request; a function is asked each time, so that what it gives may expire.
   * Default: none.
   */
  readonly headers?: Provided<Readonly<Record<string, string>>> | undefined
  /**
   * Sent as `Authorization: Bearer`, for what is not public: `httpStore()` writes with it, and
   * either reads with it. Default: none.
   */
  readonly token?: Provided<string> | undefined
  /**
   * Stands in for `fetch`: for TLS options, client certificates, a proxy. Must honour `signal`.
   * Everything is asked of it unencoded; where it decodes as `fetch` does,
   * `headers: { 'accept-encoding': 'br, gzip' }` asks for less to be sent. Default: the global
   * `fetch`.
   */
  readonly fetch?: Fetch | undefined
  /**
   * The whole time that one request may take, its body included, in milliseconds. Default 15,000.
   */
  readonly timeoutMs?: number | undefined
  /** How long a stream may take until its first event, in milliseconds. Default 10,000. */
  readonly firstEventTimeoutMs?: number | undefined
  /**
   * The largest snapshot that is written, and the longest line of an event stream, in bytes.
   * Default 1,048,576 (1 MiB), as at the server.
   */
  readonly maxSnapshotBytes?: number | undefined
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System> | undefined
  /** Default: silent. */
  readonly logger?: Logger | undefined
}

/** Options with their defaults, as the parts of the transport share them. */
export interface Settings {
  readonly base: string
  /** For people; holds no credentials. */
  readonly name: string
  readonly headers: Provided<Readonly<Record<string, string>>>
  readonly token: Provided<string> | undefined
  readonly fetch: Fetch
  /** Whether that decodes what comes encoded, as the global one does. */
  readonly decodes: boolean
  /**
   * Whether an encoded event stream brought nothing: from then on they are asked for as they are.
   */
  plainStreams: boolean
  /** What is said beside a failure to reach the board; empty where there is nothing to say. */
  readonly hint: () => string
  readonly timeoutMs: number
  readonly firstEventTimeoutMs: number
  readonly maxSnapshotBytes: number
  readonly clock: Clock
  readonly logger: Logger | undefined
}
