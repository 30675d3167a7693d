import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { RedisClient } from './client.js'
import { isError } from '../../core/built-ins.js'

/** Sends commands, and tells loss from refusal. */
export interface RedisCommands {
  send(args: readonly string[]): Promise<unknown>
  /** Runs a script. */
  run(script: string, keys: readonly string[], args: readonly string[]): Promise<unknown>
  /** A value; undefined when there is none. */
  get(key: string): Promise<string | undefined>
  list(args: readonly string[]): Promise<readonly string[]>
}

export function redisCommands(client: RedisClient): RedisCommands {
  const send = async (args: readonly string[]): Promise<unknown> => {
    // Without a connection drivers put commands into a queue: a write that was given up long ago
    // would be made then.
    if (client.isReady === false)
      throw new NoticeboardError(
        'unavailable',
        'the redis client is not connected; await its connect(), or wait until it has reconnected',
      )
    try {
      return await client.sendCommand(args)
    } catch (error) {
      throw errorOf(error)
    }
  }
  return {
    send,
    run: (script, keys, args) => send(['EVAL', script, String(keys.length), ...keys, ...args]),
    async get(key) {
      const value = await send(['GET', key])
      return typeof value === 'string' ? value : undefined
    },
    async list(args) {
      const value = await send(args)
      return [...((value ?? []) as Iterable<unknown>)].filter(item => typeof item === 'string')
    },
  }
}
/**
 * The first word of a refusal by Redis, and what it means here. Other words are loss: trying again
 * later is right.
 */
const REFUSALS: Readonly<Record<string, 'unauthorized' | 'forbidden' | 'store-damaged'>> = {
  NOAUTH: 'unauthorized',
  NOPERM: 'forbidden',
  WRONGPASS: 'unauthorized',
  OOM: 'forbidden',
  MISCONF: 'forbidden',
  ERR: 'forbidden',
  WRONGTYPE: 'store-damaged',
}

/** An error of a driver in our words. Scripts quote Redis's own word somewhere inside. */
function errorOf(error: unknown): NoticeboardError {
  if (isNoticeboardError(error)) return error
  const message = isError(error) ? error.message : ''
  const word =
    /\b(NOAUTH|NOPERM|WRONGPASS|OOM|MISCONF|WRONGTYPE|LOADING|READONLY|CLUSTERDOWN|MASTERDOWN|TRYAGAIN)\b/.exec(
      message,
    )?.[1] ??
    /^[A-Z]+/.exec(message)?.[0] ??
    ''
  const code = REFUSALS[word]
  if (code === undefined)
    return new NoticeboardError(
      'unavailable',
      `redis could not be reached, or the connection was lost${word === '' ? '' : ` (${word})`}`,
      { cause: error },
    )
  return new NoticeboardError(code, `redis refuses the command: ${word}`, { cause: error })
}
