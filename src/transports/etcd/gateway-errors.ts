import { NoticeboardError, type ErrorCode } from '../../contracts/errors.js'

/**
 * What gRPC's numbers mean here (google.golang.org/grpc/codes). What is not listed is
 * `unavailable`: trying again later is right.
 */
const CODES: Readonly<Record<number, ErrorCode>> = {
  3: 'forbidden',
  5: 'not-found',
  7: 'forbidden',
  9: 'forbidden',
  16: 'unauthorized',
}

/**
 * etcd's own words for a request past its limits, and for a database that an operator has to make
 * room in.
 */
const TOO_LARGE = /request is too large|larger than max/
const FULL = /database space exceeded/
/** etcd says these under the number of a malformed request. */
const CREDENTIALS = /user name is empty|invalid user|authentication failed|invalid auth token/
const NO_PERMISSION = /permission denied/

/** The error for an answer that is none: etcd's words, cut, since they come from outside. */
export function refusalOf(name: string, status: number, body: Uint8Array): NoticeboardError {
  const { code, message } = toldOf(body)
  const said = message === '' ? `status ${status}` : message
  if (TOO_LARGE.test(message)) return new NoticeboardError('too-large', `${name}: ${said}`)
  if (FULL.test(message))
    return new NoticeboardError(
      'forbidden',
      `${name} is full: ${said}; compact it, make room, and disarm its alarm`,
    )
  if (status === 401 || CREDENTIALS.test(message))
    return new NoticeboardError('unauthorized', `${name}: ${said}`)
  if (status === 403 || NO_PERMISSION.test(message))
    return new NoticeboardError('forbidden', `${name}: ${said}`)
  const own = CODES[code]
  if (own !== undefined) return new NoticeboardError(own, `${name}: ${said}`)
  if (status === 404)
    return new NoticeboardError(
      'forbidden',
      `${name} has no JSON gateway below /v3; use etcd 3.4 or later, with its gateway on`,
    )
  return new NoticeboardError('unavailable', `${name}: ${said}`)
}

function toldOf(body: Uint8Array): { readonly code: number; readonly message: string } {
  try {
    const { code, message, error } = JSON.parse(new TextDecoder().decode(body)) as {
      code?: unknown
      message?: unknown
      error?: unknown
    }
    const said = typeof message === 'string' ? message : typeof error === 'string' ? error : ''
    return {
      code: typeof code === 'number' ? code : 0,
      message: said.slice(0, 300).replace(/[\u0000-\u001f\u007f-\u009f]/g, ' '),
    }
  } catch {
    // No JSON: something else answered, and its status is all there is to say.
    return { code: 0, message: '' }
  }
}
