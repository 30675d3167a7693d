/**
 * Which variable of an environment names a proxy; undefined where none does. Never its value, which
 * may hold a password.
 *
 * ```ts
 * const variable = proxyVariable(name => process.env[name])
 * ```
 */
export function proxyVariable(read: (name: string) => string | undefined): string | undefined {
  return ['https_proxy', 'HTTPS_PROXY', 'http_proxy', 'HTTP_PROXY'].find(name => (read(name) ?? '') !== '')
}
