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
 * Brings every mirror to a release: first the snapshots that it names, then the release. Warns of
 * those that are behind, and never rejects.
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
  const { mirrors, namespace, logger } = context
  const snapshots = snapshotsOf(context, newest, signal)
  const results = await Promise.all(
    mirrors.map(mirror => syncMirror(context, mirror, { newest, snapshots, signal })),
  )
  for (const result of results)
    if (!result.ok)
      logger.warn('a mirror is behind; the next publish or sync() tries again', {
        namespace,
        mirror: result.name,
        code: result.code,
      })
  return results
}

/** A snapshot for a mirror. */
export interface MirroredSnapshot {
  readonly digest: string
  readonly bytes: Uint8Array
}

/** What one mirror is brought to. */
export interface Mirrored {
  readonly newest: SignedRelease
  /** Reads the snapshots that it names, as {@link snapshotsOf} does. */
  readonly snapshots: () => Promise<readonly MirroredSnapshot[]>
  readonly signal: AbortSignal
}

/**
 * Brings one mirror to a release. Logs nothing, and never rejects.
 *
 * ```ts
 * const snapshots = snapshotsOf(context, newest, signal)
 * const result = await syncMirror(context, mirror, { newest, snapshots, signal })
 * ```
 */
export async function syncMirror(
  context: PublisherContext,
  mirror: Mirror,
  { newest, snapshots, signal }: Mirrored,
): Promise<MirrorResult> {
  const { namespace, clock } = context
  const { name } = mirror
  const work = async (own: AbortSignal): Promise<void> => {
    const retry = { ...context, signal: own, retries: 2 }
    for (const { digest, bytes } of await snapshots()) {
      await retried(() => mirror.put({ namespace, digest, bytes }, own), retry)
    }
    await retried(() => mirror.announce({ namespace, bytes: newest.bytes }, own), retry)
  }
  try {
    await keepAlive(withDeadline({ clock, signal, timeoutMs: DEADLINE_MS, what: name, graceMs: 0 }, work))
    return { name, ok: true }
  } catch (error) {
    const { code, message } = asNoticeboardError(error, 'internal', `${name} failed`)
    return { name, ok: false, code, message }
  }
}

/**
 * Reads the snapshots of a release when they are asked for, and once for all mirrors that ask.
 *
 * ```ts
 * const snapshots = snapshotsOf(context, newest, signal)
 * for (const { digest, bytes } of await snapshots()) await mirror.put({ namespace, digest, bytes }, signal)
 * ```
 */
export function snapshotsOf(
  context: PublisherContext,
  newest: SignedRelease,
  signal: AbortSignal,
): () => Promise<readonly MirroredSnapshot[]> {
  let reading: Promise<readonly MirroredSnapshot[]> | undefined
  return () => (reading ??= readSnapshots(context, newest, signal))
}

async function readSnapshots(
  context: PublisherContext,
  newest: SignedRelease,
  signal: AbortSignal,
): Promise<readonly MirroredSnapshot[]> {
  const { store, namespace, hasher, maxReadBytes: maxSnapshotBytes } = context
  const read = async (digest: string): Promise<MirroredSnapshot> => {
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
