import { NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import type { Namespace } from '../../contracts/names.js'
import { comparePositions, formatPosition } from '../../contracts/position.js'
import type { ClientReport } from '../../contracts/report.js'
import type { AppendQuery, PutQuery } from '../../contracts/transport.js'
import { groupBy } from '../../core/group-by.js'
import { decodeRelease, positionOf } from '../../core/release/release.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import { exchange, type Ask, type Reply } from '../fetch/exchange.js'
import type { Settings } from './options.js'
import { pathOf, refusalFor, snapshotPath } from './reading.js'
import { toldCode } from './refusal.js'
import { MAX_REPORTS, MAX_SCHEMA_BYTES, MAX_SENT_REPORTS_BYTES } from '../../core/limits.js'
import { jsonBytes } from '../../core/report/fit-report.js'
import { tagOf } from '../../core/built-ins.js'

/** An acknowledgement has no body worth reading. */
const ACKNOWLEDGEMENT_BYTES = 16_384

/** Sends a snapshot; the server checks it against its digest and keeps it before it answers. */
export async function putSnapshot(
  settings: Settings,
  { namespace, digest, bytes, urgent }: PutQuery,
  maxSnapshotBytes: number,
  signal: AbortSignal,
): Promise<void> {
  if (bytes.length > maxSnapshotBytes) {
    throw new NoticeboardError(
      'too-large',
      `the snapshot has ${bytes.length} bytes; ${maxSnapshotBytes} are allowed: make the document smaller, or split it into namespaces`,
    )
  }
  await write(
    settings,
    {
      method: 'PUT',
      path: `${snapshotPath(namespace, digest)}${urgent === true ? '?urgent=1' : ''}`,
      what: `the snapshot ${digest.slice(0, 12)}`,
    },
    bytes,
    signal,
  )
}

/**
 * Asks the server to append a release. Where it stands in the log, the release itself says; another
 * place is refused here.
 */
export async function appendRelease(
  settings: Settings,
  { namespace, at, bytes, audit, urgent }: AppendQuery,
  signal: AbortSignal,
): Promise<'appended' | 'taken'> {
  const { release } = decodeRelease(bytes)
  if (release.namespace !== namespace || comparePositions(positionOf(release), at) !== 'same') {
    throw new NoticeboardError(
      'invalid-data',
      `the release is ${release.namespace} ${formatPosition(positionOf(release))}, and it was to be appended as ${namespace} ${formatPosition(at)}; pass its own namespace and position`,
    )
  }
  const ask: Ask = { method: 'POST', path: `${pathOf(namespace)}/~releases`, what: 'the release' }
  const body = {
    ...(audit !== undefined && { audit: decodeText(audit, 'the audit record') }),
    release: decodeText(bytes, 'the release'),
    ...(urgent === true && { urgent }),
  }
  const reply = await exchangeJson(settings, ask, body, signal)
  // A damaged store refuses with the same status, and trying again would not help.
  if (reply.status === 409 && (toldCode(reply.body) ?? 'conflict') === 'conflict') return 'taken'
  if (reply.status >= 200 && reply.status < 300) return 'appended'
  throw refusalFor(settings, ask, reply)
}

/** Keeps the JSON Schema of a namespace at the server. */
export async function putSchema(
  settings: Settings,
  { namespace, bytes }: { readonly namespace: Namespace; readonly bytes: Uint8Array },
  signal: AbortSignal,
): Promise<void> {
  if (bytes.length > MAX_SCHEMA_BYTES) {
    throw new NoticeboardError(
      'too-large',
      `the schema has ${bytes.length} bytes; ${MAX_SCHEMA_BYTES} are allowed: make it smaller`,
    )
  }
  await write(
    settings,
    { method: 'PUT', path: `${pathOf(namespace)}/schema.json`, what: 'the schema' },
    bytes,
    signal,
  )
}

/** Hands over last words, each namespace's in requests of a hundred and of 48 KB at most. */
export async function postReports(
  settings: Settings,
  states: readonly ClientReport[],
  signal: AbortSignal,
): Promise<void> {
  for (const [namespace, reports] of groupBy(states, state => state.namespace)) {
    for (const batch of batchesOf(reports)) {
      const ask: Ask = { method: 'POST', path: `${pathOf(namespace)}/~reports`, what: 'the report' }
      const reply = await exchangeJson(settings, ask, { reports: batch as unknown as Json }, signal)
      if (reply.status < 200 || reply.status >= 300) throw refusalFor(settings, ask, reply)
    }
  }
}

/** What `{"reports":[]}` takes. */
const AROUND_BYTES = 14

/** A report that is larger than a body may be goes alone, for the server to say so. */
function* batchesOf(reports: readonly ClientReport[]): Iterable<readonly ClientReport[]> {
  let batch: ClientReport[] = []
  let bytes = AROUND_BYTES
  for (const report of reports) {
    const more = jsonBytes(report) + 1
    if (batch.length > 0 && (batch.length === MAX_REPORTS || bytes + more > MAX_SENT_REPORTS_BYTES)) {
      yield batch
      batch = []
      bytes = AROUND_BYTES
    }
    batch.push(report)
    bytes += more
  }
  if (batch.length > 0) yield batch
}

function exchangeJson(settings: Settings, ask: Ask, body: Json, signal: AbortSignal): Promise<Reply> {
  return exchange(
    settings,
    { ...ask, body: encodeText(JSON.stringify(body)), maxBytes: ACKNOWLEDGEMENT_BYTES },
    signal,
  )
}

async function write(settings: Settings, ask: Ask, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
  const body =
    tagOf(bytes.buffer) === 'ArrayBuffer' ? (bytes as Uint8Array<ArrayBuffer>) : new Uint8Array(bytes)
  const reply = await exchange(settings, { ...ask, body, maxBytes: ACKNOWLEDGEMENT_BYTES }, signal)
  if (reply.status < 200 || reply.status >= 300) throw refusalFor(settings, ask, reply)
}
