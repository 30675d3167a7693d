import type { Fetch, System } from '../contracts/system.js'

/** A stream that text goes to. Node's own fit. */
export interface Output {
  write(chunk: string | Uint8Array): unknown
  readonly isTTY?: boolean
  readonly columns?: number
}

/**
 * Everything the command line asks of the process it runs in, so that it runs in a test as well.
 */
export interface Io {
  /** Data. */
  readonly stdout: Output
  /** Progress and errors. */
  readonly stderr: Output
  readonly stdin: AsyncIterable<Uint8Array>
  readonly env: Readonly<Record<string, string | undefined>>
  /** The folder that paths are relative to. */
  readonly cwd: string
  /** Aborts when the user interrupts. */
  readonly signal: AbortSignal
  /** Time and chance. Default: the machine's. */
  readonly system?: Partial<System>
  /** What asks servers. Default: the global `fetch`. */
  readonly fetch?: Fetch
  /**
   * Hears what a command is about to do, so that it can be told; undefined while it tells by
   * itself, and then as long as it wants.
   */
  readonly doing?: (what: string | undefined, from?: 'input') => void
  /**
   * Hears before each request to a server which variable names the proxy that it goes through;
   * undefined where the server is asked directly.
   */
  readonly asking?: (proxy: string | undefined) => void
  /**
   * Hears that the token of the configuration file is not sent, since the address is another one
   * than the file's, and where that address is from: `--url` or `NOTICEBOARD_URL`.
   */
  readonly holdingBack?: (source: string) => void
}
