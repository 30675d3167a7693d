import type { NewsSink } from '../store/news.js'

/** What is called of a `Pool` of the package `pg`. */
export interface PgPool {
  /** Runs a statement, with the values of its `$1`, `$2` and so on. */
  query(text: string, values?: string[]): Promise<{ readonly rows: readonly unknown[] }>
  /** A connection of its own for notifications, which is closed here. */
  connect(): Promise<
    PgClient & {
      /** Gives the connection back to the pool; `destroy` closes it. */
      release(destroy?: boolean): void
    }
  >
  readonly totalCount: number
}

/** What is called of a connected `Client` of the package `pg`. */
export interface PgClient {
  /** Runs a statement, with the values of its `$1`, `$2` and so on. */
  query(text: string, values?: string[]): Promise<{ readonly rows: readonly unknown[] }>
  /** Calls the listener with each notification. */
  on(event: 'notification', listener: (message: PgNotification) => void): unknown
  /** Calls the listener when the connection breaks or ends. */
  on(event: 'error' | 'end', listener: (error?: Error) => void): unknown
  /** Takes a listener for notifications back. */
  removeListener(event: 'notification', listener: (message: PgNotification) => void): unknown
  /** Takes a listener for the end back. */
  removeListener(event: 'end', listener: (error?: Error) => void): unknown
}

/** What `pg` tells of a notification. */
export interface PgNotification {
  readonly channel: string
  readonly payload?: string | undefined
}

/** What is called of an `sql` of the package `postgres`. */
export interface PostgresSql {
  /** Runs a statement, with the values of its `$1`, `$2` and so on. */
  unsafe(text: string, values?: string[]): PromiseLike<readonly unknown[]>
  /** Subscribes to a channel; `onListen` is called each time that it listens, also after a loss. */
  listen(
    channel: string,
    onNotify: (payload: string) => void,
    onListen: () => void,
  ): Promise<{
    /** Ends the subscription. */
    unlisten(): Promise<void>
  }>
}

/**
 * A client of PostgreSQL: `new Pool()` or a connected `new Client()` of `pg`, or `postgres()` of
 * `postgres`.
 */
export type PostgresClient = PgPool | PgClient | PostgresSql

/**
 * The two calls that are made of any driver. Values are texts both ways, which every driver leaves
 * as they are.
 */
export interface PostgresDriver {
  query(text: string, values?: string[]): Promise<readonly Readonly<Record<string, string>>[]>
  /** Resolves to what ends it. */
  listen(channel: string, sink: NewsSink): Promise<() => void>
}

type Rows = readonly Readonly<Record<string, string>>[]

export function postgresDriver(client: PostgresClient): PostgresDriver {
  if ('unsafe' in client)
    return {
      query: async (text, values) => (await client.unsafe(text, values)) as Rows,
      // It listens again by itself after a loss, and calls `listening` each time.
      async listen(channel, { changed, listening }) {
        const { unlisten } = await client.listen(channel, changed, listening)
        // Where the connection is lost there is nothing left to end.
        return () => void unlisten().catch(() => {})
      },
    }
  return {
    query: async (text, values) => (await client.query(text, values)).rows as Rows,
    async listen(channel, sink) {
      if (!('totalCount' in client)) return listenOn(client, channel, sink)
      const own = await client.connect()
      const end = await listenOn(own, channel, sink).catch((error: unknown) => {
        own.release(true)
        throw error
      })
      return () => {
        end()
        own.release(true)
      }
    },
  }
}

async function listenOn(client: PgClient, channel: string, sink: NewsSink): Promise<() => void> {
  const notified = ({ channel: own, payload }: PgNotification): void => {
    if (own === channel && payload !== undefined) sink.changed(payload)
  }
  const lost = (error?: Error): void => sink.lost(error)
  client.on('notification', notified)
  client.on('error', lost)
  client.on('end', lost)
  const forget = (): void => {
    client.removeListener('notification', notified)
    client.removeListener('end', lost)
  }
  try {
    await client.query(`listen "${channel}"`)
  } catch (error) {
    // The client is the caller's and lives on; the next attempt brings listeners of its own.
    forget()
    throw error
  }
  sink.listening()
  return () => {
    forget()
    // Its listener for errors stays: without one `pg` ends the process when the connection breaks
    // now. Where the connection is lost there is nothing left to end.
    client.query(`unlisten "${channel}"`).catch(() => {})
  }
}
