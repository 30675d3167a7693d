import { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Random } from '../../contracts/system.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import { toHex } from '../../core/release/digest.js'
import type { Batch, Entry, Key, KeyPage, StoreEngine, Version } from '../store/engine.js'
import { changedBy, keys as names, namespaceOf, prefixEnd } from '../store/keys.js'
import { engineNews } from '../store/news.js'
import type { RedisClient } from './client.js'
import { redisCommands } from './commands.js'
import { brokenPromises } from './durability.js'
import { scripts } from './scripts.js'

export interface RedisEngineOptions {
  readonly prefix: string
  readonly durability: 'single' | 'may-lose'
  /** Names this process in versions. */
  readonly random: Random
}

/**
 * Redis as an engine. All keys of a namespace hold it in braces, so that a cluster keeps them in
 * one place, where a script may touch them together. Keys are listed from indexes: sorted sets of
 * one score, one for each namespace, and one for the newest releases of all. A value is kept behind
 * its version, `v…` and a line break: a name of the batch that wrote it, which is another one also
 * after a fail-over to a replica that lagged, where a counter would be behind.
 */
export function redisEngine(
  client: RedisClient,
  { prefix, durability, random }: RedisEngineOptions,
): StoreEngine {
  let process: string | undefined
  let batches = 0
  const nextVersion = (): Version => {
    process ??= toHex(random.bytes(12))
    batches += 1
    return `${process}.${batches.toString(36)}`
  }
  const commands = redisCommands(client)
  const channel = `${prefix}news`
  const headsIndex = `${prefix}heads`
  const indexOf = (namespace: Namespace): string => `${prefix}{${namespace}}:index`
  const valueOf = (key: Key): string => `${prefix}{${namespaceOf(key)}}:${key}`

  const write = async (batch: Batch): Promise<'written' | 'refused'> => {
    const { if: conditions, put, remove } = batch
    const [first] = [...conditions, ...put, ...remove.map(key => ({ key }))]
    if (first === undefined) return 'written'
    const changed = changedBy(batch)
    // The index of all newest releases is elsewhere in a cluster, so it is written before; a member
    // without a value is left out of lists.
    if (changed !== undefined) await commands.send(['ZADD', headsIndex, '0', names.head(changed)])
    const version = nextVersion()
    const touched = [...conditions.map(({ key }) => key), ...put.map(({ key }) => key), ...remove]
    const args = [
      String(conditions.length),
      ...conditions.flatMap(one => [one.type, one.type === 'unchanged' ? one.version : '']),
      String(put.length),
      ...put.flatMap(({ key, value, expiresInMs }) => [
        key,
        `v${version}\n${decodeText(value, 'the value')}`,
        expiresInMs === undefined ? '' : String(Math.ceil(expiresInMs)),
      ]),
      String(remove.length),
      ...remove,
      ...(changed === undefined ? [] : [channel, changed]),
    ]
    const outcome = await commands.run(
      scripts.write,
      [indexOf(namespaceOf(first.key)), ...touched.map(valueOf)],
      args,
    )
    if (outcome === 'written' || outcome === 'refused') return outcome
    throw new NoticeboardError(
      'unavailable',
      'the answer is not one of redis; check the client and its address',
    )
  }

  /** Values expire and their members stay, so these are taken out as they are met. */
  const list = async ({ prefix: from, before, limit }: KeyPage): Promise<readonly Key[]> => {
    const global = from.startsWith(names.heads)
    const index = global ? headsIndex : indexOf(namespaceOf(from))
    const found: Key[] = []
    for (let upper = `(${before ?? prefixEnd(from)}`; found.length < limit;) {
      const page = await commands.list([
        'ZREVRANGEBYLEX',
        index,
        upper,
        `[${from}`,
        'LIMIT',
        '0',
        String(limit),
      ])
      const last = page.at(-1)
      if (last === undefined) break
      const held = await Promise.all(page.map(key => commands.send(['EXISTS', valueOf(key)])))
      found.push(...page.filter((_, at) => held[at] === 1))
      const expired = page.filter((_, at) => held[at] !== 1)
      // A reader may not; a writer will.
      if (expired.length > 0 && !global)
        await commands.run(scripts.forget, [index, ...expired.map(valueOf)], expired).catch(() => {})
      upper = `(${last}`
    }
    return found.slice(0, limit)
  }

  return {
    name: 'redis',
    durability,
    atomic: 'batch',
    write,
    list,

    async open() {
      const problems = await brokenPromises(commands)
      if (problems.length === 0) return { durability: 'single' }
      if (durability === 'may-lose') return { durability }
      throw new NoticeboardError(
        'unsupported',
        `this redis can lose releases that it acknowledged: ${problems.join(', ')}. Set appendonly yes, appendfsync always, no-appendfsync-on-rewrite no and maxmemory-policy noeviction, or allow it with durability: 'may-lose'`,
      )
    },

    read: keys =>
      Promise.all(
        keys.map(async key => {
          const text = await commands.get(valueOf(key))
          return text === undefined ? undefined : entryOf(text)
        }),
      ),

    // Drivers connect anew by themselves, but what was published meanwhile is gone: so a lost
    // connection is lost for good here.
    listen: signal =>
      engineNews(async ({ listening, changed, lost }) => {
        const subscriber = client.duplicate()
        const end = (): void => {
          try {
            subscriber.destroy()
          } catch {
            // It was closed already, which is what is wanted.
          }
        }
        const lose = (cause?: unknown): void => {
          lost(cause)
          end()
        }
        for (const event of ['error', 'end', 'reconnecting'] as const) subscriber.on(event, lose)
        try {
          await subscriber.connect()
          await subscriber.subscribe(channel, changed)
        } catch (error) {
          // It may be connected, and subscribed too: the next attempt makes one of its own.
          end()
          throw error
        }
        listening()
        return end
      }, signal),

    async now() {
      const [seconds = '', micros = ''] = await commands.list(['TIME'])
      return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000)
    },
  }
}

/** A value that was not written here has no version before it, and then it is the empty one. */
function entryOf(text: string): Entry {
  const [start = '', version = ''] = VERSIONED.exec(text) ?? []
  return { value: encodeText(text.slice(start.length)), version }
}

const VERSIONED = /^v([0-9a-z.]{1,40})\n/
