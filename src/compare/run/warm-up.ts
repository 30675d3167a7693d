import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { decodeRelease, digestsOf, positionOf } from '../../core/release/release.js'
import { NAMESPACE } from '../board.js'
import { manyTimes } from './many-times.js'
import { unkeptHttp } from './unkept-http.js'

/** So many requests of a kind, and the code that answers them is as fast as it gets. */
export const WARM_AFTER = 2_000

/**
 * Asks a server that has just started as often as it takes until it is as fast as one that has run
 * for days. Something must have been published.
 *
 * ```ts
 * await warmUp('http://127.0.0.1:4600', signal, WARM_AFTER)
 * ```
 */
export async function warmUp(url: string, signal: AbortSignal, times: number): Promise<void> {
  const transport = unkeptHttp(url)
  const newest = await transport.latest({ namespace: NAMESPACE }, signal)
  if (newest.type !== 'release') return
  const { release } = decodeRelease(newest.bytes)
  const after = positionOf(release)
  const asks: readonly (() => Promise<unknown>)[] = [
    () => transport.latest({ namespace: NAMESPACE, tag: newest.tag }, signal),
    () => transport.latest({ namespace: NAMESPACE }, signal),
    () => transport.next({ namespace: NAMESPACE, after }, signal),
    ...digestsOf(release).map(
      digest => () =>
        transport.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: MAX_SNAPSHOT_BYTES }, signal),
    ),
  ]
  for (const ask of asks) await manyTimes(times, ask, signal)
}
