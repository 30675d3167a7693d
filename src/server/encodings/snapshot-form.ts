import type { Digest } from '../../contracts/names.js'
import { JSON_HEADERS } from '../http/answers.js'
import type { Answer, Headers } from '../stream/messages.js'
import type { Encoding } from './accept-encoding.js'

/**
 * The smallest snapshot that is encoded, in bytes: below it the headers of the answer weigh as
 * much.
 */
export const MIN_ENCODED_BYTES = 1_024

/** A snapshot as it travels: as it is, or encoded. */
export interface SnapshotForm {
  readonly body: Uint8Array
  readonly answer: Answer
}

/** The form of a snapshot whose document has `bytes`; `body` is the document, or its encoding. */
export function snapshotForm({ digest, bytes, body, encoding }: FormOptions): SnapshotForm {
  return {
    body,
    answer: {
      type: 'whole',
      status: 200,
      headers: {
        ...JSON_HEADERS,
        ...(encoding !== undefined && { 'Content-Encoding': encoding }),
        ...cachingOf(bytes),
        ETag: tagOf(digest, encoding),
        'Content-Length': String(body.length),
      },
      body,
    },
  }
}

export interface FormOptions {
  readonly digest: Digest
  readonly bytes: number
  readonly body: Uint8Array
  readonly encoding: Encoding | undefined
}

/** What a form answers to whoever has it. */
export function unchangedForm(bytes: number, etag: string): Answer {
  return { type: 'whole', status: 304, headers: { ...cachingOf(bytes), ETag: etag } }
}

/** A strong tag, another one for each form: nothing in between may take one for the other. */
export function tagOf(digest: Digest, encoding: Encoding | undefined): string {
  return `"${digest.slice(0, 32)}${encoding === undefined ? '' : `-${encoding}`}"`
}

function cachingOf(bytes: number): Headers {
  return {
    'Cache-Control': 'public, max-age=31536000, immutable',
    ...(bytes >= MIN_ENCODED_BYTES && { Vary: 'Accept-Encoding' }),
  }
}
