import type { Namespace } from '../contracts/names.js'
import type { Store, WatchTransport } from '../contracts/transport.js'

/** A store that a command works with. */
export type CommandStore = Store & WatchTransport

/**
 * The same store, which says before each call what it is about to do.
 *
 * ```ts
 * const store = observedStore(httpStore(url), what => busy.doing(what))
 * ```
 */
export function observedStore(store: CommandStore, doing: (what: string) => void): CommandStore {
  const appends = new Map<Namespace, number>()
  const { reports, namespaces, schema, putSchema, next } = store
  return {
    ...store,
    latest(query, signal) {
      doing(`reading the newest release of ${query.namespace}`)
      return store.latest(query, signal)
    },
    snapshot(query, signal) {
      doing(`reading a document of ${query.namespace}`)
      return store.snapshot(query, signal)
    },
    put(query, signal) {
      doing(`writing a document of ${query.namespace}`)
      return store.put(query, signal)
    },
    append(query, signal) {
      const { namespace } = query
      const attempt = (appends.get(namespace) ?? 0) + 1
      appends.set(namespace, attempt)
      const again =
        attempt === 1 ? '' : ` (attempt ${attempt}: others were first, or the store did not answer)`
      doing(`appending a release to ${namespace}${again}`)
      return store.append(query, signal)
    },
    history(query, signal) {
      doing(`reading the history of ${query.namespace}`)
      return store.history(query, signal)
    },
    ...(next !== undefined && {
      next(query, signal) {
        doing(`reading the newest release of ${query.namespace}`)
        return next(query, signal)
      },
    }),
    ...(reports !== undefined && {
      reports(query, signal) {
        doing(`reading what the clients of ${query.namespace} report`)
        return reports(query, signal)
      },
    }),
    ...(namespaces !== undefined && {
      namespaces(signal) {
        doing('listing the namespaces')
        return namespaces(signal)
      },
    }),
    ...(schema !== undefined && {
      schema(query, signal) {
        doing(`reading the schema of ${query.namespace}`)
        return schema(query, signal)
      },
    }),
    ...(putSchema !== undefined && {
      putSchema(query, signal) {
        doing(`writing the schema of ${query.namespace}`)
        return putSchema(query, signal)
      },
    }),
  }
}
