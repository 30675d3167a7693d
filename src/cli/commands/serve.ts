import { resolve } from 'node:path'
import { whenAborted } from '../../async/signals.js'
import type { NoticeboardError } from '../../contracts/errors.js'
import type { Logger } from '../../contracts/system.js'
import { defaultPeriods } from '../../core/defaults.js'
import { MAX_HEARTBEAT_MS, MIN_HEARTBEAT_MS } from '../../core/limits.js'
import { fileStore, tokenFolder, type FileStore } from '../../node/index.js'
import { serve, type ServeOptions } from '../../server/index.js'
import { assertBoard } from '../boards.js'
import { BOARD_OPTIONS, CREATE_OPTION, type Command, type CommandContext } from '../command.js'
import { loadConfig } from '../config-file.js'
import { asError, usageError } from '../exit.js'
import type { ServerLoad } from '../../metrics/index.js'
import { serveMetrics } from '../metrics-server.js'
import { loggerFor } from '../logger.js'
import { boardFolder, tokenFileOf, tokensOf } from '../settings.js'

const DEFAULT_PORT = 4600

export const serveCommand: Command = {
  name: 'serve',
  summary: 'serve a board folder over HTTP',
  usage: '',
  text: `Serves a board until it is interrupted, to this machine alone unless --host says otherwise. The first time say --create, which makes the
folder; later a folder without a board is refused, since it is a mistyped name or a volume that is not mounted. Writing wants the token,
which is made at the first start and kept in the board's private/token with mode 0600, or one of noticeboard token create.`,
  options: {
    board: { value: 'FOLDER', text: 'where the board is; or "board" in the configuration file' },
    create: CREATE_OPTION,
    port: { value: 'N', text: `${DEFAULT_PORT} unless given; 0 takes a free one` },
    host: { value: 'ADDRESS', text: 'the address to listen on; 127.0.0.1 unless given, 0.0.0.0 for all' },
    'allow-host': {
      value: 'NAME',
      multiple: true,
      text: 'a name under which it may be addressed; several are allowed',
    },
    'trusted-proxy': {
      value: 'ADDRESS',
      multiple: true,
      text: 'a proxy or network in front of it, such as 10.0.0.0/8: believe its X-Forwarded-For',
    },
    origin: {
      value: 'ORIGIN',
      multiple: true,
      text: 'an origin of web pages that may use it, such as https://admin.example.com',
    },
    'token-file': { value: 'FILE', text: 'keep the token for writing there' },
    tokens: {
      value: 'FOLDER',
      text: "where tokens of noticeboard token create are; the board's private/tokens unless given",
    },
    'require-token': {
      value: 'SCOPE',
      multiple: true,
      text: 'what wants a token beside writing: read, report; both are allowed',
    },
    'read-only': { text: 'let nobody write' },
    'metrics-port': {
      value: 'N',
      text: 'serve metrics for Prometheus at 127.0.0.1:N/metrics; needs the package prom-client',
    },
    'heartbeat-ms': {
      value: 'N',
      text: `how often event streams show that they live; ${defaultPeriods.heartbeatMs} unless given, since many a proxy cuts after 10 s of silence`,
    },
    'no-controller': { text: 'leave rollouts to a controller elsewhere' },
    config: BOARD_OPTIONS['config'] ?? { value: 'FILE', text: 'the configuration file' },
  },
  examples: [
    'noticeboard serve --create --board ./board',
    'noticeboard serve --board /var/lib/board --host 0.0.0.0 --allow-host config.internal',
  ],
  lasts: true,
  positionals: [0, 0],
  async run(context) {
    const { io, args, print, json } = context
    const folder = await boardFolder(context)
    if (folder === undefined) throw usageError('say where the board is: --board FOLDER')
    const port = args.integer('port', 0) ?? DEFAULT_PORT
    const metricsPort = args.integer('metrics-port', 0)
    for (const [option, value] of Object.entries({ port, 'metrics-port': metricsPort ?? 0 }))
      if (value > 65_535) throw usageError(`--${option} wants a number from 0 to 65535`)
    const heartbeatMs = args.integer('heartbeat-ms', MIN_HEARTBEAT_MS)
    if (heartbeatMs !== undefined && heartbeatMs > MAX_HEARTBEAT_MS)
      throw usageError(`--heartbeat-ms wants a number from ${MIN_HEARTBEAT_MS} to ${MAX_HEARTBEAT_MS}`)
    const readOnly = args.flag('read-only')
    const tokenFile = args.text('token-file')
    const host = args.text('host')
    const hosts = args.texts('allow-host')
    const logger = loggerFor(context)
    const tokens = args.text('tokens')
    const requireToken = args.texts('require-token').map(requirable)

    if (!args.flag('create')) await assertBoard(folder)
    const system = io.system === undefined ? {} : { system: io.system }
    const store = fileStore(folder, { ...system, logger })
    try {
      await tryBoard(store, { readOnly, logger, signal: io.signal })
      const server = await serve(store, {
        ...system,
        port,
        logger,
        origins: args.texts('origin'),
        trustedProxies: args.texts('trusted-proxy'),
        tokens: tokenFolder(tokens === undefined ? tokensOf(folder) : resolve(io.cwd, tokens), { logger }),
        requireToken,
        ...(await fromConfig(context)),
        ...(heartbeatMs !== undefined && { heartbeatMs }),
        ...(host !== undefined && { host }),
        ...(hosts.length > 0 && { hosts }),
        ...(readOnly
          ? { write: false as const }
          : { tokenFile: tokenFile === undefined ? tokenFileOf(folder) : resolve(io.cwd, tokenFile) }),
      })
      try {
        const load = (): ServerLoad => server.handler.load
        const metrics =
          metricsPort === undefined ? undefined : await serveMetrics(store, { port: metricsPort, load })
        try {
          const path = server.tokenFile?.path
          if (json)
            print.jsonLine({
              url: server.url,
              board: folder,
              ...(path !== undefined && { tokenFile: path }),
              ...(metrics !== undefined && { metrics: metrics.url }),
            })
          else {
            const token = path === undefined ? 'read only' : `the token for writing is in ${path}`
            print.data(`serving ${folder} at ${server.url}\n${token}\n`)
            if (metrics !== undefined) print.data(`metrics are at ${metrics.url}\n`)
          }
          await whenAborted(io.signal)
          print.note('closing')
        } finally {
          await metrics?.close()
        }
      } finally {
        await server.close()
      }
    } finally {
      await store.close()
    }
  },
}

