/**
 * What authors of transports, stores, strategies and rollout policies need. Programs need
 * `noticeboard` alone.
 *
 * @packageDocumentation
 */
export type { CompleteStore } from './contracts/index.js'
export type {
  Batch,
  Condition,
  EngineNews,
  Entry,
  Key,
  KeyPage,
  Put,
  StoreEngine,
  Version,
} from './transports/store/engine.js'
export { changedBy, headNamespace, namespaceOf, prefixEnd } from './transports/store/keys.js'
export { engineNews, type NewsSink } from './transports/store/news.js'
export { storeFrom, type StoreOptions } from './transports/store/store-from.js'
