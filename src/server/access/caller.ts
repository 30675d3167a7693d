import type { Grant } from '../../contracts/access.js'
import type { Incoming } from '../stream/messages.js'
import type { Keyring } from './keyring.js'

/** Who asks. */
export type Caller =
  /** Nobody in particular: the request brings nothing that says who. */
  | { readonly type: 'anybody' }
  /** Whoever brings a token, or an identity, that is not known here. */
  | { readonly type: 'unknown' }
  /** Whoever brings a token while the server cannot read which there are. */
  | { readonly type: 'unclear' }
  | {
      readonly type: 'bearer'
      readonly grant: Grant
      /** What a proxy calls it, where its word is what grants this. */
      readonly identity?: string
    }

/** What a proxy says of who asks, in a header that it sets itself after it has checked that. */
export interface ProxyIdentity {
  /**
   * The header, such as `x-client-identity`. It counts on requests of a proxy among
   * `trustedProxies` alone.
   */
  readonly header: string
  /**
   * What somebody may do whom the proxy names so; undefined for nothing. Asked for each request, so
   * that it may change.
   */
  grant(this: void, identity: string): Grant | undefined
}

/** Finds who asks. */
export interface Callers {
  of(request: Incoming): Caller
  /**
   * Whether the caller of an earlier request, such as a stream's, is still who it was. It goes by
   * the caller alone: a stream that kept its request would take much more.
   */
  holds(caller: Caller): boolean
}

/**
 * Finds callers by their token, or else by what a proxy says. A token that is not known is
 * nobody's, whatever the proxy says: whoever sends one means it.
 */
export function createCallers({
  keyring,
  identity,
  isProxy,
}: {
  readonly keyring: Keyring
  readonly identity: ProxyIdentity | undefined
  /** Whether the address of who connected is that of a proxy that is believed. */
  readonly isProxy: (peer: string | undefined) => boolean
}): Callers {
  const header = identity?.header.toLowerCase()

  const byProxy = (request: Incoming): Caller => {
    if (identity === undefined || header === undefined || !isProxy(request.peer)) return { type: 'anybody' }
    const said = request.header(header)
    if (said === undefined || said === '') return { type: 'anybody' }
    const grant = identity.grant(said)
    return grant === undefined ? { type: 'unknown' } : { type: 'bearer', grant, identity: said }
  }

  const of = (request: Incoming): Caller => {
    const authorization = request.header('authorization')
    if (authorization === undefined) return byProxy(request)
    const token = /^Bearer +(\S+) *$/i.exec(authorization)?.[1]
    if (token === undefined) return byProxy(request)
    const grant = keyring.find(token)
    if (grant !== undefined) return { type: 'bearer', grant }
    return keyring.isBlind ? { type: 'unclear' } : { type: 'unknown' }
  }

  return {
    of,
    holds(caller) {
      if (caller.type !== 'bearer') return true
      const { grant, identity: said } = caller
      if (said === undefined) return keyring.holds(grant)
      return identity?.grant(said)?.name === grant.name
    },
  }
}
