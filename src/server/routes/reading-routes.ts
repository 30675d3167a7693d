import { isNoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import type { LogEntry, Store, Transport } from '../../contracts/transport.js'
import { onAbort } from '../../async/signals.js'
import { decodeRelease, positionOf } from '../../core/release/release.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import {
  BINARY_HEADERS,
  errorAnswer,
  immutableAnswer,
  jsonAnswer,
  JSON_HEADERS,
  notFound,
} from '../http/answers.js'
import type { DeltaPair } from '../../core/release/delta-pairs.js'
import type { DeltaCache } from '../stream/delta-cache.js'
import type { Hub } from '../stream/hub.js'
import type { Lifetime } from '../http/lifetime.js'
import type { Answer } from '../stream/messages.js'
import { lengthOf, matchesTag, type Newest } from '../stream/newest-release.js'
import type { SnapshotAnswers, SnapshotRequest } from '../encodings/snapshot-answers.js'
import { isThenable } from '../../core/built-ins.js'

/** What everybody may read: the board's own files. */
export interface ReadingRoutes {
  pointer(namespace: Namespace, ifNoneMatch: string | undefined): Answer | Promise<Answer>
  release(
    query: { readonly namespace: Namespace; readonly position: Position },
    signal: AbortSignal,
  ): Promise<Answer>
  snapshot(query: SnapshotRequest): Answer | Promise<Answer>
  delta(namespace: Namespace, pair: DeltaPair): Promise<Answer>
  schema(namespace: Namespace, signal: AbortSignal): Promise<Answer>
  history(
    query: { readonly namespace: Namespace; readonly limit: number | undefined },
    signal: AbortSignal,
  ): Promise<Answer>
  /** The names of those namespaces that a caller may see. */
  namespaces(maySee: (namespace: Namespace) => boolean, signal: AbortSignal): Promise<Answer>
}

export function readingRoutes({
  transport,
  hub,
  snapshots,
  deltas,
  lifetime,
}: ReadingRoutesOptions): ReadingRoutes {
  const store: Partial<Store> & Transport = transport

  const pointerAnswer = (newest: Newest | undefined, ifNoneMatch: string | undefined): Answer => {
    if (newest === undefined) return notFound()
    return ifNoneMatch !== undefined && matchesTag(ifNoneMatch, newest.etag) ? newest.unchanged : newest.found
  }

  return {
    pointer(namespace, ifNoneMatch) {
      const newest = hub.newest(namespace)
      return isThenable(newest)
        ? newest.then(found => pointerAnswer(found, ifNoneMatch))
        : pointerAnswer(newest, ifNoneMatch)
    },
    async release({ namespace, position }, signal) {
      const newest = await hub.newest(namespace)
      const isNewest =
        newest?.read !== undefined && comparePositions(newest.read.position, position) === 'same'
      const bytes = isNewest
        ? newest.bytes
        : await lifetime.run(own => releaseAt(transport, { namespace, position }, own), signal)
      return bytes === undefined ? notFound() : immutableAnswer(bytes)
    },
    snapshot: query => snapshots.peek(query) ?? snapshots.load(query).catch(asNotFound),
    async delta(namespace, { digest, base }) {
      const known = await hub.newest(namespace)
      // Who walked the log, or asked another server, knows of a release that this one has not
      // looked for yet.
      const isNamed = known === undefined || lengthOf(known, digest) > 0
      const newest = isNamed ? known : await hub.newest(namespace, LOOK_AGAIN_MS)
      const bytes = newest && (await deltas.load(namespace, newest, { digest, base }))
      if (newest === undefined || bytes === undefined) return notFound()
      deltas.gave(lengthOf(newest, digest) - bytes.length)
      return immutableAnswer(bytes, BINARY_HEADERS)
    },
    async schema(namespace, signal) {
      const bytes = await lifetime.run(async own => store.schema?.({ namespace }, own), signal)
      if (bytes === undefined) return notFound()
      const headers = { ...JSON_HEADERS, 'Cache-Control': 'no-cache', 'Content-Length': String(bytes.length) }
      return { type: 'whole', status: 200, headers, body: bytes }
    },
    async history(query, signal) {
      if (store.history === undefined) return notFound()
      const life = lifetime.begin(signal)
      const entries = store.history(query, life.signal)[Symbol.asyncIterator]()
      const finish = async (): Promise<void> => {
        life.done()
        await entries.return?.()
      }
      // A reader that stalls never asks for the rest: who waits for it is the server, which ends.
      onAbort(life.signal, () => void finish().catch(() => {}))
      // The first one before the head: a store that fails has an answer of its own then.
      let first: IteratorResult<LogEntry>
      try {
        first = await entries.next()
        life.signal.throwIfAborted()
      } catch (error) {
        life.done()
        throw error
      }
      const headers = {
        'Content-Type': 'application/x-ndjson',
        'Cache-Control': 'no-store',
        'X-Content-Type-Options': 'nosniff',
      }
      return {
        type: 'lines',
        status: 200,
        headers,
        lines: linesOf(first, entries, { signal: life.signal, finish }),
      }
    },
    async namespaces(maySee, signal) {
      const list = store.namespaces?.bind(store)
      if (list === undefined) return errorAnswer('not-found', 'this store cannot list its namespaces')
      const namespaces = await lifetime.run(list, signal)
      return jsonAnswer(200, { namespaces: namespaces.filter(maySee) })
    },
  }
}

/**
 * How old the store's answer may be where somebody asks for a delta to what it does not name, in
 * milliseconds: so often anybody may have a store looked at.
 */
const LOOK_AGAIN_MS = 100

export interface ReadingRoutesOptions {
  readonly transport: Transport
  readonly hub: Hub
  readonly snapshots: SnapshotAnswers
  readonly deltas: DeltaCache
  readonly lifetime: Lifetime
}

/**
 * A release of the log, by asking for the one after its predecessor. What comes may be another one,
 * of a later epoch.
 */
async function releaseAt(
  transport: Transport,
  { namespace, position }: { readonly namespace: Namespace; readonly position: Position },
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  try {
    const after = { epoch: position.epoch, sequence: position.sequence - 1 }
    const latest = await transport.next?.({ namespace, after }, signal)
    if (latest?.type !== 'release') return undefined
    const { release } = decodeRelease(latest.bytes)
    return comparePositions(positionOf(release), position) === 'same' ? latest.bytes : undefined
  } catch (error) {
    // A store that knows no place before the first, or a release that is not readable here: it is
    // not at this address.
    if (isNoticeboardError(error, 'not-found', 'invalid-option', 'invalid-data', 'unsupported'))
      return undefined
    throw error
  }
}

function asNotFound(error: unknown): Answer {
  if (isNoticeboardError(error, 'not-found')) return notFound()
  throw error
}

async function* linesOf(
  first: IteratorResult<LogEntry>,
  rest: AsyncIterator<LogEntry>,
  { signal, finish }: { readonly signal: AbortSignal; readonly finish: () => Promise<void> },
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    for (let next = first; next.done !== true; next = await rest.next()) {
      const { bytes, audit } = next.value
      const line = {
        ...(audit !== undefined && { audit: decodeText(audit, 'an audit record') }),
        release: decodeText(bytes, 'a release'),
      }
      yield encodeText(`${JSON.stringify(line)}\n`)
    }
    // A log whose reading was ended is not the whole log, and must not look like one.
    signal.throwIfAborted()
  } finally {
    await finish()
  }
}
