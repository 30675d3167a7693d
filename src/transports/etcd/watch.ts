import { asNoticeboardError } from '../../contracts/errors.js'
import { parseNamespace, type Namespace } from '../../contracts/names.js'
import type { Delivery } from '../../contracts/transport.js'
import { createPending, type Pending } from '../store/newest-of-each.js'
import type { EtcdClient, EtcdRevision } from './client.js'
import type { EtcdKeys } from './keys.js'

/**
 * Reads the newest releases at one revision and follows from the next, so nothing falls between. Where etcd has forgotten that
 * revision (it was compacted while the watch was slow), it reads anew: only the newest matters.
 */
export async function* watchEtcd(
  { client, keys }: { readonly client: EtcdClient; readonly keys: EtcdKeys },
  namespaces: readonly Namespace[],
  signal: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  for (const namespace of namespaces) parseNamespace(namespace)
  if (signal.aborted) return
  const own = new AbortController()
  const abort = (): void => own.abort()
  signal.addEventListener('abort', abort)
  const pending = createPending()
  const following = follow({ client, keys, namespaces, pending }, own.signal)
  try {
    yield* pending.deliveries(signal)
  } finally {
    signal.removeEventListener('abort', abort)
    own.abort()
    await following
  }
}

interface Following {
  readonly client: EtcdClient
  readonly keys: EtcdKeys
  readonly namespaces: readonly Namespace[]
  readonly pending: Pending
}

/** Hands over what comes until the signal aborts. Never rejects. */
async function follow({ client, keys, namespaces, pending }: Following, signal: AbortSignal): Promise<void> {
  const wanted = new Map(namespaces.map(namespace => [keys.newest(namespace), namespace]))
  const watched = [...wanted.keys()]
  const give = (entries: readonly { readonly key: string; readonly value: Uint8Array }[]): void => {
    for (const { key, value } of entries) {
      const namespace = wanted.get(key)
      if (namespace !== undefined) pending.release(namespace, value)
    }
  }
  try {
    while (!signal.aborted) {
      const current = await client.transact({ steps: watched.map(key => ({ type: 'range', key })) }, signal)
      const entries = current.found.flat()
      if (entries.length < watched.length) pending.alive()
      give(entries)
      for await (const news of client.watch({ keys: watched, from: after(current.revision) }, signal)) {
        if (news.type === 'entries') give(news.entries)
      }
    }
  } catch (error) {
    if (!signal.aborted)
      pending.fail(asNoticeboardError(error, 'unavailable', `${client.name} was lost while it was watched`))
  }
}

function after(revision: EtcdRevision): EtcdRevision {
  return String(BigInt(revision) + 1n)
}
