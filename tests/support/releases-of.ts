import type { Store } from '../../src/contracts/transport.js'
import { decodeRelease, type Release } from '../../src/core/release/release.js'

/** All releases of a log, the first one first. */
export async function releasesOf(
  store: Pick<Store, 'history'>,
  namespace: string,
): Promise<readonly Release[]> {
  const found: Release[] = []
  for await (const { bytes } of store.history({ namespace }, new AbortController().signal))
    found.unshift(decodeRelease(bytes).release)
  return found
}
