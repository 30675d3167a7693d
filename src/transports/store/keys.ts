import type { Digest, Namespace } from '../../contracts/names.js'
import type { Batch, Key } from './engine.js'

/** The most keys that one call of an engine names. */
export const KEYS_A_CALL = 100

const INDEX_DIGITS = 16

/**
 * Where things are. `=` ends a namespace, since no namespace holds it; numbers are padded, so that
 * keys are in the order of the log. `board/` may be shown to readers, `private/` is for publishers.
 */
export const keys = {
  /** The newest release, and its place in the log. */
  head: (namespace: Namespace): Key => `board/heads/${namespace}`,
  /**
   * A place in the log: 1, 2, 3 over all epochs, so that one key is fought over for what comes
   * next.
   */
  place: (namespace: Namespace, index: number): Key =>
    `board/log/${namespace}=/${String(index).padStart(INDEX_DIGITS, '0')}`,
  snapshot: (namespace: Namespace, digest: Digest): Key => `board/snapshots/${namespace}=/${digest}`,
  schema: (namespace: Namespace): Key => `board/schemas/${namespace}`,
  /**
   * An audit record under its digest, so that publishers who race for a place do not share a key.
   */
  audit: (namespace: Namespace, digest: Digest): Key => `private/audits/${namespace}=/${digest}`,
  report: (namespace: Namespace, instanceId: string): Key => `reports/${namespace}=/${instanceId}`,
  /** Since when the reports of a namespace are asked for. */
  listening: (namespace: Namespace): Key => `reports/${namespace}=since`,
  /** What the keys of all newest releases begin with. */
  heads: 'board/heads/' as Key,
  /** What the keys of all reports of a namespace begin with. */
  reports: (namespace: Namespace): Key => `reports/${namespace}=/`,
} as const

/**
 * The namespace whose newest release a key holds; undefined for other keys.
 *
 * ```ts
 * headNamespace('board/heads/checkout/prod') // 'checkout/prod'
 * ```
 */
export function headNamespace(key: Key): Namespace | undefined {
  return key.startsWith(keys.heads) ? key.slice(keys.heads.length) : undefined
}

/**
 * The namespace that a key belongs to, for engines that keep a namespace's keys in one place.
 *
 * ```ts
 * namespaceOf('board/log/checkout/prod=/0000000000000001') // 'checkout/prod'
 * ```
 */
export function namespaceOf(key: Key): Namespace {
  const [, kind = ''] = /^((?:board|private)\/[a-z]+|reports)\//.exec(key) ?? []
  const rest = key.slice(kind.length + 1)
  const end = rest.indexOf('=')
  return end < 0 ? rest : rest.slice(0, end)
}

/**
 * The namespace whose newest release a batch moves; undefined where it moves none. For engines that
 * notify: tell it after the batch was written.
 *
 * ```ts
 * const changed = changedBy(batch)
 * if (changed !== undefined) await client.publish('noticeboard', changed)
 * ```
 */
export function changedBy(batch: Batch): Namespace | undefined {
  for (const { key } of batch.put) {
    const namespace = headNamespace(key)
    if (namespace !== undefined) return namespace
  }
  return undefined
}

/**
 * The first key after all that begin with a prefix, for engines that list a range of keys.
 *
 * ```ts
 * prefixEnd('reports/') // 'reports0'
 * ```
 */
export function prefixEnd(prefix: Key): Key {
  return prefix.slice(0, -1) + String.fromCharCode(prefix.charCodeAt(prefix.length - 1) + 1)
}
