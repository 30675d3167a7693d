import type { Platform } from '../../contracts/system.js'
import { directEntries, namesHost, proxyVariable } from '../../core/proxy-variable.js'

/**
 * What to say beside a failure to reach an address by the global `fetch` while the environment
 * names a proxy, which `fetch` follows only where it is told to; empty where none does, for this
 * machine's own addresses, and for those that `NO_PROXY` names. Names the variable, never its
 * value.
 */
export function proxyHint(url: string, { environment }: Platform): string {
  const variable = proxyVariable(environment)
  if (variable === undefined || /^https?:\/\/(localhost|127\.|\[::1\])/i.test(url)) return ''
  if (directEntries(environment).some(entry => namesHost(entry, new URL(url)))) return ''
  return `; ${variable} is set, which fetch follows only where it is told to: see "Behind a proxy" in docs/operations.md`
}
