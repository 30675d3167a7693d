export type { RedisClient, RedisSubscriber } from './client.js'
export { redis, type RedisOptions, type RedisStore } from './redis.js'
