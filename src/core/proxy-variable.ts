/**
 * Which variable of an environment names a proxy that `fetch` can be told to follow; undefined
 * where none does. Never its value, which may hold a password.
 *
 * ```ts
 * const variable = proxyVariable(name => process.env[name])
 * ```
 */
export function proxyVariable(read: (name: string) => string | undefined): string | undefined {
  return ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].find(name => (read(name) ?? '') !== '')
}

/**
 * Whether the environment names a proxy at all, the one of `ALL_PROXY` among them, which `fetch`
 * itself does not follow.
 *
 * ```ts
 * namesProxy(name => process.env[name])
 * ```
 */
export function namesProxy(read: (name: string) => string | undefined): boolean {
  return (
    proxyVariable(read) !== undefined || ['all_proxy', 'ALL_PROXY'].some(name => (read(name) ?? '') !== '')
  )
}

/**
 * The entries of `NO_PROXY`, in small letters too, which hold first: what is asked directly.
 *
 * ```ts
 * const entries = directEntries(name => process.env[name])
 * ```
 */
export function directEntries(read: (name: string) => string | undefined): readonly string[] {
  const value = ['no_proxy', 'NO_PROXY'].map(read).find(one => one !== undefined && one.trim() !== '') ?? ''
  return value.split(/[\s,]+/).filter(entry => entry !== '')
}

/**
 * Whether an entry of `NO_PROXY` names a host: `*`, a domain with all below it, an address; each
 * with a port or without.
 *
 * ```ts
 * namesHost('.internal', new URL('http://board.internal:8420')) // true
 * ```
 */
export function namesHost(entry: string, target: URL): boolean {
  if (entry === '*') return true
  const isAddress = /^[\da-f]*:[\da-f:.]*:[\da-f:.]*$/i.test(entry)
  const [, name = '', port] = /^(.*?)(?::(\d{1,5}))?$/.exec(isAddress ? `[${entry}]` : entry) ?? []
  const domain = name
    .toLowerCase()
    .replace(/^\[(.*)\]$/, '$1')
    .replace(/^\*?\./, '')
  const host = bareHost(target)
  const isName = !/^[\d.]+$|:/.test(host)
  const isHost = host === domain || (isName && host.endsWith(`.${domain}`))
  return domain !== '' && isHost && (port === undefined || port === portOf(target))
}

/** The port of an address, also where it is the usual one. */
export function portOf({ port, protocol }: URL): string {
  return port === '' ? (protocol === 'https:' ? '443' : '80') : port
}

/**
 * The host of an address, without the brackets that stand around IPv6 and the dot that may end a
 * full name.
 */
export function bareHost({ hostname }: URL): string {
  return hostname.replace(/^\[(.*)\]$/, '$1').replace(/\.$/, '')
}
