import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { RedisCommands } from './commands.js'
import { isMap } from '../../core/built-ins.js'

/**
 * What keeps a Redis from promising that an acknowledged write survives a crash; empty when it can.
 */
export async function brokenPromises(commands: RedisCommands): Promise<readonly string[]> {
  const role = await commands.list(['ROLE'])
  if (role[0] === 'slave' || role[0] === 'replica') {
    throw new NoticeboardError(
      'forbidden',
      'this redis is a replica, which takes no writes; connect to its primary',
    )
  }
  let settings: ReadonlyMap<string, string>
  try {
    settings = new Map([
      ...pairs(await commands.send(['CONFIG', 'GET', 'append*'])),
      ...pairs(await commands.send(['CONFIG', 'GET', 'no-append*'])),
      ...pairs(await commands.send(['CONFIG', 'GET', 'maxmemory*'])),
    ])
  } catch (error) {
    if (!isNoticeboardError(error) || error.code === 'unavailable') throw error
    return ['CONFIG GET is not allowed, so its settings cannot be checked']
  }
  const problems: string[] = []
  const is = (name: string): string => settings.get(name) ?? 'not told'
  if (is('appendonly') !== 'yes') problems.push('appendonly is not `yes`')
  else if (is('appendfsync') !== 'always') problems.push('appendfsync is not `always`')
  // While the file is written anew nothing is synced then, whatever `appendfsync` says.
  else if (is('no-appendfsync-on-rewrite') !== 'no') problems.push('no-appendfsync-on-rewrite is not `no`')
  if (is('maxmemory-policy') !== 'noeviction') problems.push('maxmemory-policy is not `noeviction`')
  return problems
}

/** A map, as one version of the protocol answers it, or a flat list, as the other does. */
function pairs(reply: unknown): [string, string][] {
  if (Array.isArray(reply))
    return reply.flatMap((name, index) => (index % 2 === 0 ? [[String(name), String(reply[index + 1])]] : []))
  if (isMap(reply)) return [...reply].map(([name, value]) => [String(name), String(value)])
  return Object.entries((reply ?? {}) as Record<string, unknown>).map(([name, value]) => [
    name,
    String(value),
  ])
}
