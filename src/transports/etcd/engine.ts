import { isNoticeboardError } from '../../contracts/errors.js'
import type { Clock } from '../../contracts/system.js'
import type { Condition, EngineNews, Key, StoreEngine } from '../store/engine.js'
import { headNamespace, keys as names, prefixEnd } from '../store/keys.js'
import type { EtcdClient, EtcdCondition, EtcdOutcome, EtcdRevision } from './client.js'

export interface EtcdEngineOptions {
  readonly prefix: string
  readonly durability: 'replicated' | 'single'
  readonly clock: Clock
}

/** etcd as an engine: a batch is a transaction, a version is the revision of a key's last write. */
export function etcdEngine(
  client: EtcdClient,
  { prefix, durability, clock }: EtcdEngineOptions,
): StoreEngine {
  const place = (key: Key): string => prefix + key
  const leases = createLeases(client, clock)

  const conditionOf = (condition: Condition): EtcdCondition => {
    const key = place(condition.key)
    switch (condition.type) {
      case 'absent':
        return { type: 'missing', key }
      case 'present':
        return { type: 'exists', key }
      case 'unchanged':
        return { type: 'written-at', key, revision: condition.version }
    }
  }

  return {
    name: client.name,
    durability,
    atomic: 'batch',

    async read(keys, signal) {
      const { found } = await client.transact(
        { steps: keys.map(key => ({ type: 'range', key: place(key) })) },
        signal,
      )
      return keys.map((_, at) => {
        const entry = found[at]?.[0]
        return entry && { value: entry.value, version: entry.modRevision }
      })
    },

    async write(batch, signal) {
      const lifetimes = batch.put.flatMap(({ expiresInMs }) =>
        expiresInMs === undefined ? [] : [expiresInMs],
      )
      const transact = (lease?: string): Promise<EtcdOutcome> =>
        client.transact(
          {
            conditions: batch.if.map(conditionOf),
            steps: [
              ...batch.remove.map(key => ({ type: 'delete', key: place(key) }) as const),
              ...batch.put.map(
                ({ key, value, expiresInMs }) =>
                  ({
                    type: 'put',
                    key: place(key),
                    value,
                    ...(expiresInMs !== undefined && lease !== undefined && { lease }),
                  }) as const,
              ),
            ],
          },
          signal,
        )
      const outcome =
        lifetimes.length === 0
          ? await transact()
          : await leases.under(Math.max(...lifetimes), signal, transact)
      return outcome.succeeded ? 'written' : 'refused'
    },

    async list({ prefix: from, before, limit }, signal) {
      const range = { type: 'range', key: place(from), end: place(before ?? prefixEnd(from)) } as const
      const { found } = await client.transact(
        { steps: [{ ...range, limit, descending: true, keysOnly: true }] },
        signal,
      )
      return (found[0] ?? []).map(({ key }) => key.slice(prefix.length))
    },

    // Goes on from the revision at which it began, so nothing falls between. Where etcd has
    // forgotten that revision (it was compacted while the watch was slow), it begins anew.
    async *listen(signal): AsyncGenerator<EngineNews, void, undefined> {
      const heads = { key: place(names.heads), end: place(prefixEnd(names.heads)) }
      while (!signal.aborted) {
        const { revision } = await client.transact({ steps: [] }, signal)
        yield 'listening'
        for await (const news of client.watch({ ...heads, from: after(revision) }, signal)) {
          if (news.type === 'compacted') continue
          for (const { key } of news.entries) {
            const changed = headNamespace(key.slice(prefix.length))
            if (changed !== undefined) yield { changed }
          }
        }
      }
    },
  }
}

interface Leases {
  /** Runs a write under a lease that lasts for that long at least. */
  under<T>(forMs: number, signal: AbortSignal, write: (lease: string) => Promise<T>): Promise<T>
}

/**
 * Leases that nobody keeps alive. One serves for half its life and is then replaced, so a value that
 * is written again and again moves from one to the next, and one that is not is forgotten.
 */
function createLeases(client: EtcdClient, clock: Clock): Leases {
  let lease: { readonly id: string; readonly ttlMs: number; readonly grantedAtMs: number } | undefined

  const leaseFor = async (forMs: number, signal: AbortSignal): Promise<string> => {
    const nowMs = clock.monotonic()
    if (lease !== undefined && lease.ttlMs >= 2 * forMs && nowMs - lease.grantedAtMs < lease.ttlMs / 2)
      return lease.id
    const ttlMs = 2 * forMs
    const id = await client.grant({ ttlSeconds: Math.ceil(ttlMs / 1_000) }, signal)
    lease = { id, ttlMs, grantedAtMs: nowMs }
    return id
  }

  return {
    async under(forMs, signal, write) {
      try {
        return await write(await leaseFor(forMs, signal))
      } catch (error) {
        // The lease is gone: etcd was restored, or was gone for longer than the lease.
        if (!isNoticeboardError(error, 'not-found')) throw error
        lease = undefined
        return write(await leaseFor(forMs, signal))
      }
    },
  }
}

function after(revision: EtcdRevision): EtcdRevision {
  return String(BigInt(revision) + 1n)
}
