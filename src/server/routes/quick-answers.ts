import type { Guard } from '../http/guard.js'
import type { Hub } from '../stream/hub.js'
import type { Answer } from '../stream/messages.js'
import { locate } from '../http/mount.js'
import { matchesTag } from '../stream/newest-release.js'
import { parseRoute, type Route } from './routes.js'
import type { SnapshotAnswers } from '../encodings/snapshot-answers.js'

/**
 * The answer to a GET that a polling fleet sends all day: a pointer or a snapshot that is in
 * memory, on a board that everybody may read. Undefined leaves the request to the responder, which
 * would say the same. It takes some microseconds less.
 */
export type QuickAnswers = (address: string, headers: QuickHeaders) => Answer | undefined

/** Those headers of a request that its answer depends on. */
export interface QuickHeaders {
  readonly host?: string | undefined
  readonly 'if-none-match'?: string | undefined
  readonly 'accept-encoding'?: string | string[] | undefined
}

/**
 * How many addresses are known by heart: pointers, and the snapshots of late, since each release
 * brings another address.
 */
const MAX_ADDRESSES = 256

export function quickAnswers({ guard, hub, snapshots, prefix }: QuickAnswersOptions): QuickAnswers {
  const routes = new Map<string, Extract<Route, { readonly type: 'pointer' | 'snapshot' }>>()

  const routeOf = (address: string): ReturnType<typeof routes.get> => {
    const known = routes.get(address)
    if (known !== undefined) return known
    const { path, query } = locate(address, prefix)
    const route = query === '' ? parseRoute(path) : undefined
    if (route?.type !== 'pointer' && route?.type !== 'snapshot') return undefined
    if (routes.size >= MAX_ADDRESSES) routes.clear()
    routes.set(address, route)
    return route
  }

  return (address, headers) => {
    if (!guard.letsEverybodyRead) return undefined
    const route = routeOf(address)
    if (route === undefined || !guard.isKnownHost(headers.host)) return undefined
    const ifNoneMatch = headers['if-none-match']
    if (route.type === 'snapshot') {
      const { namespace, digest } = route
      const accept = headers['accept-encoding']
      return snapshots.peek({ namespace, digest, ifNoneMatch, acceptEncoding: accept?.toString() })
    }
    const newest = hub.fresh(route.namespace)
    if (newest === undefined) return undefined
    return ifNoneMatch !== undefined && matchesTag(ifNoneMatch, newest.etag) ? newest.unchanged : newest.found
  }
}

export interface QuickAnswersOptions {
  readonly guard: Guard
  readonly hub: Hub
  readonly snapshots: SnapshotAnswers
  /** The mount's, without a slash at its end. */
  readonly prefix: string
}
