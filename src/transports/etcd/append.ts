import { NoticeboardError } from '../../contracts/errors.js'
import type { Hasher } from '../../contracts/system.js'
import { formatPosition } from '../../contracts/position.js'
import type { AppendQuery } from '../../contracts/transport.js'
import { decodeRelease, digestsOf, positionOf } from '../../core/release/release.js'
import { sameBytes } from '../../core/json/text.js'
import { follows, readAppend } from '../../core/release/log-order.js'
import type { EtcdClient, EtcdCondition, EtcdStep } from './client.js'
import type { EtcdKeys } from './keys.js'

/** What an append works with. */
export interface EtcdParts {
  readonly client: EtcdClient
  readonly keys: EtcdKeys
  readonly hasher: Hasher
}

/** Somebody may be first that often in a row before an append gives up. */
const MOST_TRIES = 100
/** etcd takes 128 steps; a release of many snapshots is looked at in parts. */
const MOST_CONDITIONS = 100

/**
 * One transaction: the place in the log must be empty (its create revision 0), the newest release still the one that was read, and
 * the snapshots there; then the log, the newest release and the audit record are written together.
 */
export async function appendToEtcd(
  { client, keys, hasher }: EtcdParts,
  query: AppendQuery,
  signal: AbortSignal,
): Promise<'appended' | 'taken'> {
  const { namespace, at, bytes, audit } = query
  const release = readAppend(query, hasher)
  const [place, newestKey] = [keys.release(namespace, at), keys.newest(namespace)]
  const snapshots = digestsOf(release).map(digest => keys.snapshot(namespace, digest))

  for (let left = MOST_TRIES; left > 0; left -= 1) {
    const look = await client.transact(
      {
        steps: [
          { type: 'range', key: place },
          { type: 'range', key: newestKey },
        ],
      },
      signal,
    )
    const [occupant, newest] = [look.found[0]?.[0], look.found[1]?.[0]]
    if (occupant !== undefined) return sameBytes(occupant.value, bytes) ? 'appended' : 'taken'
    const before = newest === undefined ? undefined : positionOf(decodeRelease(newest.value).release)
    if (!follows(at, before)) return 'taken'
    for (let from = MOST_CONDITIONS; from < snapshots.length; from += MOST_CONDITIONS) {
      const more = await client.transact(
        { conditions: snapshots.slice(from, from + MOST_CONDITIONS).map(exists), steps: [] },
        signal,
      )
      if (!more.succeeded) throw missing(at)
    }

    const conditions: EtcdCondition[] = [
      { type: 'missing', key: place },
      newest === undefined
        ? { type: 'missing', key: newestKey }
        : { type: 'written-at', key: newestKey, revision: newest.modRevision },
    ]
    const steps: EtcdStep[] = [
      { type: 'put', key: place, value: bytes },
      { type: 'put', key: newestKey, value: bytes },
      ...(audit === undefined ? [] : [{ type: 'put', key: keys.auditBeside(place), value: audit } as const]),
    ]
    const wanted = snapshots.slice(0, MOST_CONDITIONS).map(exists)
    const written = await client.transact(
      { conditions: [...conditions, ...wanted], steps, otherwise: [{ type: 'range', key: newestKey }] },
      signal,
    )
    if (written.succeeded) return 'appended'
    // Nobody was first, so what does not hold is that the snapshots are here.
    if (written.found[0]?.[0]?.modRevision === newest?.modRevision) throw missing(at)
  }
  throw new NoticeboardError('unavailable', `others were first ${MOST_TRIES} times; append again`)
}

function exists(key: string): EtcdCondition {
  return { type: 'exists', key }
}

function missing(at: AppendQuery['at']): NoticeboardError {
  return new NoticeboardError(
    'invalid-data',
    `the release ${formatPosition(at)} names a snapshot that is not here; put it first`,
  )
}
