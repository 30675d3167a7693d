import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import { type Digest, parseDigest, type Namespace, parseNamespace } from '../../contracts/names.js'
import { isEpoch, nextPosition, type Position } from '../../contracts/position.js'
import type { Fetch } from '../../contracts/system.js'
import type { DeltaQuery, Latest, Tag } from '../../contracts/transport.js'
import { exchange, type Ask, type Reply } from '../fetch/exchange.js'
import { PLAIN, snapshotEncodings } from '../fetch/encodings.js'
import type { Settings } from './options.js'
import { refusalOf } from './refusal.js'
import { MAX_RELEASE_BYTES, MAX_SCHEMA_BYTES } from '../../core/limits.js'

/** The newest release, as the pointer says. A tag becomes `If-None-Match`. */
export async function readLatest(
  settings: Settings,
  { namespace, tag }: { readonly namespace: Namespace; readonly tag?: Tag | undefined },
  signal: AbortSignal,
): Promise<Latest> {
  const ask: Ask = {
    method: 'GET',
    path: `${pathOf(namespace)}/release.json`,
    what: 'the release',
    ...(tag !== undefined && { headers: { 'if-none-match': tag } }),
  }
  const reply = await exchange(settings, { ...ask, maxBytes: MAX_RELEASE_BYTES }, signal)
  if (reply.status === 304 && tag !== undefined) return { type: 'unchanged' }
  return asLatest(settings, ask, reply)
}

/** The release after a position, from the log. */
export async function readNext(
  settings: Settings,
  { namespace, after }: { readonly namespace: Namespace; readonly after: Position },
  signal: AbortSignal,
): Promise<Latest> {
  const { epoch, sequence } = nextPosition(after)
  if (!isEpoch(epoch))
    throw new NoticeboardError(
      'invalid-option',
      'the epoch of a position must read <number>-<8 hex digits>, such as 1-9f3a01bc',
    )
  const ask: Ask = {
    method: 'GET',
    path: `${pathOf(namespace)}/releases/${epoch}/${sequence}.json`,
    what: 'the next release',
  }
  return asLatest(settings, ask, await exchange(settings, { ...ask, maxBytes: MAX_RELEASE_BYTES }, signal))
}

/** The bytes of a snapshot; unchecked, that is the caller's. */
export async function readSnapshot(
  settings: Settings,
  query: { readonly namespace: Namespace; readonly digest: Digest; readonly maxSnapshotBytes: number },
  signal: AbortSignal,
): Promise<Uint8Array> {
  const ask: Ask = {
    method: 'GET',
    path: snapshotPath(query.namespace, query.digest),
    what: `the snapshot ${query.digest.slice(0, 12)}`,
  }
  const read = async (given: Settings, acceptEncoding: string): Promise<Uint8Array> => {
    const headers = { 'accept-encoding': acceptEncoding }
    const reply = await exchange(given, { ...ask, headers, maxBytes: query.maxSnapshotBytes }, signal)
    if (reply.status === 200) return reply.body
    throw refusalFor(settings, ask, reply)
  }
  if (!settings.decodes) return read(settings, PLAIN)
  let encoded = false
  const fetch: Fetch = async (url, init) => {
    const response = await settings.fetch(url, init)
    encoded = response.ok && response.headers.has('content-encoding')
    return response
  }
  try {
    const body = await read({ ...settings, fetch }, snapshotEncodings())
    if (beginsAsJson(body)) return body
  } catch (error) {
    if (!encoded || signal.aborted || !isNoticeboardError(error, 'unavailable')) throw error
  }
  // Something in between decoded the body and left its encoding's name, or took away the name
  // alone.
  return read(settings, PLAIN)
}

/** Whether bytes can be a document, and not one whose encoding nobody took away. */
function beginsAsJson([first = 0]: Uint8Array): boolean {
  return '{["-0123456789tfn'.includes(String.fromCharCode(first))
}

/** A delta, unchecked; undefined when there is none. */
export async function readDelta(
  settings: Settings,
  { namespace, digest, base, maxBytes }: DeltaQuery,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const ask: Ask = {
    method: 'GET',
    path: `${pathOf(namespace)}/snapshots/${parseDigest(digest)}.from.${parseDigest(base)}.dcz`,
    what: `a delta to the snapshot ${digest.slice(0, 12)}`,
  }
  const reply = await exchange(settings, { ...ask, maxBytes }, signal)
  if (reply.status === 404) return undefined
  if (reply.status === 200) return reply.body
  throw refusalFor(settings, ask, reply)
}

/** The JSON Schema beside a namespace; undefined when there is none. */
export async function readSchema(
  settings: Settings,
  { namespace }: { readonly namespace: Namespace },
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  const ask: Ask = { method: 'GET', path: `${pathOf(namespace)}/schema.json`, what: 'the schema' }
  const reply = await exchange(settings, { ...ask, maxBytes: MAX_SCHEMA_BYTES }, signal)
  if (reply.status === 404) return undefined
  if (reply.status === 200) return reply.body
  throw refusalFor(settings, ask, reply)
}

/** `v1/<namespace>`, checked: a namespace must not lead anywhere else. */
export function pathOf(namespace: Namespace): string {
  return `v1/${parseNamespace(namespace)}`
}

export function snapshotPath(namespace: Namespace, digest: Digest): string {
  return `${pathOf(namespace)}/snapshots/${parseDigest(digest)}.json`
}

/** What an answer means that was not expected. */
export function refusalFor({ name, clock }: Settings, { what, method }: Ask, reply: Reply): NoticeboardError {
  return refusalOf({ ...reply, what, name, writing: method !== 'GET', nowMs: clock.now() })
}

function asLatest(settings: Settings, ask: Ask, reply: Reply): Latest {
  if (reply.status === 404) return { type: 'none' }
  if (reply.status !== 200) throw refusalFor(settings, ask, reply)
  const tag = reply.headers.get('etag')
  return { type: 'release', bytes: reply.body, ...(tag !== null && { tag }) }
}
