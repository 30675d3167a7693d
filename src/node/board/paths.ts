import { join } from 'node:path'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { DeltaPair } from '../../core/release/delta-pairs.js'
import { isEpoch, isSequence, type Epoch, type Position } from '../../contracts/position.js'

/**
 * Where everything stands on a board (docs/formats.md). Namespaces were checked before they come
 * here.
 */
export interface BoardPaths {
  readonly root: string
  /** What is served: `public/v1`. */
  readonly published: string
  readonly temporary: string
  readonly reserve: string
  /** Which namespaces are written to. */
  readonly notes: string
  namespace(namespace: Namespace): string
  pointer(namespace: Namespace): string
  schema(namespace: Namespace): string
  epochs(namespace: Namespace): string
  releases(query: { readonly namespace: Namespace; readonly epoch: Epoch }): string
  release(namespace: Namespace, position: Position): string
  snapshots(namespace: Namespace): string
  snapshot(namespace: Namespace, digest: Digest): string
  /** What makes one snapshot of another. */
  delta(namespace: Namespace, pair: DeltaPair): string
  audits(query: { readonly namespace: Namespace; readonly epoch: Epoch }): string
  audit(namespace: Namespace, position: Position): string
  /** Where the audit records of releases stand that are just being written. */
  pendingAudits(query: { readonly namespace: Namespace; readonly epoch: Epoch }): string
  reports(namespace: Namespace): string
  /** Where the first releases of epochs that are just being opened stand. */
  openings(namespace: Namespace): string
}

/** The paths of a board in a folder. */
export function boardPaths(folder: string): BoardPaths {
  const published = join(folder, 'public', 'v1')
  const hidden = join(folder, 'private')
  const of = (namespace: Namespace): string => join(published, ...namespace.split('/'))
  const hiddenOf = (kind: string, namespace: Namespace): string => join(hidden, kind, ...namespace.split('/'))
  return {
    root: folder,
    published,
    temporary: join(hidden, 'tmp'),
    reserve: join(hidden, 'reserve'),
    notes: join(hidden, 'noted'),
    namespace: of,
    pointer: namespace => join(of(namespace), 'release.json'),
    schema: namespace => join(of(namespace), 'schema.json'),
    epochs: namespace => join(of(namespace), 'releases'),
    releases: ({ namespace, epoch }) => join(of(namespace), 'releases', epoch),
    release: (namespace, { epoch, sequence }) => join(of(namespace), 'releases', epoch, `${sequence}.json`),
    snapshots: namespace => join(of(namespace), 'snapshots'),
    snapshot: (namespace, digest) => join(of(namespace), 'snapshots', `${digest}.json`),
    delta: (namespace, { digest, base }) => join(of(namespace), 'snapshots', `${digest}.from.${base}.dcz`),
    audits: ({ namespace, epoch }) => join(hiddenOf('audit', namespace), epoch),
    audit: (namespace, { epoch, sequence }) => join(hiddenOf('audit', namespace), epoch, `${sequence}.json`),
    pendingAudits: ({ namespace, epoch }) => join(hiddenOf('audit', namespace), epoch, 'new'),
    reports: namespace => hiddenOf('reports', namespace),
    openings: namespace => hiddenOf('epochs', namespace),
  }
}

/** The epochs among the names in a folder. */
export function epochsIn(names: readonly string[]): readonly Epoch[] {
  return names.filter(isEpoch)
}

const RELEASE_FILE = /^([1-9][0-9]{0,15})\.json$/

/** The sequences among the names in an epoch's folder. */
export function sequencesIn(names: readonly string[]): ReadonlySet<number> {
  return new Set(names.map(name => Number(RELEASE_FILE.exec(name)?.[1])).filter(isSequence))
}

const DELTA_FILE = /^([0-9a-f]{64})\.from\.([0-9a-f]{64})\.dcz$/

/** The deltas among the names in a folder of snapshots. */
export function deltasIn(names: readonly string[]): readonly (DeltaPair & { readonly name: string })[] {
  return names.flatMap(name => {
    const [, digest, base] = DELTA_FILE.exec(name) ?? []
    return digest === undefined || base === undefined ? [] : [{ name, digest, base }]
  })
}
