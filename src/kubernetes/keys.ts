import type { Digest, Namespace } from '../contracts/names.js'

// Keys of a ConfigMap or a Secret: `[-._a-zA-Z0-9]+`, 253 characters at most, and not begun with
// `..`, which is the kubelet's. A namespace has no capital letter, so `.S.` stands for nothing
// else.

/**
 * Where the newest release of a namespace stands in a ConfigMap.
 *
 * ```ts
 * releaseKey('checkout/prod') // checkout.S.prod.release.json
 * ```
 */
export function releaseKey(namespace: Namespace): string {
  return `${namespace.replaceAll('/', '.S.')}.release.json`
}

/**
 * Where a snapshot stands in a ConfigMap. Namespaces that come together in one volume share those
 * that are the same.
 *
 * ```ts
 * const bytes = await generation.read(snapshotKey(digest), maxSnapshotBytes)
 * ```
 */
export function snapshotKey(digest: Digest): string {
  return `${digest}.json`
}
