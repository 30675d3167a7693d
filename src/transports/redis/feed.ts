import { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { RedisClient, RedisSubscriber } from './client.js'

/** Somebody who wants to know of news. */
export interface FeedReader {
  changed(namespace: Namespace): void
  lost(error: NoticeboardError): void
}

/** News of all namespaces over one connection, which is there while somebody listens. */
export interface Feed {
  /** Resolves when news from now on will be told. */
  join(reader: FeedReader): Promise<void>
  leave(reader: FeedReader): void
}

interface Line {
  readonly subscriber: RedisSubscriber
  readonly readers: Set<FeedReader>
  readonly ready: Promise<unknown>
}

export function createFeed(client: RedisClient, channel: string): Feed {
  let line: Line | undefined

  const open = (): Line => {
    const subscriber = client.duplicate()
    const readers = new Set<FeedReader>()
    // Drivers connect anew by themselves, but what was published meanwhile is gone: so a lost connection is a lost watch.
    const lose = (cause?: unknown): void => {
      if (line === opened) line = undefined
      const error = new NoticeboardError('unavailable', 'redis was lost while it was watched', { cause })
      for (const reader of readers) reader.lost(error)
      readers.clear()
      end(subscriber)
    }
    for (const event of ['error', 'end', 'reconnecting'] as const) subscriber.on(event, lose)
    const ready = subscriber.connect().then(() =>
      subscriber.subscribe(channel, namespace => {
        for (const reader of readers) reader.changed(namespace)
      }),
    )
    ready.catch(lose)
    const opened: Line = { subscriber, readers, ready }
    return opened
  }

  return {
    async join(reader) {
      line ??= open()
      line.readers.add(reader)
      try {
        await line.ready
      } catch {
        // Told to the reader by `lost`.
      }
    },
    leave(reader) {
      if (line === undefined) return
      line.readers.delete(reader)
      if (line.readers.size > 0) return
      end(line.subscriber)
      line = undefined
    },
  }
}

function end(subscriber: RedisSubscriber): void {
  try {
    subscriber.destroy()
  } catch {
    // It was closed already, which is what is wanted.
  }
}
