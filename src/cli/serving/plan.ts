import cluster from 'node:cluster'
import { resolve } from 'node:path'
import type { Logger } from '../../contracts/system.js'
import { MAX_HEARTBEAT_MS, MIN_HEARTBEAT_MS } from '../../core/limits.js'
import { tokenFolder } from '../../node/index.js'
import type { ServeOptions } from '../../server/index.js'
import { MOST_WORKERS } from '../../server/together/most-workers.js'
import type { CommandContext } from '../command.js'
import { loadConfig } from '../config-file.js'
import { usageError } from '../exit.js'
import { timedLoggerFor } from '../logger.js'
import { boardFolder, tokenFileOf, tokensOf } from '../settings.js'
import { readListeners } from '../webhooks.js'

export const DEFAULT_PORT = 4600

/** What a command line asks to be served, and how. */
export interface ServePlan {
  readonly folder: string
  /** Whether the board may be made. */
  readonly create: boolean
  readonly readOnly: boolean
  readonly metricsPort: number | undefined
  /** Undefined where one process does it all. */
  readonly workers: number | undefined
  readonly options: ServeOptions & { readonly port: number; readonly logger: Logger }
}

/** Reads the options of `noticeboard serve`. Throws `invalid-option`. */
export async function readPlan(context: CommandContext): Promise<ServePlan> {
  const { io, args } = context
  const folder = await boardFolder(context)
  if (folder === undefined) throw usageError('the board is missing: pass --board FOLDER')
  const port = args.integer('port', 0) ?? DEFAULT_PORT
  const metricsPort = args.integer('metrics-port', 0)
  for (const [option, value] of Object.entries({ port, 'metrics-port': metricsPort ?? 0 }))
    if (value > 65_535) throw usageError(`--${option} must be a number from 0 to 65535`)
  const heartbeatMs = args.integer('heartbeat-ms', MIN_HEARTBEAT_MS)
  if (heartbeatMs !== undefined && heartbeatMs > MAX_HEARTBEAT_MS)
    throw usageError(`--heartbeat-ms must be a number from ${MIN_HEARTBEAT_MS} to ${MAX_HEARTBEAT_MS}`)
  const workers = args.integer('workers', 1)
  if (workers !== undefined && workers > MOST_WORKERS)
    throw usageError(`--workers must be a number from 1 to ${MOST_WORKERS}`)
  const readOnly = args.flag('read-only')
  const tokenFile = args.text('token-file')
  if (tokenFile === '-')
    throw usageError('--token-file must name the file that keeps the token, such as ./token')
  const host = args.text('host')
  const hosts = args.texts('allow-host')
  const tokens = args.text('tokens')
  const logger = timedLoggerFor(context)
  return {
    folder,
    create: args.flag('create'),
    readOnly,
    metricsPort,
    workers,
    options: {
      ...(io.system !== undefined && { system: io.system }),
      port,
      logger,
      origins: args.texts('origin'),
      trustedProxies: args.texts('trusted-proxy'),
      tokens: tokenFolder(tokens === undefined ? tokensOf(folder) : resolve(io.cwd, tokens), { logger }),
      requireToken: args.texts('require-token').map(requirable),
      ...(await fromConfig(context)),
      ...(heartbeatMs !== undefined && { heartbeatMs }),
      ...(host !== undefined && { host }),
      ...(hosts.length > 0 && { hosts }),
      ...(readOnly
        ? { write: false as const }
        : { tokenFile: tokenFile === undefined ? tokenFileOf(folder) : resolve(io.cwd, tokenFile) }),
    },
  }
}

/**
 * Gates, policies and listeners of the configuration file, and webhooks, for the server's
 * controller; the floor, for tokens without `admin`; and whom a proxy names.
 */
async function fromConfig(
  context: CommandContext,
): Promise<Pick<ServeOptions, 'controller' | 'floors' | 'proxyIdentity'>> {
  const { io, args } = context
  const config = (await loadConfig(io.cwd, args.text('config')))?.config ?? {}
  const { gates, policies, floor, proxyIdentity } = config
  const isElsewhere = args.flag('no-controller')
  if ((isElsewhere || args.flag('read-only')) && args.texts('webhook').length > 0)
    throw usageError('--webhook needs the controller of the server; drop --no-controller and --read-only')
  // What a shell passes in place of a file gives a token once, and a worker moves no rollout on.
  const listeners = isElsewhere || cluster.isWorker ? [] : await readListeners(context, config)
  return {
    controller: isElsewhere
      ? false
      : {
          listeners,
          ...(gates !== undefined && { gates }),
          ...(policies !== undefined && { policies }),
        },
    ...(floor !== undefined && { floors: { '**': floor } }),
    ...(proxyIdentity !== undefined && { proxyIdentity }),
  }
}

function requirable(scope: string): 'read' | 'report' {
  if (scope === 'read' || scope === 'report') return scope
  throw usageError('--require-token must be read or report')
}
