import { NoticeboardError } from '../../contracts/errors.js'
import type { Fetch } from '../../contracts/system.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { calmLogger } from '../../async/calm-logger.js'
import { checkOptions, checkPositive } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import { parseBaseUrl } from '../fetch/base-url.js'
import { proxyHint } from '../fetch/proxy-hint.js'
import type { HttpOptions, Settings } from './options.js'

/**
 * The options of a transport over HTTP with their defaults. `who` begins the messages of errors:
 * `http()`. Throws `invalid-option`.
 */
export function readSettings(who: string, url: string, options: HttpOptions): Settings {
  checkOptions(who, options, {
    headers: true,
    token: true,
    fetch: true,
    timeoutMs: true,
    firstEventTimeoutMs: true,
    maxSnapshotBytes: true,
    system: true,
    logger: true,
  })
  const { headers = {}, token, timeoutMs = 15_000, firstEventTimeoutMs = 10_000 } = options
  const { maxSnapshotBytes = MAX_SNAPSHOT_BYTES, fetch = globalFetch } = options
  const { clock, platform } = readSystem(who, options.system)
  checkPositive(who, { timeoutMs, firstEventTimeoutMs, maxSnapshotBytes })
  if (token !== undefined && typeof token !== 'function' && (typeof token !== 'string' || token === '')) {
    throw new NoticeboardError(
      'invalid-option',
      `token of ${who} must be a string, or a function that returns one; leave it out to read only`,
    )
  }
  const base = parseBaseUrl(url)
  const name = `http ${base.slice(0, -1)}`
  return {
    base,
    name,
    headers,
    token,
    fetch,
    decodes: options.fetch === undefined,
    plainStreams: false,
    hint: () => (options.fetch === undefined ? proxyHint(base, platform) : ''),
    timeoutMs,
    firstEventTimeoutMs,
    maxSnapshotBytes,
    clock,
    logger: options.logger && calmLogger(options.logger, clock),
  }
}

/**
 * Looked up at each call, so that a `fetch` that is replaced later (for tracing, in tests) is the
 * one that is used.
 */
const globalFetch: Fetch = (url, init) => globalThis.fetch(url, init)
