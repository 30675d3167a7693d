import type { Namespace } from '../../contracts/names.js'
import { copyBytes } from '../../core/json/text.js'
import type { Batch, Condition, Entry, Key, KeyPage, StoreEngine } from './engine.js'
import { changedBy, namespaceOf, prefixEnd } from './keys.js'
import { engineNews } from './news.js'

/**
 * What expires is bounded, since whoever may read may report: the values of a namespace that were
 * written last.
 */
const MOST_EXPIRING = 10_000

/** An engine in this process's memory. What it holds ends with the process. */
export function memoryEngine(name: string): StoreEngine {
  const entries = new Map<Key, Entry>()
  /** The keys of `entries` in order. */
  const sorted: Key[] = []
  /** The keys of values that expire, by namespace, those written last at the end. */
  const expiring = new Map<Namespace, Set<Key>>()
  const listeners = new Set<(namespace: Namespace) => void>()
  let written = 0

  /** Where a key is in `sorted`, or would be. */
  const placeOf = (key: Key): number => {
    let [low, high] = [0, sorted.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if ((sorted[middle] ?? '') < key) low = middle + 1
      else high = middle
    }
    return low
  }
  const remove = (key: Key): void => {
    if (!entries.delete(key)) return
    sorted.splice(placeOf(key), 1)
    const namespace = namespaceOf(key)
    const kept = expiring.get(namespace)
    if (kept?.delete(key) && kept.size === 0) expiring.delete(namespace)
  }
  const holds = (condition: Condition): boolean => {
    const entry = entries.get(condition.key)
    switch (condition.type) {
      case 'absent':
        return entry === undefined
      case 'present':
        return entry !== undefined
      case 'unchanged':
        return entry?.version === condition.version
    }
  }
  const expire = (key: Key): void => {
    const namespace = namespaceOf(key)
    const kept = expiring.get(namespace) ?? new Set()
    kept.delete(key)
    kept.add(key)
    expiring.set(namespace, kept)
    const [oldest] = kept
    if (kept.size > MOST_EXPIRING && oldest !== undefined) remove(oldest)
  }

  const write = (batch: Batch): 'written' | 'refused' => {
    if (!batch.if.every(holds)) return 'refused'
    for (const key of batch.remove) remove(key)
    for (const { key, value, expiresInMs } of batch.put) {
      written += 1
      if (!entries.has(key)) sorted.splice(placeOf(key), 0, key)
      entries.set(key, { value: copyBytes(value), version: String(written) })
      if (expiresInMs !== undefined) expire(key)
    }
    const changed = changedBy(batch)
    if (changed !== undefined) for (const tell of listeners) tell(changed)
    return 'written'
  }

  const list = ({ prefix, before = prefixEnd(prefix), limit }: KeyPage): readonly Key[] => {
    const end = placeOf(before)
    const page = sorted.slice(Math.max(0, end - limit), end).filter(key => key.startsWith(prefix))
    return page.reverse()
  }

  return {
    name,
    durability: 'may-lose',
    atomic: 'batch',
    read: async keys =>
      keys.map(key => {
        const entry = entries.get(key)
        return entry && { value: copyBytes(entry.value), version: entry.version }
      }),
    write: async batch => write(batch),
    list: async page => list(page),
    listen: signal =>
      engineNews(async ({ listening, changed }) => {
        listeners.add(changed)
        listening()
        return () => void listeners.delete(changed)
      }, signal),
  }
}
