import { BlockList, isIP } from 'node:net'
import { bareHost, directEntries, namesHost } from '../../core/proxy-variable.js'
import { usageError } from '../exit.js'
import type { Io } from '../io.js'

/** The proxy for one address, and the variable that names it. */
export interface Proxy {
  readonly url: URL
  /** The name of the variable; its value may hold a password and is told to nobody. */
  readonly variable: string
}

/**
 * Finds the proxy for an address; undefined where it is asked directly. Throws a usage error for a
 * variable that names none.
 */
export type FindProxy = (target: URL) => Proxy | undefined

/**
 * Reads `HTTP_PROXY`, `HTTPS_PROXY`, for both `ALL_PROXY`, and `NO_PROXY`, in small letters too,
 * which hold first. This machine itself is never asked through a proxy: its own addresses mean
 * another machine there.
 *
 * ```ts
 * const proxy = readProxies(process.env)(new URL('https://config.internal'))
 * ```
 */
export function readProxies(env: Io['env']): FindProxy {
  const excluded = directEntries(name => env[name]).map(readEntry)
  return target => {
    const own = target.protocol === 'https:' ? 'HTTPS_PROXY' : 'HTTP_PROXY'
    const found = valueOf(env, own) ?? valueOf(env, 'ALL_PROXY')
    if (found === undefined || isThisMachine(target)) return undefined
    return excluded.some(covers => covers(target)) ? undefined : parseProxy(found)
  }
}

interface Variable {
  readonly variable: string
  readonly value: string
}

function valueOf(env: Io['env'], name: string): Variable | undefined {
  for (const variable of [name.toLowerCase(), name]) {
    const value = env[variable]?.trim()
    if (value !== undefined && value !== '') return { variable, value }
  }
  return undefined
}

function parseProxy({ variable, value }: Variable): Proxy {
  const text = value.includes('://') ? value : `http://${value}`
  const url = URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || url.hostname === '' || !/^https?:$/.test(url.protocol))
    throw usageError(`${variable} names no HTTP proxy; write it like http://proxy.internal:3128, or unset it`)
  return { url, variable }
}

function isThisMachine(target: URL): boolean {
  const name = bareHost(target)
  if (isIP(name) === 4) return name.startsWith('127.')
  return name === 'localhost' || name.endsWith('.localhost') || name === '::1'
}

/** One entry of `NO_PROXY`: a range of addresses, or what {@link namesHost} reads. */
function readEntry(entry: string): (target: URL) => boolean {
  const range = /^\[?([\da-f:.]+)\]?\/(\d{1,3})$/i.exec(entry)
  if (range !== null) return inRange(range[1] ?? '', Number(range[2]))
  return target => namesHost(entry, target)
}

function inRange(address: string, bits: number): (target: URL) => boolean {
  const family = isIP(address)
  if (family === 0 || bits > (family === 4 ? 32 : 128)) return () => false
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  const list = new BlockList()
  list.addSubnet(address, bits, kind)
  return target => isIP(bareHost(target)) === family && list.check(bareHost(target), kind)
}
