import type { Hasher } from '../../contracts/system.js'
import { encodeText, oneLine } from '../../core/json/text.js'
import { errorAnswer, notFound } from './answers.js'
import type { Answer, Incoming } from '../stream/messages.js'
import type { Access } from '../routes/routes.js'

/** Who may do what, decided before anything is read or looked up. */
export interface Guard {
  /** What to answer to a request that does not pass; undefined lets it through. */
  check(request: Incoming, access: Access): Answer | undefined
  /** Whether a request that reads comes from somebody who may write as well. */
  mayWrite(request: Incoming): boolean
  /** Whether a request brings one of the tokens of this server. */
  isBearer(request: Incoming): boolean
  /** Whether every request that reads passes if its host name does, and gets no further headers. */
  readonly letsEverybodyRead: boolean
  isKnownHost(host: string | undefined): boolean
  /** The headers that let a page of an allowed origin read an answer. */
  corsHeaders(request: Incoming): Readonly<Record<string, string>> | undefined
  /** The answer to a browser's question whether it may ask. */
  preflight(request: Incoming): Answer
}

export interface GuardOptions {
  /** Without it nothing can be written, and the writing routes do not exist. */
  readonly writeToken: string | undefined
  /** Without it everybody may read. */
  readonly readToken: string | undefined
  /** Names under which the server may be addressed; undefined lets every name pass. */
  readonly hosts: readonly string[] | undefined
  /** Whether bare addresses pass as well: no foreign name can be made to lead to one. */
  readonly anyAddress: boolean
  /** Other pages' origins that may read and, with the token, write. */
  readonly origins: readonly string[]
  readonly hasher: Hasher
}

export function createGuard({
  writeToken,
  readToken,
  hosts,
  anyAddress,
  origins,
  hasher,
}: GuardOptions): Guard {
  const writeHash = writeToken === undefined ? undefined : hasher.sha256(encodeText(writeToken))
  const readHash = readToken === undefined ? undefined : hasher.sha256(encodeText(readToken))
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
    if (!known.has(host) && !known.has(name) && !(anyAddress && ADDRESS.test(name))) return false
    lastKnown = given
    return true
  }

  /** A page's own server is no foreigner to it. */
  const isForeign = (request: Incoming, origin: string): boolean => {
    if (friends.has(origin)) return false
    const host = request.header('host')?.toLowerCase()
    return host === undefined || (origin !== `http://${host}` && origin !== `https://${host}`)
  }

  const hashOf = (request: Incoming): Uint8Array | undefined => {
    const bearer = /^Bearer +(\S+) *$/i.exec(request.header('authorization') ?? '')?.[1]
    return bearer === undefined ? undefined : hasher.sha256(encodeText(bearer))
  }

  const isWriter = (hash: Uint8Array): boolean => writeHash !== undefined && isSame(hash, writeHash)

  const authorize = (request: Incoming, access: Access): Answer | undefined => {
    if (access === 'write' && writeHash === undefined) return notFound()
    if (access === 'read' && readHash === undefined) return undefined
    const hash = hashOf(request)
    if (hash === undefined)
      return errorAnswer('unauthorized', 'this needs a token: send it as "Authorization: Bearer <token>"')
    const mayWrite = isWriter(hash)
    const mayRead = readHash !== undefined && isSame(hash, readHash)
    if (mayWrite || (access === 'read' && mayRead)) return undefined
    if (mayRead) return errorAnswer('forbidden', 'this token is for reading; this needs the one for writing')
    return errorAnswer('unauthorized', 'the token is not one of this server')
  }

  return {
    letsEverybodyRead: readHash === undefined && friends.size === 0,
    isKnownHost,
    mayWrite(request) {
      const hash = writeHash === undefined ? undefined : hashOf(request)
      return hash !== undefined && isWriter(hash)
    },
    isBearer(request) {
      const hash = hashOf(request)
      if (hash === undefined) return false
      return [writeHash, readHash].some(own => own !== undefined && isSame(hash, own))
    },
    check(request, access) {
      if (!isKnownHost(request.header('host'))) {
        return errorAnswer(
          'forbidden',
          `the server does not go by the name ${JSON.stringify(oneLine(request.header('host') ?? '', 100))}, which came in Host; if it is one of its own, allow it: noticeboard serve --allow-host NAME, or the option hosts`,
          { status: 421 },
        )
      }
      if (request.method === 'POST' || request.method === 'PUT') {
        const origin = request.header('origin')
        if (origin !== undefined && isForeign(request, origin)) {
          return errorAnswer(
            'forbidden',
            'a page of another origin may not write here; name its origin in the list of origins',
          )
        }
        const refused = authorize(request, access)
        return refused ?? checkContent(request)
      }
      return authorize(request, access)
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

/** Only JSON as it is: what a form of another page could send, and what would have to be unpacked, is refused. */
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

/** What the transport sends, and whatever else a friend's page wants to send: its headers are for a proxy in between. */
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

/** Compares all bytes whatever they are, so that the time says nothing about where two hashes part. */
function isSame(a: Uint8Array, b: Uint8Array): boolean {
  let difference = a.length ^ b.length
  for (let index = 0; index < a.length; index += 1) difference |= (a[index] ?? 0) ^ (b[index] ?? 0)
  return difference === 0
}
