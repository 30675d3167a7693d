import { NoticeboardError, type ErrorCode } from '../../contracts/errors.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { oneLine } from '../../core/json/text.js'

/** What a server said, as far as an error needs it. */
export interface Refused {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
  /** What was asked for: "the release". */
  readonly what: string
  /** For people: `http https://config.internal`. */
  readonly name: string
  readonly writing: boolean
  readonly nowMs: number
}

/** Codes that a server says and that mean the same here. The rest follows from the status. */
const CARRIED: ReadonlySet<string> = new Set<ErrorCode>([
  'invalid-document', 'forbidden', 'invalid-data', 'digest-mismatch', 'too-large', 'unsupported', 'fork', 'store-damaged',
]) // prettier-ignore

/**
 * How a 403 that is none of our server's begins to be told: where it comes from there are no
 * tokens.
 */
export const WEB_SERVER_REFUSES = 'a web server may not read the file'

/** The error for an answer that is none of the expected ones. */
export function refusalOf({ status, headers, body, what, name, writing, nowMs }: Refused): NoticeboardError {
  // A date is of the clock of who says it, and that stands beside it.
  const saidMs = Date.parse(headers.get('date') ?? '')
  const retryAfterMs = readRetryAfter(headers.get('retry-after'), Number.isNaN(saidMs) ? nowMs : saidMs)
  const told = readTold(body)
  const said = told === undefined ? '' : `: ${told.message}`
  if (status === 403 && told === undefined && !writing) {
    return new NoticeboardError(
      'forbidden',
      `${name} answered 403 for ${what}: ${WEB_SERVER_REFUSES}, so check its mode and those of the folders above it; or that server asks for other headers`,
    )
  }
  if (status === 401 || status === 403) {
    // A server that knows the token says itself what that may not do.
    const hint = status === 403 && told !== undefined ? '' : '; check the token or the headers'
    return new NoticeboardError(
      status === 401 ? 'unauthorized' : 'forbidden',
      `${name} answered ${status} for ${what}${hint}${said}`,
    )
  }
  if (writing && (status === 404 || status === 405)) {
    return new NoticeboardError(
      'forbidden',
      `${name} accepts no writes: the server was started without a token for writing, or the address is not that of a server`,
    )
  }
  if (status === 404) return new NoticeboardError('not-found', `${name} does not have ${what}, or not yet`)
  if (status === 413) return new NoticeboardError('too-large', `${name} refused ${what} as too large${said}`)
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    const options = retryAfterMs === undefined ? {} : { retryAfterMs }
    const code = status === 429 ? 'rate-limited' : 'unavailable'
    return new NoticeboardError(code, `${name} answered ${status} for ${what}${said}`, options)
  }
  if (status >= 400) {
    const code = told !== undefined && CARRIED.has(told.code) ? (told.code as ErrorCode) : 'forbidden'
    return new NoticeboardError(code, `${name} refused ${what} with ${status}${said}`)
  }
  return new NoticeboardError(
    'unavailable',
    `${name} answered ${status} for ${what}, which a noticeboard server does not do; check the address`,
  )
}

/**
 * `Retry-After` in milliseconds: seconds, or a date. Undefined when it says nothing that can be
 * followed.
 */
export function readRetryAfter(text: string | null, nowMs: number): number | undefined {
  if (text === null) return undefined
  if (/^\d{1,9}$/.test(text.trim())) return Number(text) * 1_000
  // Without its letters a date would be anything that `Date.parse` makes something of.
  const at = /^[a-z]{3}/i.test(text.trim()) ? Date.parse(text) : Number.NaN
  return Number.isNaN(at) ? undefined : Math.max(0, at - nowMs)
}

/** The code that an error body states; undefined for a body that is none of ours. */
export function toldCode(body: Uint8Array): string | undefined {
  return readTold(body)?.code
}

/**
 * The code and message of an error body; cut and without control characters, since they come from
 * outside.
 */
function readTold(body: Uint8Array): { readonly code: string; readonly message: string } | undefined {
  try {
    const value = JSON.parse(decodeText(body, 'the answer')) as {
      readonly error?: { readonly code?: unknown; readonly message?: unknown }
    } | null
    const code = value?.error?.code
    const message = value?.error?.message
    if (typeof code !== 'string' || typeof message !== 'string') return undefined
    return { code, message: oneLine(message, 500) }
  } catch {
    // Not one of our error bodies; the status alone decides.
    return undefined
  }
}
