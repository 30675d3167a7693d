import { NoticeboardError } from '../../contracts/errors.js'
import type { Store } from '../../contracts/transport.js'
import { transportOver, type HttpTransport } from './http.js'
import { readHistory, readNamespaces, readReports } from './log.js'
import type { HttpOptions } from './options.js'
import { readSchema } from './reading.js'
import { readSettings } from './settings.js'
import { appendRelease, putSchema, putSnapshot } from './writing.js'

/** All that a board speaks over HTTP. Writing, the history and the reports want a token. */
export interface HttpStore extends HttpTransport, Store {
  delta: HttpTransport['delta']
  next: HttpTransport['next']
  readonly remote: true
  reports: NonNullable<Store['reports']>
  namespaces: NonNullable<Store['namespaces']>
  schema: NonNullable<Store['schema']>
  putSchema: NonNullable<Store['putSchema']>
}

/**
 * A board behind an address, for publishers and tools: what `http()` does, and the store of a
 * server of ours beside it. It is a function of its own so that the programs of clients do not
 * carry what they never call. Throws `invalid-option` when an option makes no sense; without a
 * token, what writes throws `unauthorized`.
 *
 * ```ts
 * const publisher = createPublisher({ namespace, schema, store: httpStore('https://config.internal', { token }) })
 * ```
 */
export function httpStore(url: string, options: HttpOptions = {}): HttpStore {
  const settings = readSettings('httpStore()', url, options)
  const { name, token, maxSnapshotBytes } = settings
  const withToken = (): void => {
    if (token !== undefined) return
    throw new NoticeboardError(
      'unauthorized',
      `writing over ${name} needs a token: httpStore(url, { token }), from the file that the server names at its start`,
    )
  }

  return {
    ...transportOver(settings),
    durability: 'single',
    maxSnapshotBytes,
    async put(query, signal) {
      withToken()
      await putSnapshot(settings, query, maxSnapshotBytes, signal)
    },
    async append(query, signal) {
      withToken()
      return appendRelease(settings, query, signal)
    },
    history: (query, signal) => readHistory(settings, query, signal),
    reports: (query, signal) => readReports(settings, query, signal),
    namespaces: signal => readNamespaces(settings, signal),
    schema: (query, signal) => readSchema(settings, query, signal),
    async putSchema(query, signal) {
      withToken()
      await putSchema(settings, query, signal)
    },
  }
}
