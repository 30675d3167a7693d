/**
 * The few methods that are called of a connected client. `createClient()` of the packages `redis`
 * and `@redis/client` (version 5 and later) fits as it is; for another driver these are some twenty
 * lines.
 */
export interface RedisClient {
  /**
   * False while there is no connection: commands then fail at once instead of waiting in a queue.
   */
  readonly isReady?: boolean
  /**
   * Sends a command. Texts are UTF-8; a reply is a text, a number, null, or a list or map of those.
   */
  sendCommand(args: readonly string[]): Promise<unknown>
  /**
   * A second client with the same options, not connected yet. It is used for notifications, and
   * closed here.
   */
  duplicate(): RedisSubscriber
}

/** A connection that receives what is published. */
export interface RedisSubscriber {
  /** Opens the connection. */
  connect(): Promise<unknown>
  /** Hears what is said on a channel. */
  subscribe(channel: string, listener: (message: string) => void): Promise<unknown>
  /** Hears of events of the connection. */
  on(event: 'error' | 'end' | 'reconnecting', listener: (error?: unknown) => void): unknown
  /** Ends the connection at once. */
  destroy(): void
}
