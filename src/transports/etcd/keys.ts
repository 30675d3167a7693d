import { isDigest, type Digest, type Namespace } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'

/**
 * Where things are in etcd. `~` ends a namespace, since none holds it and it sorts after all that they hold; numbers are padded, so
 * that the order of the keys is the order of the log. `board` may be shown to readers, `private` is for publishers.
 */
export interface EtcdKeys {
  newest(namespace: Namespace): string
  /** All newest releases: the namespaces. */
  readonly allNewest: EtcdRange
  namespaceOf(newestKey: string): Namespace
  release(namespace: Namespace, at: Position): string
  log(namespace: Namespace): EtcdRange
  /** The audit record beside a key of the log. */
  auditBeside(releaseKey: string): string
  snapshot(namespace: Namespace, digest: Digest): string
  schema(namespace: Namespace): string
  report(namespace: Namespace, instanceId: string): string
  reports(namespace: Namespace): EtcdRange
}

/** From `key` on, before `end`. */
export interface EtcdRange {
  readonly key: string
  readonly end: string
}

const EPOCH_DIGITS = 9
const SEQUENCE_DIGITS = 16

export function etcdKeys(prefix: string): EtcdKeys {
  const under = (folder: string): EtcdRange => ({ key: `${prefix}${folder}/`, end: `${prefix}${folder}0` })
  const of = (folder: string, namespace: Namespace): EtcdRange => ({
    key: `${prefix}${folder}/${namespace}~`,
    end: `${prefix}${folder}/${namespace}\u007f`,
  })
  const newest = under('board/newest')
  const log = `${prefix}board/log/`

  return {
    newest: namespace => newest.key + namespace,
    allNewest: newest,
    namespaceOf: key => key.slice(newest.key.length),
    release: (namespace, at) => `${of('board/log', namespace).key}${paddedPosition(at)}`,
    log: namespace => of('board/log', namespace),
    auditBeside: key => `${prefix}private/audit/${key.slice(log.length)}`,
    snapshot: (namespace, digest) =>
      of('board/snapshots', namespace).key + (isDigest(digest) ? digest : 'none'),
    schema: namespace => `${under('board/schema').key}${namespace}`,
    report: (namespace, instanceId) => of('reports', namespace).key + instanceId,
    reports: namespace => of('reports', namespace),
  }
}

/** `000000001-9f3a01bc/0000000000000042`. */
function paddedPosition({ epoch, sequence }: Position): string {
  const [number = '', suffix = ''] = epoch.split('-')
  return `${number.padStart(EPOCH_DIGITS, '0')}-${suffix}/${String(sequence).padStart(SEQUENCE_DIGITS, '0')}`
}
