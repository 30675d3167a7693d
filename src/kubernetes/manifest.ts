import { NoticeboardError } from '../contracts/errors.js'
import { formatPosition } from '../contracts/position.js'
import type { InlineSnapshot } from '../contracts/transport.js'
import type { Hasher } from '../contracts/system.js'
import { decodeText } from '../core/json/strict-parse.js'
import { MAX_CONFIG_MAP_BYTES } from '../core/limits.js'
import { assertDigest } from '../core/release/digest.js'
import { decodeRelease, digestsOf, positionOf, type Release } from '../core/release/release.js'
import { encodeBase64 } from '../core/json/base64.js'
import { releaseKey, snapshotKey } from './keys.js'
import { checkLabels, checkObjectName, checkScope, objectNameFor } from './names.js'

/**
 * A ConfigMap or a Secret, as an object that a client of Kubernetes takes and `JSON.stringify`
 * writes.
 */
export interface BoardManifest {
  readonly apiVersion: 'v1'
  readonly kind: 'ConfigMap' | 'Secret'
  readonly metadata: {
    readonly name: string
    readonly namespace?: string
    readonly labels: Readonly<Record<string, string>>
    /** `noticeboard-namespace` and `noticeboard-position` say which release it holds. */
    readonly annotations: Readonly<Record<string, string>>
  }
  readonly type?: 'Opaque'
  /** Texts in a ConfigMap, base64 in a Secret. */
  readonly data: Readonly<Record<string, string>>
}

/** How a board is written for Kubernetes; everything has a default. */
export interface BoardManifestOptions {
  /** Default `ConfigMap`. */
  readonly kind?: 'ConfigMap' | 'Secret'
  /** The name of the object. Default: of `checkout/prod` it is `noticeboard-checkout-prod`. */
  readonly name?: string
  /** The namespace of Kubernetes. Default: none, the one that is current where it is applied. */
  readonly namespace?: string
  /** Labels of the object, beside `app.kubernetes.io/managed-by`. Default: none. */
  readonly labels?: Readonly<Record<string, string>>
}

/** A release file and the snapshots that it names; others are left out. */
export interface BoardContent {
  readonly release: Uint8Array
  readonly snapshots: readonly InlineSnapshot[]
}

/**
 * Throws `invalid-option` for what Kubernetes would not take.
 *
 * ```ts
 * checkManifestOptions('configMapMirror()', { kind, name, namespace, labels })
 * ```
 */
export function checkManifestOptions(
  whose: string,
  { kind, name, namespace, labels }: BoardManifestOptions,
): void {
  if (kind !== undefined && kind !== 'ConfigMap' && kind !== 'Secret')
    throw new NoticeboardError('invalid-option', `${whose}: kind must be "ConfigMap" or "Secret"`)
  if (name !== undefined) checkObjectName(whose, name)
  if (namespace !== undefined) checkScope(whose, namespace)
  if (labels !== undefined) checkLabels(whose, labels)
}

/**
 * The board of one namespace as a ConfigMap or a Secret: its newest release, and the snapshots of
 * both arms under their digests, so that `mountedBoard()` reads from a volume what a server would
 * answer. Throws `too-large` past the 1 MiB that Kubernetes allows, `not-found` when a snapshot is
 * missing, `digest-mismatch` or `invalid-data` for bytes that are not what they should be, and
 * `invalid-option`.
 *
 * ```ts
 * const manifest = boardManifest({ release, snapshots }, { hasher, namespace: 'shop' })
 * ```
 */
export function boardManifest(
  { release: bytes, snapshots }: BoardContent,
  { hasher, ...options }: BoardManifestOptions & { readonly hasher: Hasher },
): BoardManifest {
  checkManifestOptions('a manifest', options)
  const { release } = decodeRelease(bytes)
  const { kind = 'ConfigMap', name = objectNameFor(release.namespace), namespace, labels } = options
  const known = new Map(snapshots.map(snapshot => [snapshot.digest, snapshot.bytes]))
  const entries: [key: string, bytes: Uint8Array][] = [[releaseKey(release.namespace), bytes]]
  for (const digest of digestsOf(release)) {
    const snapshot = known.get(digest)
    if (snapshot === undefined)
      throw new NoticeboardError(
        'not-found',
        `the snapshot ${digest.slice(0, 12)}… of ${release.namespace} is needed for its ${kind} and is not here`,
      )
    assertDigest(hasher, { bytes: snapshot, digest, what: `a snapshot of ${release.namespace}` })
    entries.push([snapshotKey(digest), snapshot])
  }
  assertFits(release, { kind, sizes: entries.map(([, { length }]) => length) })
  const written = (value: Uint8Array): string =>
    kind === 'Secret' ? encodeBase64(value) : decodeText(value, `a snapshot of ${release.namespace}`)
  return {
    apiVersion: 'v1',
    kind,
    metadata: {
      name,
      ...(namespace !== undefined && { namespace }),
      labels: { 'app.kubernetes.io/managed-by': 'noticeboard', ...labels },
      annotations: {
        'noticeboard-namespace': release.namespace,
        'noticeboard-position': formatPosition(positionOf(release)),
      },
    },
    ...(kind === 'Secret' && { type: 'Opaque' as const }),
    data: Object.fromEntries(entries.map(([key, value]) => [key, written(value)])),
  }
}

function assertFits(
  release: Release,
  { kind, sizes }: { readonly kind: string; readonly sizes: readonly number[] },
): void {
  const bytes = sizes.reduce((sum, size) => sum + size, 0)
  if (bytes <= MAX_CONFIG_MAP_BYTES) return
  const [own = 0, ...snapshots] = sizes
  throw new NoticeboardError(
    'too-large',
    `the board of ${release.namespace} at ${formatPosition(positionOf(release))} has ${bytes} bytes, and a ${kind} takes ${MAX_CONFIG_MAP_BYTES}: ${own} of the release and ${snapshots.join(' + ')} of its snapshots; make the document smaller or split it into namespaces, or serve the board over HTTP`,
  )
}
