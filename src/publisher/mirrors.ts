import { asNoticeboardError, NoticeboardError, type ErrorCode } from '../contracts/errors.js'
import type { Mirror } from '../contracts/transport.js'
import { assertDigest } from '../core/release/digest.js'
import { digestsOf, type SignedRelease } from '../core/release/release.js'
import type { PublisherContext } from './context.js'
import { awake } from './awake.js'
import { retried } from './retry.js'

/** How it went with one mirror. A mirror that failed is tried again by the next publish, rollback or `sync()`. */
export type MirrorResult =
  | { readonly name: string; readonly ok: true }
  | { readonly name: string; readonly ok: false; readonly code: ErrorCode; readonly message: string }

/** After this long a mirror that does not answer has failed; it must not hold up who publishes. */
const DEADLINE_MS = 30_000

/** Brings every mirror to a release: first the snapshots that it names, then the release. Never rejects. */
export async function syncMirrors(
  context: PublisherContext,
  newest: SignedRelease,
  signal: AbortSignal,
): Promise<readonly MirrorResult[]> {
  if (context.mirrors.length === 0) return []
  let snapshots: Promise<readonly Snapshot[]> | undefined
  const read = (): Promise<readonly Snapshot[]> => (snapshots ??= readSnapshots(context, newest, signal))
  return Promise.all(context.mirrors.map(mirror => syncOne(context, mirror, { newest, read, signal })))
}

interface Snapshot {
  readonly digest: string
  readonly bytes: Uint8Array
}

interface Work {
  readonly newest: SignedRelease
  readonly read: () => Promise<readonly Snapshot[]>
  readonly signal: AbortSignal
}

async function syncOne(
  context: PublisherContext,
  mirror: Mirror,
  { newest, read, signal }: Work,
): Promise<MirrorResult> {
  const { namespace, logger, clock } = context
  const { name } = mirror
  const deadline = new AbortController()
  const stop = (): void =>
    deadline.abort(new NoticeboardError('timeout', `${name} did not answer within ${DEADLINE_MS} ms`))
  const closed = (): void => deadline.abort(signal.reason)
  const cancel = clock.after(DEADLINE_MS, stop)
  signal.addEventListener('abort', closed, { once: true })
  const over = new Promise<never>((_resolve, reject) => {
    deadline.signal.addEventListener('abort', () => reject(deadline.signal.reason as Error), { once: true })
  })
  const retry = { ...context, signal: deadline.signal, retries: 2 }
  const work = async (): Promise<void> => {
    for (const { digest, bytes } of await read()) {
      await retried(() => mirror.put({ namespace, digest, bytes }, deadline.signal), retry)
    }
    await retried(() => mirror.announce({ namespace, bytes: newest.bytes }, deadline.signal), retry)
  }
  try {
    await awake(Promise.race([work(), over]))
    return { name, ok: true }
  } catch (error) {
    const { code, message } = asNoticeboardError(error, 'internal', `${name} failed`)
    logger.warn('a mirror is behind; the next publish or sync() tries again', {
      namespace,
      mirror: name,
      code,
    })
    return { name, ok: false, code, message }
  } finally {
    cancel()
    signal.removeEventListener('abort', closed)
  }
}

async function readSnapshots(
  { store, namespace, hasher, maxReadBytes: maxSnapshotBytes }: PublisherContext,
  newest: SignedRelease,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const read = async (digest: string): Promise<Snapshot> => {
    const bytes = await store.snapshot({ namespace, digest, maxSnapshotBytes }, signal)
    assertDigest(hasher, { bytes, digest, what: `a snapshot of ${namespace}` })
    return { digest, bytes }
  }
  return Promise.all(digestsOf(newest.release).map(read))
}
