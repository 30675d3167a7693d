import { dirname, resolve } from 'node:path'
import { defaultDeltas } from '#default-deltas'
import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import { canonicalize } from '../core/json/canonical.js'
import { isJsonObject } from '../core/json/shape.js'
import { encodeText } from '../core/json/text.js'
import { checkOptions, type OptionNames } from '../core/options.js'
import { maxDeltaBytes } from '../core/release/delta-size.js'
import { digestOf } from '../core/release/digest.js'
import { configFile } from '../node/index.js'
import { diffDocuments } from '../publisher/index.js'
import { encodeBytes } from '../server/encodings/encoders.js'
import { LEAST_SAVED } from '../server/encodings/snapshot-answers.js'
import { MIN_ENCODED_BYTES } from '../server/encodings/snapshot-form.js'
import { systemHasher } from '../system/system.js'
import { readWorkload, WORKLOAD_FIELDS, type WorkloadInput } from './workload.js'

/** With what a delta begins (RFC 9842). */
const DELTA_HEADER_BYTES = 40

/** A workload as a file says it: documents by the names of their files, relative to its own. */
export type WorkloadFile = Omit<WorkloadInput, 'documentBytes'> & {
  readonly documentBytes?: number
  /** A JSON or YAML file: the document. */
  readonly document?: string
  /** A JSON or YAML file: the same after a typical change. */
  readonly next?: string
}

const FILE_FIELDS: OptionNames<WorkloadFile> = { ...WORKLOAD_FIELDS, document: true, next: true }

/** How a workload is read. */
export interface LoadWorkloadOptions {
  /** Ends the reading. Default: nothing does. */
  readonly signal?: AbortSignal
}

/**
 * Reads a workload and the documents that it names, of which only their sizes are kept. Throws
 * `invalid-option` for what makes no sense, and `not-found` for a file that is not there.
 *
 * ```ts
 * const result = await compare(await loadWorkload('workload.json'))
 * ```
 */
export async function loadWorkload(path: string, options: LoadWorkloadOptions = {}): Promise<WorkloadInput> {
  checkOptions('loadWorkload()', options, { signal: true })
  const { signal = new AbortController().signal } = options
  if (typeof path !== 'string' || path === '') throw refusal('path must be the name of a file')
  if (!isSignal(signal)) throw refusal('signal must be an AbortSignal')
  const { given, document, next } = await readWorkloadFile(path, signal)
  try {
    const input = await withDocuments(given, { document, next, signal })
    readWorkload(input)
    return input
  } catch (error) {
    throw placed(error, path)
  }
}

/** What a workload file says, and the paths of the documents that it names. */
export interface ReadWorkloadFile extends Omit<DocumentFiles, 'signal'> {
  readonly given: Omit<WorkloadFile, 'document' | 'next'>
}

/**
 * What stands in a workload file, before anything of it is looked at: what comes on top may say
 * what is missing there.
 *
 * ```ts
 * const { given, document } = await readWorkloadFile('workload.json', signal)
 * ```
 */
export async function readWorkloadFile(path: string, signal: AbortSignal): Promise<ReadWorkloadFile> {
  const read = await configFile(path).read(signal)
  if (!isJsonObject(read))
    throw new NoticeboardError(
      'invalid-option',
      `${path}: a workload must be an object, such as { "clients": 3000, "document": "app.yaml" }`,
    )
  try {
    checkOptions('a workload', read, FILE_FIELDS)
  } catch (error) {
    throw placed(error, path)
  }
  const { document, next, ...given } = read as unknown as WorkloadFile
  return {
    given,
    document: fileOf('document', document, path),
    next: fileOf('next', next, path),
  }
}

/**
 * The refusal of a workload with the place where that stands: `workload.json: clients must be …`;
 * any other error as it is.
 *
 * ```ts
 * throw placed(error, 'workload.json')
 * ```
 */
