import { NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import { decodeRelease, type Release, type SignedRelease } from '../core/release/release.js'
import { readNewest } from '../publisher/read-head.js'
import { readSystem } from '../system/system.js'
import { CLI_RETRIES, type OpenBoard } from './boards.js'
import type { Io } from './io.js'

/** Which namespace of which board is read. */
export interface NewestQuery {
  readonly io: Pick<Io, 'system' | 'signal'>
  readonly store: OpenBoard['store']
  readonly namespace: Namespace
}

/**
 * The newest release of a namespace, for a command that is nothing without one. Throws `not-found`
 * where there is none.
 *
 * ```ts
 * const { release } = await newestFor('get', { io, store, namespace })
 * ```
 */
export async function newestFor(
  command: string,
  { io, store, namespace }: NewestQuery,
): Promise<SignedRelease> {
  const { clock, random } = readSystem(command, io.system)
  const reading = { store, namespace, clock, random, retries: CLI_RETRIES }
  const newest = await readNewest(reading, io.signal)
  if (newest !== undefined) return newest
  throw new NoticeboardError(
    'not-found',
    `nothing was published in ${namespace}, or it is not for you to read: check the name and the address`,
  )
}

/** What clients run by now, and what they will run. */
export interface InForce {
  readonly release: Release
  /** The newest release, while it waits for its `activateAt`. */
  readonly coming: (Release & { readonly activateAt: string }) | undefined
}

/**
 * The release that is in force: the newest one, or the last before it whose `activateAt` came
 * before the next was issued. Throws `not-found` where there is none.
 *
 * ```ts
 * const { release, coming } = await inForce('get', { io, store, namespace })
 * ```
 */
export async function inForce(command: string, query: NewestQuery): Promise<InForce> {
  const { io, store, namespace } = query
  const nowMs = readSystem(command, io.system).clock.now()
  const waits = (release: Release, atMs: number): release is Release & { readonly activateAt: string } =>
    release.activateAt !== undefined && Date.parse(release.activateAt) > atMs
  const newest = (await newestFor(command, query)).release
  if (!waits(newest, nowMs)) return { release: newest, coming: undefined }
  let release: Release = newest
  // A release whose time had not come when the next one was issued was never in force.
  let untilMs = nowMs
  while (waits(release, untilMs) && release.sequence > 1) {
    untilMs = Math.min(untilMs, Date.parse(release.issuedAt))
    const after = { epoch: release.epoch, sequence: release.sequence - 2 }
    const before = await store.next?.({ namespace, after }, io.signal)
    if (before?.type !== 'release') break
    release = decodeRelease(before.bytes).release
  }
  return { release, coming: newest }
}
