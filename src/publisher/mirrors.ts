import { withDeadline } from '../async/deadline.js'
import { keepAlive } from '../async/keep-alive.js'
import { canMirror } from '../contracts/capabilities.js'
import { asNoticeboardError, NoticeboardError, type ErrorCode } from '../contracts/errors.js'
import type { Mirror } from '../contracts/transport.js'
import { assertDigest } from '../core/release/digest.js'
import { digestsOf, type SignedRelease } from '../core/release/release.js'
import type { PublisherContext } from './context.js'
import { retried } from './retry.js'

/**
 * How it went with one mirror. A mirror that failed is tried again by the next publish, rollback or
 * `sync()`.
 */
export type MirrorResult =
  | { readonly name: string; readonly ok: true }
  | { readonly name: string; readonly ok: false; readonly code: ErrorCode; readonly message: string }

/** How long a mirror may take, in milliseconds: one that hangs must not hold up a publish. */
const DEADLINE_MS = 30_000

/**
 * Brings every mirror to a release: first the snapshots that it names, then the release. Never
 * rejects.
 *
 * ```ts
 * const results = await syncMirrors(context, newest, signal)
 * const behind = results.filter(({ ok }) => !ok)
 * ```
 */
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
  const work = async (own: AbortSignal): Promise<void> => {
    const retry = { ...context, signal: own, retries: 2 }
    for (const { digest, bytes } of await read()) {
      await retried(() => mirror.put({ namespace, digest, bytes }, own), retry)
    }
    await retried(() => mirror.announce({ namespace, bytes: newest.bytes }, own), retry)
  }
  try {
    await keepAlive(withDeadline({ clock, signal, timeoutMs: DEADLINE_MS, what: name, graceMs: 0 }, work))
    return { name, ok: true }
  } catch (error) {
    const { code, message } = asNoticeboardError(error, 'internal', `${name} failed`)
    logger.warn('a mirror is behind; the next publish or sync() tries again', {
      namespace,
      mirror: name,
      code,
    })
    return { name, ok: false, code, message }
  }
}

async function readSnapshots(
  context: PublisherContext,
  newest: SignedRelease,
  signal: AbortSignal,
): Promise<readonly Snapshot[]> {
  const { store, namespace, hasher, maxReadBytes: maxSnapshotBytes } = context
  const read = async (digest: string): Promise<Snapshot> => {
    const bytes = await retried(() => store.snapshot({ namespace, digest, maxSnapshotBytes }, signal), {
      ...context,
      signal,
    })
    assertDigest(hasher, { bytes, digest, what: `a snapshot of ${namespace}` })
    return { digest, bytes }
  }
  return Promise.all(digestsOf(newest.release).map(read))
}

/**
 * Throws `invalid-option` for what is no list of mirrors. `whose` says whose they are:
 * `createController()`.
 *
 * ```ts
 * assertMirrors('createController()', [configMapMirror(apply)])
 * ```
 */
export function assertMirrors(whose: string, mirrors: readonly Mirror[]): void {
  if (Array.isArray(mirrors) && mirrors.every(canMirror)) return
  throw new NoticeboardError(
    'invalid-option',
    `${whose}: mirrors must be a list of mirrors, such as configMapMirror(apply)`,
  )
}