export function placed(error: unknown, where: string): unknown {
  // What is said of another file names that one.
  if (!isNoticeboardError(error, 'invalid-option') || !/\ba workload\b/.test(error.message)) return error
  return new NoticeboardError('invalid-option', `${where}: ${error.message.replace(/^a workload: /, '')}`, {
    cause: error,
  })
}

/** The files that hold a document, before and after a typical change. */
export interface DocumentFiles {
  readonly document: string | undefined
  readonly next: string | undefined
  readonly signal: AbortSignal
}

/**
 * A workload with the sizes of documents, as they travel. Throws `invalid-option` for `next`
 * without `document` and for sizes beside documents, and `not-found` for a file that is not there.
 *
 * ```ts
 * await withDocuments({ clients: 3_000 }, { document: 'app.yaml', next: undefined, signal })
 * ```
 */
export async function withDocuments(
  given: Omit<WorkloadFile, 'document' | 'next'>,
  { document, next, signal }: DocumentFiles,
): Promise<WorkloadInput> {
  if (document === undefined) {
    if (next === undefined) return given as WorkloadInput
    throw new NoticeboardError(
      'invalid-option',
      'a workload: `next` needs `document`, the file before the change; name both',
    )
  }
  if (given.documentBytes !== undefined)
    throw new NoticeboardError('invalid-option', 'a workload: give `document` or documentBytes, not both')
  const before = await configFile(document).read(signal)
  const after = next === undefined ? undefined : await configFile(next).read(signal)
  const bytes = bytesOf(before)
  return {
    ...given,
    documentBytes: bytes.length,
    encodedBytes: given.encodedBytes ?? (await encodedLength(bytes)),
    // To say what changed may take longer than to say all of it.
    ...(after !== undefined && { changedBytes: Math.min(bytes.length, await changedBytes(before, after)) }),
  }
}

/**
 * How long a change is as a delta, made by the codec of this runtime; longer than any delta may be
 * where it makes none of a document that has them. Without a codec about as long, and of a document
 * that is too short for deltas as long as its changes are.
 */
async function changedBytes(before: Json, after: Json): Promise<number> {
  const [base, bytes] = [bytesOf(before), bytesOf(after)]
  const changes = changesOf(before, after)
  const most = maxDeltaBytes(base.length)
  if (most === 0) return changes.length
  const codec = await defaultDeltas.codec()
  if (codec === undefined) return DELTA_HEADER_BYTES + (await encodeBytes('br', changes)).length
  const delta = codec.encode({ base: { digest: digestOf(systemHasher, base), bytes: base }, bytes })
  return delta?.length ?? Math.max(changes.length, most + 1)
}

/** What changed, with the path of each change. */
function changesOf(before: Json, after: Json): Uint8Array {
  const changes = diffDocuments(before, after).map(change => ({
    path: change.path,
    after: change.change === 'removed' ? null : change.after,
  }))
  return bytesOf(changes)
}

/**
 * How long a snapshot is on the wire: servers leave those that are short, or hardly shorter
 * encoded, as they are.
 */
async function encodedLength(bytes: Uint8Array): Promise<number> {
  const { length } = await encodeBytes('br', bytes)
  return bytes.length < MIN_ENCODED_BYTES || length > bytes.length * (1 - LEAST_SAVED) ? bytes.length : length
}

function bytesOf(document: Json): Uint8Array {
  return encodeText(canonicalize(document))
}

function isSignal(value: unknown): value is AbortSignal {
  return typeof (value as AbortSignal | null)?.throwIfAborted === 'function'
}

function refusal(problem: string): NoticeboardError {
  return new NoticeboardError('invalid-option', `loadWorkload(): ${problem}`)
}

function fileOf(field: string, name: unknown, path: string): string | undefined {
  if (name === undefined) return undefined
  if (typeof name === 'string') return resolve(dirname(path), name)
  throw new NoticeboardError('invalid-option', `${path}: \`${field}\` is the name of a file`)
}
