import type { Grant, Scope } from '../../contracts/access.js'
import type { Namespace } from '../../contracts/names.js'
import { hasScope, isGranted } from '../../core/access/scopes.js'
import { oneLine } from '../../core/json/text.js'
import type { Caller } from '../access/caller.js'
import { errorAnswer, notFound } from './answers.js'
import type { Answer, Incoming } from '../stream/messages.js'
import { isWriting, type Access } from '../routes/routes.js'

/** Who may do what, decided before anything is read or looked up. */
export interface Guard {
  /** What to answer to a request that does not pass; undefined lets it through. */
  check(request: Incoming, asked: Asked): Answer | undefined
  /** Whether a caller may read a namespace; what streams carry follows from it. */
  mayRead(caller: Caller, namespace: Namespace): boolean
  /** Whether every request that reads passes if its host name does, and gets no further headers. */
  readonly letsEverybodyRead: boolean
  /** Whether reading wants a token, so that nobody in between may keep what was read for others. */
  readonly isPrivate: boolean
  isKnownHost(host: string | undefined): boolean
  /** The headers that let a page of an allowed origin read an answer. */
  corsHeaders(request: Incoming): Readonly<Record<string, string>> | undefined
  /** The answer to a browser's question whether it may ask. */
  preflight(request: Incoming): Answer
}

/** What is asked of a guard. */
export interface Asked {
  readonly access: Access
  /** Undefined for what is of no namespace alone. */
  readonly namespace: Namespace | undefined
  readonly caller: Caller
}

export interface GuardOptions {
  /** Whether there are tokens at all; without them what wants one does not exist. */
  readonly hasKeys: boolean
  /** Whether anything can be written; else the writing routes do not exist. */
  readonly canWrite: boolean
  /** What wants a token with that scope, beside what always does. */
  readonly wants: ReadonlySet<'read' | 'report'>
  /**
   * Names under which the server may be addressed beside bare addresses and `localhost`, which no
   * foreign name can be made to look like; undefined lets every name pass.
   */
  readonly hosts: readonly string[] | undefined
  /** Other pages' origins that may read and, with the token, write. */
  readonly origins: readonly string[]
}

