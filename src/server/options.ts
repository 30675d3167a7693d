import type { Deltas } from '../contracts/deltas.js'
import { NoticeboardError } from '../contracts/errors.js'
import type { TokenSource } from '../contracts/access.js'
import type { Logger, System } from '../contracts/system.js'
import { patternProblem } from '../core/access/namespace-pattern.js'
import { checkOptions, type OptionNames } from '../core/options.js'
import { assertFloor } from '../rollouts/assert-floor.js'
import type { RolloutFloor } from '../rollouts/floor.js'
import type { ProxyIdentity } from './access/caller.js'

/** How a board is served. */
export interface HandlerOptions {
  /**
   * Where the handler is mounted, such as `/board`. Both kinds of mounts work: those that take it
   * off the address and those that do not. Default `/`.
   */
  readonly prefix?: string | undefined
  /**
   * The token for writing, beside those of `tokens`; false refuses every write. Default: none; only
   * whom `tokens` or `proxyIdentity` lets may write.
   */
  readonly write?: { readonly token: string } | false | undefined
  /** The token for reading, beside those that may do more. Default: none; everybody may read. */
  readonly read?: { readonly token: string } | undefined
  /**
   * Tokens that may do some things in some namespaces, such as
   * `tokenFolder('/var/lib/board/private/tokens')`. Default: none.
   */
  readonly tokens?: TokenSource | undefined
  /**
   * What needs a token with that scope, beside writing, which always does. With `report` only
   * reports that came with one are believed. Default: nothing.
   */
  readonly requireToken?: readonly ('read' | 'report')[] | undefined
  /**
   * Whom a request is from where a proxy has checked it (mTLS, single sign-on). Needs
   * `trustedProxies`. Default: nobody.
   */
  readonly proxyIdentity?: ProxyIdentity | undefined
  /**
   * How careful rollouts of tokens without `admin` have to be, by pattern of namespaces:
   * `{ 'checkout/**': { firstStage: 1 } }`. All that match hold. Default: none.
   */
  readonly floors?: Readonly<Record<string, RolloutFloor>> | undefined
  /**
   * Names under which it may be addressed, with or without a port, beside bare addresses and
   * `localhost`. Default: every name for a handler, the server's own for `serve()`. A page that
   * makes its own name lead here is refused.
   */
  readonly hosts?: readonly string[] | undefined
  /**
   * Origins of other pages, such as `https://admin.example.com`, that may read it in a browser and,
   * with the token, write. Default: none.
   */
  readonly origins?: readonly string[] | undefined
  /**
   * How often the event stream shows that it lives, in milliseconds. Default 8,000, which passes
   * the 10 s after which many a proxy cuts what is silent.
   */
  readonly heartbeatMs?: number | undefined
  /**
   * How often a store without notifications is asked while somebody listens, in milliseconds.
   * Default 1,000.
   */
  readonly pollIntervalMs?: number | undefined
  /**
   * How many connections of the event stream there may be. Default 50,000; with `serve()` 1,000
   * fewer than the process may open descriptors, where that is less.
   */
  readonly maxConnections?: number | undefined
  /**
   * The age at which a connection of the event stream is told to reconnect, in milliseconds, give
   * or take a fifth, so that they spread. Default 1,800,000.
   */
  readonly maxConnectionAgeMs?: number | undefined
  /** How many bytes of snapshots are kept in memory, with their encodings. Default 64 MiB. */
  readonly cacheBytes?: number | undefined
  /**
   * What makes deltas for readers that know what they have; false neither makes nor serves any.
   * Default: the runtime's own, where it has one: see `zstdDeltas()`.
   */
  readonly deltas?: Deltas | false | undefined
  /** How many instances' reports are kept. Default 100,000. */
  readonly maxInstances?: number | undefined
  /** How many bytes of reports are kept in memory. Default 128 MiB. */
  readonly maxReportBytes?: number | undefined
  /**
   * Proxies in front of it, as addresses or networks such as `10.0.0.0/8`: of them it believes in
   * `X-Forwarded-For` whose request it is, else all clients behind them are one address. Default:
   * none. A request to `fetch` has no address.
   */
  readonly trustedProxies?: readonly string[] | undefined
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System> | undefined
  /** Default: silent. */
  readonly logger?: Logger | undefined
}

