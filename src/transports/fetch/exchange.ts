import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import { abortable } from '../../async/signals.js'
import { PLAIN } from './encodings.js'
import { readBody, type Waiting } from './body.js'
import { fetchModes, isRedirect } from './fetch-modes.js'
import { createRequestDeadline } from './request-deadline.js'
import type { Provided, Settings } from '../http/options.js'
import { isError } from '../../core/built-ins.js'

/** One request. `what` names what is asked for in messages: "the release". */
export interface Ask {
  readonly method: 'GET' | 'PUT' | 'POST'
  /** Below the base address, without a slash before it. */
  readonly path: string
  readonly what: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array<ArrayBuffer>
}

/** An answer whose body was read to its end, or let go. */
export interface Reply {
  readonly status: number
  readonly headers: Headers
  readonly body: Uint8Array
}

/** The largest error body that is read. */
export const MAX_ERROR_BYTES = 16_384

/**
 * Sends a request and reads the answer within the total deadline. Throws `unavailable` when there
 * is none, and `unauthorized` when a header cannot be made. What the status means is left to the
 * caller.
 */
export async function exchange(
  settings: Settings,
  ask: Ask & { readonly maxBytes: number },
  signal: AbortSignal,
): Promise<Reply> {
  const { what, maxBytes } = ask
  const { clock, timeoutMs, hint } = settings
  const deadline = createRequestDeadline({ clock, timeoutMs, what, signal, hint })
  try {
    const response = await send(settings, ask, deadline.signal)
    const { status, headers } = response
    const reply = (body: Uint8Array): Reply => ({ status, headers, body })
    if (status >= 200 && status < 300) {
      const problem = pageProblem(settings, headers)
      if (problem === undefined) return reply(await readBody(response, deadline, { maxBytes, what }))
      discard(response)
      throw problem
    }
    return reply(await readError(response, deadline, what))
  } finally {
    deadline.abort()
  }
}

/** Whom a request is sent to, and what goes with it. */
export type Way = Pick<Settings, 'base' | 'name' | 'headers' | 'token' | 'fetch' | 'hint'>

/**
 * Sends a request and returns the open response. The caller reads or discards its body, and aborts
 * the signal in the end.
 */
export async function send(
  settings: Way,
  { method, path, headers, body, what }: Ask,
  signal: AbortSignal,
): Promise<Response> {
  try {
    const own = await abortable(provideHeaders(settings), signal)
    const modes = fetchModes()
    const asked = settings.fetch(`${settings.base}${path}`, {
      ...modes,
      method,
      headers: {
        'accept-encoding': PLAIN,
        ...modes.headers,
        ...headers,
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...own,
      },
      signal,
      ...(body !== undefined && { body }),
    })
    const response = await responseOf(asked, signal)
    if (!isRedirect(response)) return response
    discard(response)
    throw redirected(settings, what)
  } catch (error) {
    if (signal.aborted) throw signal.reason
    if (isNoticeboardError(error)) throw error
    throw unreachable(settings, what, error)
  }
}

/**
 * Waits for a response. One that arrives after the signal aborted is discarded, since it still
 * holds a connection.
 */
export function responseOf(asked: Promise<Response>, signal: AbortSignal): Promise<Response> {
  void asked.then(
    late => signal.aborted && discard(late),
    () => {},
  )
  return abortable(asked, signal)
}

/** Lets a body go that nobody wants to read, so that its connection is free again. */
export function discard(response: Response): void {
  // A body that already failed holds nothing any more.
  response.body?.cancel().catch(() => {})
}

/** A login page or a proxy's own page with status 200 is no answer of a board. */
function pageProblem({ name }: Settings, headers: Headers): NoticeboardError | undefined {
  if (!/^\s*(text\/html|application\/xhtml)/i.test(headers.get('content-type') ?? '')) return undefined
  return new NoticeboardError(
    'unavailable',
    `${name} answered with a web page; check the address, and whether a login page or a proxy stands in between`,
  )
}

/** The body of a refusal, for its words; a longer one, or one that is cut, says nothing. */
async function readError(response: Response, waiting: Waiting, what: string): Promise<Uint8Array> {
  try {
    return await readBody(response, waiting, { maxBytes: MAX_ERROR_BYTES, what })
  } catch {
    // The status alone says enough.
    return new Uint8Array()
  }
}

function unreachable({ name, hint }: Way, what: string, error: unknown): NoticeboardError {
  const cause = isError(error) && isError(error.cause) ? error.cause : undefined
  if (cause !== undefined && /redirect/i.test(cause.message)) return redirected({ name }, what)
  if (cause?.message === 'bad port') {
    return new NoticeboardError(
      'unavailable',
      `${name} could not be reached: fetch refuses this port, which browsers block; choose another`,
    )
  }
  const code =
    cause !== undefined && 'code' in cause && typeof cause.code === 'string' ? ` (${cause.code})` : ''
  return new NoticeboardError('unavailable', `${name} could not be reached for ${what}${code}${hint()}`, {
    cause: error,
  })
}

function redirected({ name }: Pick<Way, 'name'>, what: string): NoticeboardError {
  return new NoticeboardError(
    'unavailable',
    `${name} answered with a redirect for ${what}, which is not followed; use the final address`,
  )
}

/** The caller's own headers, asked for anew: what they hold may have expired. */
async function provideHeaders({ headers, token }: Way): Promise<Record<string, string>> {
  try {
    const own = await provide(headers)
    const bearer = token === undefined ? undefined : await provide(token)
    return {
      ...(bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      // In lower case, so that a header given twice is one header.
      ...Object.fromEntries(Object.entries(own).map(([name, value]) => [name.toLowerCase(), value])),
    }
  } catch (error) {
    throw new NoticeboardError(
      'unauthorized',
      'the function given as token or headers failed; the request was not sent',
      { cause: error },
    )
  }
}

async function provide<T>(provided: Provided<T>): Promise<T> {
  return typeof provided === 'function' ? await (provided as () => T | Promise<T>)() : provided
}
