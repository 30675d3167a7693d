import type { RedisClient, RedisSubscriber } from '../../../src/transports/redis/client.js'
import { scripts } from '../../../src/transports/redis/scripts.js'
import type { Steps } from '../steps.js'

/** The few commands of Redis that the engine sends, over maps. */
export interface FakeRedis {
  /** A connection; with steps, one whose commands and subscriptions are awaits of an operation. */
  client(steps?: Steps): RedisClient
  /** How many subscriptions there are. */
  readonly subscriptions: number
  /**
   * Takes a copy of all that is kept, and returns what puts it back; who subscribed hears nothing
   * of that.
   */
  copy(): () => void
  /** Forgets everything, as FLUSHALL does. */
  flush(): void
}

/** Makes a Redis in this process that loses nothing. */
export function fakeRedis(nowMs: () => number): FakeRedis {
  const values = new Map<string, string>()
  const indexes = new Map<string, Set<string>>()
  const listeners = new Map<string, Set<(message: string) => void>>()
  const indexOf = (key: string): Set<string> => {
    const found = indexes.get(key) ?? new Set()
    indexes.set(key, found)
    return found
  }

  const write = (keys: readonly string[], args: readonly string[]): string => {
    let argument = 0
    let key = 0
    const take = (): string => args[argument++] ?? ''
    const nextKey = (): string => keys[(key += 1)] ?? ''
    const index = indexOf(keys[0] ?? '')
    let holds = true
    for (let left = Number(take()); left > 0; left -= 1) {
      const [place, kind, version] = [nextKey(), take(), take()]
      if (kind === 'unchanged') holds &&= versionOf(values.get(place)) === version
      else holds &&= values.has(place) === (kind === 'present')
    }
    if (!holds) return 'refused'
    for (let left = Number(take()); left > 0; left -= 1) {
      const [place, member, value] = [nextKey(), take(), take()]
      take()
      values.set(place, value)
      index.add(member)
    }
    for (let left = Number(take()); left > 0; left -= 1) {
      values.delete(nextKey())
      index.delete(take())
    }
    const [channel, message] = [take(), take()]
    for (const tell of listeners.get(channel) ?? []) tell(message)
    return 'written'
  }

  const page = ([, index = '', upper = '', lower = '', , , limit]: readonly string[]): readonly string[] =>
    [...indexOf(index)]
      .filter(member => member < upper.slice(1) && member >= lower.slice(1))
      .sort()
      .reverse()
      .slice(0, Number(limit))

  const answer = (args: readonly string[]): unknown => {
    const [command, first = '', second = ''] = args
    switch (command) {
      case 'ROLE':
        return ['master', 0, []]
      case 'CONFIG':
        return ['appendonly', 'yes', 'appendfsync', 'always', 'no-appendfsync-on-rewrite', 'no'].concat([
          'maxmemory-policy',
          'noeviction',
        ])
      case 'TIME':
        return [String(Math.floor(nowMs() / 1_000)), String((nowMs() % 1_000) * 1_000)]
      case 'GET':
        return values.get(first) ?? null
      case 'EXISTS':
        return values.has(first) ? 1 : 0
      case 'ZADD':
        return void indexOf(first).add(args[3] ?? '')
      case 'ZREVRANGEBYLEX':
        return page(args)
      case 'EVAL': {
        const rest = args.slice(3)
        const keys = rest.slice(0, Number(second))
        return first === scripts.write ? write(keys, rest.slice(Number(second))) : 'forgotten'
      }
      default:
        throw new Error(`ERR unknown command ${command}`)
    }
  }

  const subscriber = (): RedisSubscriber => {
    const own: (() => void)[] = []
    return {
      connect: async () => undefined,
      async subscribe(channel, listener) {
        const heard = listeners.get(channel) ?? new Set()
        listeners.set(channel, heard)
        heard.add(listener)
        own.push(() => heard.delete(listener))
      },
      on: () => undefined,
      destroy: () => own.forEach(end => end()),
    }
  }

  const replace = (
    keptValues: ReadonlyMap<string, string>,
    keptIndexes: ReadonlyMap<string, ReadonlySet<string>>,
  ): void => {
    values.clear()
    indexes.clear()
    for (const [key, value] of keptValues) values.set(key, value)
    for (const [key, members] of keptIndexes) indexes.set(key, new Set(members))
  }

  return {
    copy() {
      const keptValues = new Map(values)
      const keptIndexes = new Map(Array.from(indexes, ([key, members]) => [key, new Set(members)] as const))
      return () => replace(keptValues, keptIndexes)
    },
    flush: () => replace(new Map(), new Map()),
    get subscriptions() {
      return [...listeners.values()].reduce((sum, { size }) => sum + size, 0)
    },
    client: steps => ({
      async sendCommand(args) {
        await steps?.pass(`redis ${args[0]}`)
        const replied = answer(args)
        await steps?.pass(`redis ${args[0]}, answered`)
        return replied
      },
      duplicate: () => steps?.around('redis', subscriber(), ['connect', 'subscribe']) ?? subscriber(),
    }),
  }
}

/** What stands before the first line break of a value; undefined where there is no value. */
function versionOf(value: string | undefined): string | undefined {
  return value === undefined ? undefined : (/^v([0-9a-z.]+)\n/.exec(value)?.[1] ?? '')
}
