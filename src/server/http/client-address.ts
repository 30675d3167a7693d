import { BlockList, isIP } from 'node:net'
import { NoticeboardError } from '../../contracts/errors.js'

/** Finds whose request it is: the address of who connected, or what proxies in between say. */
export type ClientAddress = (peer: string | undefined, forwardedFor: string | undefined) => string

/** Where a request has no address, as one that was made in this process. */
const NOWHERE = 'unknown'

/**
 * Makes a finder of addresses that believes `X-Forwarded-For` of the proxies that are named, as
 * addresses or as networks such as `10.0.0.0/8`. It reads from the right, where each proxy adds
 * whom it saw, and ends at the first address that is none of theirs: what stands further left
 * anybody may have written. All addresses of a network of IPv6 that one customer gets (64 bits) are
 * one. Throws `invalid-option`.
 *
 * ```ts
 * const addressOf = clientAddress(['10.0.0.0/8'])
 * addressOf('10.0.0.1', '198.51.100.4, 203.0.113.9') // 203.0.113.9
 * ```
 */
export function clientAddress(trustedProxies: readonly string[]): ClientAddress {
  const isProxy = proxyCheck(trustedProxies)
  return (peer, forwardedFor) => {
    let address = plain(peer ?? '')
    if (address === undefined) return NOWHERE
    if (trustedProxies.length > 0) {
      const said = forwardedFor?.split(',') ?? []
      while (isProxy(address)) {
        const before = plain(said.pop()?.trim() ?? '')
        if (before === undefined) break
        address = before
      }
    }
    return networkOf(address)
  }
}

/**
 * Tells whether an address is that of a proxy that is named, as {@link clientAddress} takes them.
 * Throws `invalid-option`.
 *
 * ```ts
 * const isProxy = proxyCheck(['10.0.0.0/8'])
 * isProxy('10.0.0.1') // true
 * ```
 */
export function proxyCheck(trustedProxies: readonly string[]): (peer: string | undefined) => boolean {
  const proxies = new BlockList()
  for (const text of trustedProxies) addProxy(proxies, text)
  return peer => {
    const address = plain(peer ?? '')
    return address !== undefined && proxies.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
  }
}

function addProxy(proxies: BlockList, text: unknown): void {
  const [address = '', bits, ...more] = (typeof text === 'string' ? text : '').split('/')
  const version = isIP(address)
  const most = version === 6 ? 128 : 32
  const prefix = bits === undefined ? most : /^\d{1,3}$/.test(bits) ? Number(bits) : Number.NaN
  if (version === 0 || more.length > 0 || !(prefix <= most))
    throw new NoticeboardError(
      'invalid-option',
      'trustedProxies must be addresses or networks, such as "127.0.0.1" or "10.0.0.0/8"',
    )
  proxies.addSubnet(address, prefix, version === 6 ? 'ipv6' : 'ipv4')
}

/** An address without port, zone or brackets, one of IPv4 as such; undefined for what is none. */
function plain(text: string): string | undefined {
  const bare = /^\[([^\]]*)\](?::\d+)?$/.exec(text)?.[1] ?? /^([\d.]+):\d+$/.exec(text)?.[1] ?? text
  const address = bare.replace(/%.*$/, '').replace(/^::ffff:(?=[\d.]+$)/i, '')
  return isIP(address) === 0 ? undefined : address
}

/** The network that one customer has: of IPv6 the first 64 bits, of IPv4 the address itself. */
function networkOf(address: string): string {
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.toLowerCase().split('::')
  const before = head === '' ? [] : head.split(':')
  const after = tail === undefined || tail === '' ? [] : tail.split(':')
  // An address of IPv4 at the end takes the place of two groups.
  const groups = before.length + after.length + (address.includes('.') ? 1 : 0)
  const whole = [...before, ...Array<string>(Math.max(0, 8 - groups)).fill('0'), ...after]
  return `${whole
    .slice(0, 4)
    .map(group => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`
}
