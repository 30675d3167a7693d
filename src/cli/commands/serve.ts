import { resolve } from 'node:path'
import { whenAborted } from '../../async/signals.js'
import { fileStore } from '../../node/index.js'
import { serve, type ServeOptions } from '../../server/index.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { loadConfig } from '../config-file.js'
import { usageError } from '../exit.js'
import type { ServerLoad } from '../../metrics/index.js'
import { serveMetrics } from '../metrics-server.js'
import { loggerFor } from '../logger.js'
import { tokenFileOf } from '../settings.js'

const DEFAULT_PORT = 4600

export const serveCommand: Command = {
  name: 'serve',
  summary: 'serve a board folder over HTTP',
  usage: '',
  text: `Serves a board until it is interrupted, to this machine alone unless --host says otherwise. The folder is made when it is missing. Writing
wants the token, which is made at the first start and kept in the board's private/token with mode 0600.`,
  options: {
    board: { value: 'FOLDER', text: 'where the board is; or "board" in the configuration file' },
    port: { value: 'N', text: `${DEFAULT_PORT} unless given; 0 takes a free one` },
    host: { value: 'ADDRESS', text: 'the address to listen on; 127.0.0.1 unless given, 0.0.0.0 for all' },
    'allow-host': {
      value: 'NAME',
      multiple: true,
      text: 'a name under which it may be addressed; several are allowed',
    },
    origin: {
      value: 'ORIGIN',
      multiple: true,
      text: 'an origin of web pages that may use it, such as https://admin.example.com',
    },
    'token-file': { value: 'FILE', text: 'keep the token for writing there' },
    'read-only': { text: 'let nobody write' },
    'metrics-port': {
      value: 'N',
      text: 'serve metrics for Prometheus at 127.0.0.1:N/metrics; needs the package prom-client',
    },
    'no-controller': { text: 'leave rollouts to a controller elsewhere' },
    config: BOARD_OPTIONS['config'] ?? { value: 'FILE', text: 'the configuration file' },
  },
  examples: [
    'noticeboard serve --board ./board',
    'noticeboard serve --board /var/lib/board --host 0.0.0.0 --allow-host config.internal',
  ],
  positionals: [0, 0],
  async run(context) {
    const { io, args, print, json } = context
    const folder = await boardFolder(context)
    const port = args.integer('port', 0) ?? DEFAULT_PORT
    const metricsPort = args.integer('metrics-port', 0)
    for (const [option, value] of Object.entries({ port, 'metrics-port': metricsPort ?? 0 }))
      if (value > 65_535) throw usageError(`--${option} wants a number from 0 to 65535`)
    const readOnly = args.flag('read-only')
    const tokenFile = args.text('token-file')
    const host = args.text('host')
    const hosts = args.texts('allow-host')
    const logger = loggerFor(context, 'serve')

    const store = fileStore(folder, { logger })
    try {
      const server = await serve(store, {
        port,
        logger,
        origins: args.texts('origin'),
        ...(args.flag('no-controller') ? { controller: false as const } : await ownRollouts(context)),
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

/** Gates and policies of the configuration file, for the server's controller. */
async function ownRollouts({ io, args }: CommandContext): Promise<Pick<ServeOptions, 'controller'>> {
  const { gates, policies } = (await loadConfig(io.cwd, args.text('config')))?.config ?? {}
  return {
    controller: { ...(gates !== undefined && { gates }), ...(policies !== undefined && { policies }) },
  }
}

async function boardFolder({ io, args }: CommandContext): Promise<string> {
  const named = args.text('board')
  if (named !== undefined) return resolve(io.cwd, named)
  const loaded = await loadConfig(io.cwd, args.text('config'))
  if (loaded?.config.board !== undefined) return resolve(loaded.folder, loaded.config.board)
  throw usageError('say where the board is: --board FOLDER; it is made when it is missing')
}
