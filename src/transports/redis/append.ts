import { NoticeboardError } from '../../contracts/errors.js'
import type { Hasher } from '../../contracts/system.js'
import { formatPosition } from '../../contracts/position.js'
import type { AppendQuery } from '../../contracts/transport.js'
import { decodeRelease, digestsOf, positionOf } from '../../core/release/release.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import { follows, readAppend } from '../../core/release/log-order.js'
import type { RedisCommands } from './commands.js'
import type { RedisKeys } from './keys.js'
import { scripts } from './scripts.js'

/** Somebody may be first that often in a row before an append gives up. */
const MOST_TRIES = 100

export interface RedisParts {
  readonly commands: RedisCommands
  readonly keys: RedisKeys
  readonly hasher: Hasher
}

/** Decides here what comes next, and lets a script write it if the newest release is still the one that was read. */
export async function appendToRedis(
  { commands, keys, hasher }: RedisParts,
  query: AppendQuery,
  signal: AbortSignal,
): Promise<'appended' | 'taken'> {
  const { namespace, at, bytes, audit } = query
  const digests = digestsOf(readAppend(query, hasher))
  const release = decodeText(bytes, 'the release')
  const record = audit === undefined ? '' : decodeText(audit, 'the audit record')
  const touched = [
    keys.newest(namespace),
    keys.release(namespace, at),
    keys.order(namespace),
    keys.audit(namespace, at),
  ]
  const snapshots = digests.map(digest => keys.snapshot(namespace, digest))

  for (let left = MOST_TRIES; left > 0; left -= 1) {
    const newest = await commands.get(keys.newest(namespace), signal)
    const occupant = await commands.get(keys.release(namespace, at), signal)
    if (occupant !== undefined) return occupant === release ? 'appended' : 'taken'
    const before = newest === undefined ? undefined : positionOf(decodeRelease(encodeText(newest)).release)
    if (!follows(at, before)) return 'taken'
    // The list of namespaces is elsewhere in a cluster. One that is named too early is left out by `namespaces`.
    if (newest === undefined) await commands.send(['SADD', keys.namespaces, namespace], signal)
    const args = [newest ?? '', release, formatPosition(at), record, keys.channel, namespace]
    const outcome = await commands.run(scripts.append, [...touched, ...snapshots], args, signal)
    if (outcome === 'appended' || outcome === 'taken') return outcome
    if (outcome === 'missing')
      throw new NoticeboardError(
        'invalid-data',
        `the release ${formatPosition(at)} names a snapshot that is not here; put it first`,
      )
  }
  throw new NoticeboardError('unavailable', `others were first ${MOST_TRIES} times; append again`)
}
