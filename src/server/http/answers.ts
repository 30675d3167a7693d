import { type ErrorCode, isNoticeboardError, type NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import { encodeText } from '../../core/json/text.js'
import { MAX_RETRY_AFTER_MS } from '../../core/limits.js'
import type { Answer, Headers } from '../stream/messages.js'

const STATUS: { readonly [Code in ErrorCode]: number } = {
  'not-ready': 503,
  'not-found': 404,
  unavailable: 503,
  // What is behind this server limits it; whoever asks here did nothing wrong.
  'rate-limited': 503,
  'invalid-document': 422,
  unauthorized: 401,
  forbidden: 403,
  conflict: 409,
  'rollout-in-progress': 409,
  'fleet-unknown': 409,
  'no-controller': 409,
  withdrawn: 409,
  'no-watch': 501,
  'invalid-data': 400,
  'digest-mismatch': 400,
  'too-large': 413,
  unsupported: 400,
  fork: 422,
  'store-damaged': 409,
  vetoed: 422,
  'invalid-option': 400,
  timeout: 503,
  closed: 503,
  internal: 500,
}

/** A whole JSON answer that nobody may keep. */
export function jsonAnswer(status: number, value: Json, headers: Headers = {}): Answer {
  return wholeJson(status, encodeText(JSON.stringify(value)), headers)
}

/** The same for a text that was written before. */
export function wholeJson(status: number, body: Uint8Array, headers: Headers = {}): Answer {
  return {
    type: 'whole',
    status,
    headers: {
      ...JSON_HEADERS,
      'Cache-Control': 'no-store',
      'Content-Length': String(body.length),
      ...headers,
    },
    body,
  }
}

/** An error in the form of docs/formats.md: a code of the library and a message, without values. */
export function errorAnswer(
  code: ErrorCode,
  message: string,
  { status = STATUS[code], headers = {}, issues = [] }: ErrorAnswerOptions = {},
): Answer {
  return jsonAnswer(
    status,
    {
      error: {
        code,
        message,
        ...(issues.length > 0 && {
          issues: issues.map(({ path, message, validator }) => ({ path, message, validator })),
        }),
      },
    },
    { ...(status === 401 && { 'WWW-Authenticate': 'Bearer' }), ...headers },
  )
}

export interface ErrorAnswerOptions {
  readonly status?: number
  readonly headers?: Headers
  readonly issues?: NoticeboardError['issues']
}

/**
 * What was thrown, as an answer. Strangers' errors keep their words to themselves: they may quote a
 * value.
 */
export function answerFor(error: unknown): Answer {
  if (!isNoticeboardError(error)) return errorAnswer('internal', 'the server failed; its log says more')
  const { code, message, issues, retryAfterMs } = error
  return errorAnswer(code, message, {
    issues,
    headers: retryAfterMs === undefined ? {} : { 'Retry-After': retryAfter(retryAfterMs) },
  })
}

/**
 * In seconds. A relay asks again by itself, so a longer time from behind it is nobody's to wait.
 */
function retryAfter(retryAfterMs: number): string {
  return String(Math.ceil(Math.min(Math.max(retryAfterMs, 0), MAX_RETRY_AFTER_MS) / 1_000))
}

/** The answer to whoever sends more than this server takes: when to send it again. */
export function tooMany(message: string, retryAfterMs: number): Answer {
  return errorAnswer('rate-limited', message, {
    status: 429,
    headers: { 'Retry-After': retryAfter(retryAfterMs) },
  })
}

/**
 * The one answer for everything that is not here, and for everything that may not be known to be.
 */
export function notFound(): Answer {
  return errorAnswer('not-found', 'there is nothing at this address, or not yet')
}

/** Done, and nothing to say about it. */
export const DONE: Answer = { type: 'whole', status: 204, headers: { 'Cache-Control': 'no-store' } }

export const JSON_HEADERS = {
  'Content-Type': 'application/json',
  'X-Content-Type-Options': 'nosniff',
} as const

/** Documents of a board that never change. */
export function immutableAnswer(body: Uint8Array, headers: Headers = JSON_HEADERS): Answer {
  return {
    type: 'whole',
    status: 200,
    headers: {
      ...headers,
      'Cache-Control': 'public, max-age=31536000, immutable',
      'Content-Length': String(body.length),
    },
    body,
  }
}

/** Files of a board that are no text. */
export const BINARY_HEADERS = {
  'Content-Type': 'application/octet-stream',
  'X-Content-Type-Options': 'nosniff',
} as const
