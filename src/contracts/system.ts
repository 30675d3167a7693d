/**
 * What the library asks of the outside: time, chance, hashing, a disk, HTTP and a place for logs.
 * Nothing else in the library touches these, so the same code runs under a virtual clock with a
 * seed.
 */

/** Time. Deadlines and periods use `monotonic`; `now` is for display and for what travels. */
export interface Clock {
  /** Wall-clock milliseconds since 1970; may jump. */
  now(): number
  /** Milliseconds since some fixed point; never goes back. */
  monotonic(): number
  /**
   * Resolves after the delay, or as soon as the signal aborts; never rejects. Does not keep a
   * process alive.
   */
  sleep(delayMs: number, signal: AbortSignal): Promise<void>
  /** Calls back once after the delay, unless cancelled. Does not keep a process alive. */
  after(delayMs: number, callback: () => void): () => void
  /** Resolves when other work that is ready has had its turn. */
  turn(): Promise<void>
  /**
   * Keeps the process alive until the function that it returns is called. A virtual clock has no
   * process to keep, and no `hold`.
   */
  hold?(): () => void
}

/** Chance. */
export interface Random {
  /** Uniform in [0, 1). */
  number(): number
  /** That many random bytes; unpredictable ones in production. */
  bytes(length: number): Uint8Array
}

/** Hashing; synchronous, because thread pools do not repeat their order. */
export interface Hasher {
  /** SHA-256 of the bytes: 32 bytes. */
  sha256(bytes: Uint8Array): Uint8Array
}

/**
 * The few facts that a client asks of the process it runs in; nothing of it exists in a browser.
 */
export interface Platform {
  /** The value of an environment variable. */
  environment(name: string): string | undefined
  /** All names that start with a prefix. */
  environmentNames(prefix: string): readonly string[]
  /** The name of this machine. */
  hostName(): string | undefined
  /** A file's bytes. Throws the system's error. */
  readFile(path: string): Uint8Array | undefined
}

/**
 * What the library asks of the machine it runs on. Everything that takes the option `system` takes
 * a part of it; the rest is the machine's.
 */
export interface System {
  readonly clock: Clock
  readonly random: Random
  readonly hasher: Hasher
  readonly platform: Platform
}

/**
 * The request half of `fetch` that the library uses; the global one fits, and so does any wrapper
 * that adds TLS or a proxy.
 */
export type Fetch = (url: string, init: FetchInit) => Promise<Response>

/** The options that every request of the library carries. */
export interface FetchInit {
  readonly method: string
  readonly headers: Record<string, string>
  readonly signal: AbortSignal
  readonly body?: Uint8Array<ArrayBuffer>
  /** Redirects are refused by the library itself: `error` is a mode that some runtimes lack. */
  readonly redirect: 'manual'
  /** Left out where the runtime refuses it. */
  readonly cache?: 'no-store'
}

/**
 * The operations on files that durability is made of. Paths are absolute. A missing file or folder
 * is an answer, not an error; everything else that fails throws the system's error with its `code`
 * (`ENOSPC`, `EACCES`, `EIO`), for callers to turn into words.
 */
export interface Fs {
  /** The whole file, or undefined when there is none. Throws `too-large` past the limit. */
  read(path: string, maxBytes: number): Promise<Uint8Array | undefined>
  /** Names in a folder, in no order; empty when there is no such folder. */
  list(path: string): Promise<readonly string[]>
  /** Creates the folder and its parents, and makes their entries durable. */
  makeFolder(path: string): Promise<void>
  /**
   * Creates a file (fails with `EEXIST` when there is one) holding exactly these bytes, durable
   * before it resolves. A short write is `ENOSPC`.
   */
  create(path: string, bytes: Uint8Array): Promise<void>
  /**
   * A second name for a complete file; `taken` when the name exists. The compare-and-swap of the
   * file store.
   */
  link(from: string, to: string): Promise<'linked' | 'taken'>
  /** Moves a file over another, in one step for every reader. */
  rename(from: string, to: string): Promise<void>
  /** Removes a file; a missing one is fine. */
  remove(path: string): Promise<void>
  /** Makes the entries of a folder durable. */
  syncFolder(path: string): Promise<void>
  /** Size in bytes and time of last change in milliseconds; undefined when missing. */
  stat(path: string): Promise<{ readonly bytes: number; readonly changedMs: number } | undefined>
  /** Sets the time of last change. */
  touch(path: string, changedMs: number): Promise<void>
  /**
   * How many bytes this process may still write to the disk of a folder; undefined where there is
   * no such folder, or the file system does not say. Without it a full disk raises no alarm.
   */
  freeBytes?(path: string): Promise<number | undefined>
}

/** Facts beside a log line: never a configuration value. */
export type LogDetails = Readonly<Record<string, string | number | boolean | undefined>>

/** Where the library speaks. Default: silent. `console` and most loggers fit. */
export interface Logger {
  /** Steps on the way, for whoever hunts a fault. */
  debug(message: string, details?: LogDetails): void
  /** What happened as it should. */
  info(message: string, details?: LogDetails): void
  /** What somebody should look at; the library goes on. */
  warn(message: string, details?: LogDetails): void
  /** What was refused or failed; what ran goes on. */
  error(message: string, details?: LogDetails): void
}