export const HANDLER_OPTIONS: OptionNames<HandlerOptions> = {
  prefix: true,
  write: true,
  read: true,
  tokens: true,
  requireToken: true,
  proxyIdentity: true,
  floors: true,
  hosts: true,
  origins: true,
  heartbeatMs: true,
  pollIntervalMs: true,
  maxConnections: true,
  maxConnectionAgeMs: true,
  cacheBytes: true,
  deltas: true,
  maxInstances: true,
  maxReportBytes: true,
  trustedProxies: true,
  system: true,
  logger: true,
}

/**
 * Throws `invalid-option` for what makes no sense, with the name of the option and never its value.
 */
export function checkValues(options: HandlerOptions): void {
  const { prefix = '/', write = false, read, origins = [] } = options
  if (typeof prefix !== 'string' || !prefix.startsWith('/') || /[?#%\\]/.test(prefix)) {
    throw refusal('prefix must be a path that starts with "/", such as "/board"')
  }
  for (const [name, given] of Object.entries({ write: write === false ? undefined : write, read })) {
    if (given === undefined) continue
    checkOptions(`\`${name}\` of the server`, given, { token: true })
    checkToken(name, given.token)
  }
  checkAccess(options)
  for (const name of [
    'heartbeatMs',
    'pollIntervalMs',
    'maxConnections',
    'maxConnectionAgeMs',
    'cacheBytes',
    'maxInstances',
    'maxReportBytes',
  ] as const) {
    const value = options[name]
    if (value !== undefined && !(Number.isFinite(value) && value > 0))
      throw refusal(`${name} must be a number above 0`)
  }
  for (const origin of origins) {
    if (!URL.canParse(origin) || new URL(origin).origin !== origin) {
      throw refusal('origins must each read like "https://admin.example.com", without a path')
    }
  }
}

function checkAccess({
  tokens,
  requireToken = [],
  proxyIdentity,
  trustedProxies,
  floors = {},
}: HandlerOptions): void {
  if (tokens !== undefined && typeof tokens.tokens !== 'function')
    throw refusal('tokens must be a source of tokens, such as tokenFolder(path)')
  if (!Array.isArray(requireToken) || requireToken.some(scope => scope !== 'read' && scope !== 'report'))
    throw refusal('requireToken must be a list of "read" and "report"')
  if (proxyIdentity !== undefined) {
    checkOptions('`proxyIdentity` of the server', proxyIdentity, { header: true, grant: true })
    if (typeof proxyIdentity.header !== 'string' || !/^[a-z0-9-]{1,64}$/i.test(proxyIdentity.header))
      throw refusal('proxyIdentity.header must be the name of a header, such as "x-client-identity"')
    if (typeof proxyIdentity.grant !== 'function')
      throw refusal('proxyIdentity.grant must be a function that returns what an identity may do')
    if ((trustedProxies ?? []).length === 0)
      throw refusal('proxyIdentity needs trustedProxies, since anybody could send that header otherwise')
  }
  for (const [pattern, floor] of Object.entries(floors)) {
    const problem = patternProblem(pattern)
    if (problem !== undefined) throw refusal(`floors has a pattern that is not valid: ${problem}`)
    assertFloor(`floors[${JSON.stringify(pattern)}]`, floor)
  }
}

function checkToken(name: string, token: unknown): void {
  if (typeof token !== 'string' || !/^[\x21-\x7e]{1,512}$/.test(token)) {
    throw refusal(`${name}.token must be 1 to 512 visible characters without spaces`)
  }
}

function refusal(problem: string): NoticeboardError {
  return new NoticeboardError('invalid-option', problem)
}