/** How many namespaces are read at the start to see whether the board can be read. */
const TRIED_NAMESPACES = 8

/**
 * Tries the disk before anybody is told that it is served. What cannot be read is thrown. A board that can be read and not written
 * is served all the same, since most of a fleet reads, and said in a line of its own.
 */
async function tryBoard(
  store: FileStore,
  {
    readOnly,
    logger,
    signal,
  }: { readonly readOnly: boolean; readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  let refused: NoticeboardError | undefined
  if (!readOnly)
    await store.open().catch((error: unknown) => {
      refused = asError(error)
      if (refused.code !== 'unavailable') throw refused
    })
  const namespaces = (await store.namespaces(signal)).slice(0, TRIED_NAMESPACES)
  const reads = await Promise.allSettled(namespaces.map(namespace => store.latest({ namespace }, signal)))
  const failed = reads.filter(read => read.status === 'rejected')
  if (failed.length > 0 && failed.length === reads.length) throw failed[0]?.reason
  for (const { reason } of failed) logger.error(asError(reason).message)
  if (refused !== undefined) logger.error(`nothing can be published here: ${refused.message}`)
}

/**
 * Gates and policies of the configuration file, for the server's controller; the floor, for tokens without `admin`; and whom a
 * proxy names.
 */
async function fromConfig({
  io,
  args,
}: CommandContext): Promise<Pick<ServeOptions, 'controller' | 'floors' | 'proxyIdentity'>> {
  const { gates, policies, floor, proxyIdentity } =
    (await loadConfig(io.cwd, args.text('config')))?.config ?? {}
  return {
    controller: args.flag('no-controller')
      ? false
      : { ...(gates !== undefined && { gates }), ...(policies !== undefined && { policies }) },
    ...(floor !== undefined && { floors: { '**': floor } }),
    ...(proxyIdentity !== undefined && { proxyIdentity }),
  }
}

function requirable(scope: string): 'read' | 'report' {
  if (scope === 'read' || scope === 'report') return scope
  throw usageError('--require-token wants read or report')
}
