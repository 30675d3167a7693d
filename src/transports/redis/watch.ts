import { asNoticeboardError } from '../../contracts/errors.js'
import { parseNamespace, type Namespace } from '../../contracts/names.js'
import type { Delivery } from '../../contracts/transport.js'
import { encodeText } from '../../core/json/text.js'
import { createPending } from '../store/newest-of-each.js'
import type { RedisCommands } from './commands.js'
import type { Feed, FeedReader } from './feed.js'
import type { RedisKeys } from './keys.js'

/**
 * First listens, then reads what is current, and reads anew whenever a namespace is told. The message says only where to look: one
 * that is lost, comes twice or comes late does no harm that the next look does not mend.
 */
export async function* watchRedis(
  {
    commands,
    keys,
    feed,
  }: { readonly commands: RedisCommands; readonly keys: RedisKeys; readonly feed: Feed },
  namespaces: readonly Namespace[],
  signal: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  for (const namespace of namespaces) parseNamespace(namespace)
  if (signal.aborted) return
  const own = new AbortController()
  const abort = (): void => own.abort()
  signal.addEventListener('abort', abort)
  const pending = createPending()
  const wanted = new Set(namespaces)
  /** Namespaces that are being read; true when there is news since. */
  const reading = new Map<Namespace, boolean>()

  const read = async (namespace: Namespace): Promise<'release' | 'none'> => {
    if (reading.has(namespace)) {
      reading.set(namespace, true)
      return 'release'
    }
    let found: string | undefined
    try {
      do {
        reading.set(namespace, false)
        found = await commands.get(keys.newest(namespace), own.signal)
        if (found !== undefined) pending.release(namespace, encodeText(found))
      } while (reading.get(namespace) === true)
    } catch (error) {
      if (!own.signal.aborted)
        pending.fail(asNoticeboardError(error, 'unavailable', 'redis was lost while it was watched'))
    } finally {
      reading.delete(namespace)
    }
    return found === undefined ? 'none' : 'release'
  }

  const reader: FeedReader = {
    changed(namespace) {
      if (wanted.has(namespace)) void read(namespace)
    },
    lost: pending.fail,
  }
  const begin = async (): Promise<void> => {
    await feed.join(reader)
    const found = await Promise.all(namespaces.map(read))
    if (found.includes('none')) pending.alive()
  }
  try {
    void begin()
    yield* pending.deliveries(signal)
  } finally {
    signal.removeEventListener('abort', abort)
    own.abort()
    feed.leave(reader)
  }
}
