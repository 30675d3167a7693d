import { NoticeboardError } from '../../contracts/errors.js'
import type { Hasher } from '../../contracts/system.js'
import { formatPosition } from '../../contracts/position.js'
import type { AppendQuery } from '../../contracts/transport.js'
import { checkAppend, follows } from '../../core/release/log-order.js'
import { decodeRelease, digestsOf, positionOf, type Release } from '../../core/release/release.js'
import { sameBytes } from '../../core/json/text.js'
import type { EngineCalls } from './calls.js'
import type { Key, Put } from './engine.js'
import { keys, KEYS_A_CALL } from './keys.js'
import { headMove, headUnmoved, type Head, type Log } from './log.js'

/** Others may be first that often in a row before an append gives up. */
const MOST_TRIES = 100
/** Of the conditions of a batch two are for the place and the head. */
const SNAPSHOTS_A_BATCH = KEYS_A_CALL - 2

export interface Appending {
  readonly calls: EngineCalls
  readonly log: Log
  readonly hasher: Hasher
}

/**
 * Reads the head, decides what may come next, and writes it to the place after the head if that is
 * still free. Whoever loses reads again: a release of the same bytes may have won, or another one.
 */
export async function append(
  { calls, log, hasher }: Appending,
  query: AppendQuery,
  signal: AbortSignal,
): Promise<'appended' | 'taken'> {
  const { namespace, at, bytes } = query
  const release = checkAppend(query, hasher)
  const write = calls.atomic === 'batch' ? writeAtOnce : writeInTurn
  let refused: Head | undefined

  for (let left = MOST_TRIES; left > 0; left -= 1) {
    const [head] = await log.heads([namespace], signal)
    if (head === undefined) break
    const newest = head.index === 0 ? undefined : positionOf(decodeRelease(head.bytes).release)
    if (!follows(at, newest)) {
      const { index } = await log.find({ namespace, position: at, head }, signal)
      if (index === undefined) return 'taken'
      const [occupant] = index === head.index ? [head.bytes] : await log.read(namespace, [index], signal)
      return occupant !== undefined && sameBytes(occupant, bytes) ? 'appended' : 'taken'
    }
    if (refused !== undefined && refused.index === head.index && refused.version === head.version)
      await explainRefusal({ calls, query, release, head }, signal)
    if ((await write({ calls, query, release, head }, signal)) === 'written') return 'appended'
    refused = head
  }
  throw new NoticeboardError(
    'unavailable',
    `other writers appended first ${MOST_TRIES} times in a row; append again`,
  )
}

interface Writing {
  readonly calls: EngineCalls
  readonly query: AppendQuery
  readonly release: Release
  readonly head: Head
}

/**
 * Place, head and audit record in one step, if the place is free, the head unmoved and the
 * snapshots present.
 */
async function writeAtOnce(
  { calls, query, release, head }: Writing,
  signal: AbortSignal,
): Promise<'written' | 'refused'> {
  const { namespace, bytes } = query
  const place = { key: keys.place(namespace, head.index + 1), value: bytes }
  const snapshots = digestsOf(release).map(digest => keys.snapshot(namespace, digest))
  for (let from = SNAPSHOTS_A_BATCH; from < snapshots.length; from += KEYS_A_CALL) {
    const more = snapshots.slice(from, from + KEYS_A_CALL).map(present)
    if ((await calls.write({ if: more, put: [], remove: [] }, signal)) === 'refused')
      await assertPresent({ calls, query, release }, signal)
  }
  const move = headMove(namespace, head.version, { index: head.index + 1, bytes })
  return calls.write(
    {
      if: [
        { type: 'absent', key: place.key },
        headUnmoved(namespace, head.version),
        ...snapshots.slice(0, SNAPSHOTS_A_BATCH).map(present),
      ],
      put: [place, ...move.put, ...auditOf(query, release)],
      remove: [],
    },
    signal,
  )
}

/**
 * Key by key: the place decides, being put where none was, and the head follows. A writer that ends
 * in between leaves a head that lags, which the next reader moves.
 */
async function writeInTurn(
  { calls, query, release, head }: Writing,
  signal: AbortSignal,
): Promise<'written' | 'refused'> {
  const { namespace, bytes } = query
  await assertPresent({ calls, query, release }, signal)
  for (const put of auditOf(query, release)) await calls.write({ if: [], put: [put], remove: [] }, signal)
  const key = keys.place(namespace, head.index + 1)
  const outcome = await calls.write(
    { if: [{ type: 'absent', key }], put: [{ key, value: bytes }], remove: [] },
    signal,
  )
  if (outcome === 'refused') return outcome
  try {
    await calls.write(headMove(namespace, head.version, { index: head.index + 1, bytes }), signal)
  } catch {
    // The release is written, whatever becomes of the head: readers move it.
  }
  return 'written'
}

/** Nobody was first, so either a snapshot is missing, or the log goes on past its head. */
async function explainRefusal({ calls, query, release, head }: Writing, signal: AbortSignal): Promise<void> {
  const { namespace } = query
  await assertPresent({ calls, query, release }, signal)
  const [occupant] = await calls.read([keys.place(namespace, head.index + 1)], signal)
  if (occupant !== undefined)
    throw new NoticeboardError(
      'store-damaged',
      `the log of ${namespace} in ${calls.name} goes on past its newest release; restore it from a backup`,
    )
}

/** Throws `invalid-data` unless all snapshots of the release are in the store. */
async function assertPresent(
  { calls, query: { namespace, at }, release }: Omit<Writing, 'head'>,
  signal: AbortSignal,
): Promise<void> {
  for (const digest of digestsOf(release)) {
    const found = await calls.list({ prefix: keys.snapshot(namespace, digest), limit: 1 }, signal)
    if (found.length === 0)
      throw new NoticeboardError(
        'invalid-data',
        `the release ${formatPosition(at)} names the snapshot ${digest.slice(0, 12)}, which is not here; put it first`,
      )
  }
}

function auditOf({ namespace, audit }: AppendQuery, release: Release): readonly Put[] {
  return audit === undefined || release.audit === undefined
    ? []
    : [{ key: keys.audit(namespace, release.audit), value: audit }]
}

function present(key: Key): { readonly type: 'present'; readonly key: Key } {
  return { type: 'present', key }
}
