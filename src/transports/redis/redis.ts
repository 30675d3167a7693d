import { NoticeboardError } from '../../contracts/errors.js'
import type { CompleteStore } from '../../contracts/transport.js'
import { checkOptions } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import { storeFrom, storeOptions, type StoreOptions } from '../store/store-from.js'
import type { RedisClient } from './client.js'
import { redisEngine } from './engine.js'

/** How a store in Redis is kept. */
export interface RedisOptions extends StoreOptions {
  /** What all keys begin with. Default `noticeboard:`. */
  readonly prefix?: string
  /**
   * The least that an acknowledged write has to survive. With `single` a Redis that can lose what it
   * acknowledged is refused; with `may-lose` it is taken, the store says so as its own `durability`,
   * and publishers warn. Default `single`.
   */
  readonly durability?: 'single' | 'may-lose'
}

/** A store in Redis, with its notifications and the reports of its clients. */
export interface RedisStore extends CompleteStore {
  /**
   * With the option `durability: 'may-lose'` it is `may-lose` until the first call has seen that
   * this Redis loses nothing.
   */
  readonly durability: 'single' | 'may-lose'
}

/**
 * Redis 6 or later as the store. The client is the caller's, connected, with a listener for its
 * errors, and closed by the caller; for notifications a second connection is made of it while there
 * is a watch, and closed here.
 *
 * What was acknowledged survives a crash only with `appendonly yes`, `appendfsync always`,
 * `no-appendfsync-on-rewrite no` and `maxmemory-policy noeviction`. This is looked at once, before
 * the first call, and a Redis of other settings is refused by that call with `unsupported`, unless
 * the option `durability` is `may-lose`. A fail-over to a replica can lose acknowledged writes with
 * any settings. Nothing is read or written before the first call. Throws `invalid-option`.
 *
 * ```ts
 * import { createClient } from 'redis'
 * import { redis } from 'noticeboard/transports/redis'
 *
 * const client = createClient({ url: 'redis://127.0.0.1' }).on('error', logger.warn)
 * await client.connect()
 * const store = redis(client)
 * ```
 */
export function redis(client: RedisClient, options: RedisOptions = {}): RedisStore {
  checkOptions('redis()', options, { ...storeOptions, prefix: true, durability: true })
  const { prefix = 'noticeboard:', durability = 'single', ...rest } = options
  if (typeof client?.sendCommand !== 'function')
    throw new NoticeboardError(
      'invalid-option',
      'redis() needs a connected client, such as createClient() of the package redis',
    )
  const { random } = readSystem('redis()', options.system)
  return storeFrom(redisEngine(client, { prefix, durability, random }), rest) as RedisStore
}