export function createGuard({ hasKeys, canWrite, wants, hosts, origins }: GuardOptions): Guard {
  const known = hosts === undefined ? undefined : new Set(hosts.map(host => host.toLowerCase()))
  const friends = new Set(origins)

  let lastKnown: string | undefined

  const isKnownHost = (given: string | undefined): boolean => {
    if (known === undefined) return true
    if (given === undefined) return false
    // Nearly every request says what the one before said.
    if (given === lastKnown) return true
    const host = given.toLowerCase()
    const name = hostName(host)
    if (!known.has(host) && !known.has(name) && name !== 'localhost' && !ADDRESS.test(name)) return false
    lastKnown = given
    return true
  }

  /** A page's own server is no foreigner to it. */
  const isForeign = (request: Incoming, origin: string): boolean => {
    if (friends.has(origin)) return false
    const host = request.header('host')?.toLowerCase()
    return host === undefined || (origin !== `http://${host}` && origin !== `https://${host}`)
  }

  /** The scopes of which a caller has to have one; none where everybody may. */
  const scopesFor = (access: Access): readonly Scope[] => {
    switch (access) {
      case 'probe':
        return []
      case 'read':
      case 'events':
        return wants.has('read') ? ['read'] : []
      case 'report':
        if (wants.has('report')) return ['report']
        // Whoever may read may report.
        return wants.has('read') ? ['read', 'report'] : []
      case 'inspect':
      case 'list':
        return ['inspect']
      case 'put':
        return ['publish-staged']
      case 'append':
        return ['publish-staged', 'revert']
      case 'admin':
        return ['admin']
    }
  }

  const authorize = ({ access, namespace, caller }: Asked): Answer | undefined => {
    const scopes = scopesFor(access)
    if (scopes.length === 0) return undefined
    if (!hasKeys || (isWriting(access) && !canWrite)) return notFound()
    if (caller.type === 'anybody')
      return errorAnswer('unauthorized', 'this needs a token: send it as "Authorization: Bearer <token>"')
    if (caller.type === 'unclear')
      return errorAnswer('unavailable', 'the server cannot read its tokens; its log says why')
    if (caller.type === 'unknown')
      return errorAnswer(
        'unauthorized',
        'the token is not one of this server, has expired, or was revoked; ask for a new one',
      )
    const { grant } = caller
    const has = (scope: Scope): boolean =>
      namespace === undefined ? hasScope(grant, scope) : isGranted(grant, { scope, namespace })
    return scopes.some(has) ? undefined : lacking(grant, scopes)
  }

  return {
    letsEverybodyRead: !wants.has('read') && friends.size === 0,
    isPrivate: wants.has('read'),
    isKnownHost,
    mayRead(caller, namespace) {
      if (!wants.has('read')) return true
      return caller.type === 'bearer' && isGranted(caller.grant, { scope: 'read', namespace })
    },
    check(request, asked) {
      if (asked.access !== 'probe' && !isKnownHost(request.header('host'))) {
        return errorAnswer(
          'forbidden',
          `the host ${JSON.stringify(oneLine(request.header('host') ?? '', 100))} of the request is not allowed; if it is a name of this server, add it: noticeboard serve --allow-host NAME, or the option hosts`,
          { status: 421 },
        )
      }
      if (request.method === 'POST' || request.method === 'PUT') {
        const origin = request.header('origin')
        if (origin !== undefined && isForeign(request, origin)) {
          return errorAnswer(
            'forbidden',
            'cross-origin write refused; if the page in Origin is one of yours, allow it: noticeboard serve --origin ORIGIN, or the option origins',
          )
        }
        const refused = authorize(asked)
        return refused ?? checkContent(request)
      }
      return authorize(asked)
    },
    corsHeaders(request) {
      if (friends.size === 0) return undefined
      const origin = request.header('origin')
      if (origin === undefined || !friends.has(origin)) return { Vary: 'Origin' }
      return {
        'Access-Control-Allow-Origin': origin,
        'Access-Control-Expose-Headers': 'ETag, Retry-After',
        Vary: 'Origin',
      }
    },
    preflight(request) {
      const origin = request.header('origin')
      if (!isKnownHost(request.header('host')) || origin === undefined || !friends.has(origin))
        return notFound()
      return {
        type: 'whole',
        status: 204,
        headers: {
          'Access-Control-Allow-Methods': 'GET, POST, PUT',
          'Access-Control-Allow-Headers': allowedHeaders(request),
          'Access-Control-Max-Age': '600',
        },
      }
    },
  }
}

const ADDRESS = /^(?:\d{1,3}(?:\.\d{1,3}){3}|\[[0-9a-f:.]+\])$/

/**
 * Only JSON as it is: what a form of another page could send, and what would have to be unpacked,
 * is refused.
 */
function checkContent(request: Incoming): Answer | undefined {
  const encoding = request.header('content-encoding')?.trim().toLowerCase()
  if (encoding !== undefined && encoding !== '' && encoding !== 'identity') {
    return errorAnswer('invalid-data', 'send the body as it is, without Content-Encoding', { status: 415 })
  }
  if (!/^application\/json(\s*;.*)?$/i.test(request.header('content-type')?.trim() ?? '')) {
    return errorAnswer('invalid-data', 'send the body with "Content-Type: application/json"', { status: 415 })
  }
  return undefined
}

/**
 * What the transport sends, and whatever else a friend's page wants to send: its headers are for a
 * proxy in between.
 */
function allowedHeaders(request: Incoming): string {
  const own = 'authorization, content-type, if-none-match'
  const wanted = request.header('access-control-request-headers') ?? ''
  return /^[a-z0-9-]+( *, *[a-z0-9-]+)*$/i.test(wanted) ? `${own}, ${wanted}` : own
}

/** `[::1]:8420` and `localhost:8420` without their ports. */
function hostName(host: string): string {
  const bracket = host.lastIndexOf(']')
  const colon = host.indexOf(':', Math.max(bracket, 0))
  return colon < 0 ? host : host.slice(0, colon)
}

/** Says the same whether there is such a namespace or not. */
function lacking({ name }: Grant, scopes: readonly Scope[]): Answer {
  const wanted = [...scopes, ...(scopes.includes('admin') ? [] : ['admin'])].join(' or ')
  return errorAnswer(
    'forbidden',
    `${name} may not do this here: it needs the scope ${wanted} for this namespace`,
  )
}
