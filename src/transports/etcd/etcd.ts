import { NoticeboardError } from '../../contracts/errors.js'
import type { CompleteStore } from '../../contracts/transport.js'
import { checkOptions } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import { storeFrom, storeOptions, type StoreOptions } from '../store/store-from.js'
import type { EtcdClient } from './client.js'
import { etcdEngine } from './engine.js'

/**
 * How a store in etcd is kept. The default of `maxSnapshotBytes`, 1 MiB, fits into etcd's own limit
 * of 1.5 MiB.
 */
export interface EtcdOptions extends StoreOptions {
  /** What all keys begin with. Default `noticeboard/`. */
  readonly prefix?: string
  /**
   * What an acknowledged write survives. `replicated` for a cluster of three or more; default
   * `single`, which is true of any.
   */
  readonly durability?: 'replicated' | 'single'
}

/** A store in etcd, with its notifications and the reports of its clients. */
export type EtcdStore = CompleteStore

/**
 * etcd 3.4 or later as the store. Appends are transactions, watches go on from a revision, so
 * neither a release is lost nor one written twice, however many publishers and servers share it.
 * The client is the caller's, who closes it if it needs closing. Nothing is read or written before
 * the first call. Throws `invalid-option`.
 *
 * ```ts
 * const store = etcd(etcdGateway({ url: 'http://127.0.0.1:2379' }))
 * ```
 */
export function etcd(client: EtcdClient, options: EtcdOptions = {}): EtcdStore {
  checkOptions('etcd()', options, { ...storeOptions, prefix: true, durability: true })
  const { prefix = 'noticeboard/', durability = 'single', ...rest } = options
  if (typeof client?.transact !== 'function')
    throw new NoticeboardError(
      'invalid-option',
      'etcd() needs a client: etcd(etcdGateway({ url: "http://127.0.0.1:2379" }))',
    )
  const { clock } = readSystem('etcd()', options.system)
  return storeFrom(etcdEngine(client, { prefix, durability, clock }), rest)
}
