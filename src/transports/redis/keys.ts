import { isDigest, type Digest, type Namespace } from '../../contracts/names.js'
import { formatPosition, type Position } from '../../contracts/position.js'

/**
 * Where things are in Redis. All keys of a namespace hold it in braces, so that a cluster keeps them in one place, where a script may
 * touch them together.
 */
export interface RedisKeys {
  /** Where namespaces are told whose newest release is another one. */
  readonly channel: string
  readonly namespaces: string
  newest(namespace: Namespace): string
  release(namespace: Namespace, at: Position | string): string
  /** The positions in the order in which they were appended. */
  order(namespace: Namespace): string
  audit(namespace: Namespace, at: Position | string): string
  snapshot(namespace: Namespace, digest: Digest): string
  schema(namespace: Namespace): string
  report(namespace: Namespace, instanceId: string): string
  instances(namespace: Namespace): string
}

export function redisKeys(prefix: string): RedisKeys {
  const of = (namespace: Namespace, what: string): string => `${prefix}{${namespace}}:${what}`
  const placeOf = (at: Position | string): string => (typeof at === 'string' ? at : formatPosition(at))
  return {
    channel: `${prefix}news`,
    namespaces: `${prefix}namespaces`,
    newest: namespace => of(namespace, 'newest'),
    release: (namespace, at) => of(namespace, `log:${placeOf(at)}`),
    order: namespace => of(namespace, 'order'),
    audit: (namespace, at) => of(namespace, `audit:${placeOf(at)}`),
    snapshot: (namespace, digest) => of(namespace, `snapshot:${isDigest(digest) ? digest : 'none'}`),
    schema: namespace => of(namespace, 'schema'),
    report: (namespace, instanceId) => of(namespace, `report:${instanceId}`),
    instances: namespace => of(namespace, 'instances'),
  }
}
