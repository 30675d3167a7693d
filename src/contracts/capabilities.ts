import type {
  Mirror,
  NoticeTransport,
  ReportTransport,
  Store,
  Transport,
  WatchTransport,
} from './transport.js'

// What a transport can do shows in the methods that it has. Each is asked here and nowhere else, so
// that a wrapper, a server and a strategy agree about one and the same transport.

/**
 * Whether a value is a transport: it has `latest` and `snapshot`.
 *
 * ```ts
 * if (!canRead(given)) throw new NoticeboardError('invalid-option', 'pass a transport')
 * ```
 */
export function canRead(thing: unknown): thing is Transport {
  return hasMethods(thing, 'latest', 'snapshot')
}

/**
 * Whether a transport notifies: it has `watch`. A watch may still turn out to be refused with
 * `no-watch`.
 *
 * ```ts
 * const strategy = canWatch(transport) ? hybrid(transport) : pull(transport)
 * ```
 */
export function canWatch<Given extends Transport>(transport: Given): transport is Given & WatchTransport {
  return canNotify(transport)
}

/**
 * Whether a value notifies, whether or not it can be read as well: it has `watch`.
 *
 * ```ts
 * if (!canNotify(given)) throw new NoticeboardError('invalid-option', 'pass what notifies')
 * ```
 */
export function canNotify(thing: unknown): thing is NoticeTransport {
  return hasMethods(thing, 'watch')
}

/**
 * Whether a transport carries reports: it has `report`.
 *
 * ```ts
 * const reporter = [near, far].find(canReport)
 * ```
 */
export function canReport<Given extends NoticeTransport | Transport>(
  transport: Given,
): transport is Given & ReportTransport {
  return hasMethods(transport, 'report')
}

/**
 * Whether a transport is a store: it has `append` and `put`.
 *
 * ```ts
 * const store = canAppend(transport) ? transport : undefined
 * ```
 */
export function canAppend<Given extends Transport>(transport: Given): transport is Given & Store {
  return hasMethods(transport, 'append', 'put')
}

/**
 * Whether a value keeps copies of what a publisher publishes: it has `put` and `announce`.
 *
 * ```ts
 * if (!mirrors.every(canMirror)) throw new NoticeboardError('invalid-option', 'pass mirrors')
 * ```
 */
export function canMirror(thing: unknown): thing is Mirror {
  return hasMethods(thing, 'put', 'announce')
}

/**
 * Whether a server makes the marks of a transport itself. Over a store it does, since the store's
 * word is the newest there is. Over a transport that only reads, and over a `remote` one, the marks
 * come from the server behind it and are passed on.
 *
 * ```ts
 * mintsMarks(memory()) // true
 * mintsMarks(http('https://config.internal')) // false
 * ```
 */
export function mintsMarks(transport: Transport): boolean {
  return canAppend(transport) && transport.remote !== true
}

/**
 * Whether a value is an object with each of these methods.
 *
 * ```ts
 * if (!hasMethods(overrides, 'apply')) throw new NoticeboardError('invalid-option', 'pass overrides')
 * ```
 */
export function hasMethods(thing: unknown, ...methods: readonly string[]): boolean {
  if (typeof thing !== 'object' || thing === null) return false
  const members = thing as Readonly<Record<string, unknown>>
  return methods.every(method => typeof members[method] === 'function')
}
