import { resolve } from 'node:path'
import { whenAborted } from '../../async/signals.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Logger } from '../../contracts/system.js'
import { fileStore } from '../../node/index.js'
import { serve } from '../../server/index.js'
import { BOARD_OPTIONS, type Command, type CommandContext } from '../command.js'
import { loadConfig } from '../config-file.js'
import { usageError } from '../exit.js'
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
    if (port > 65_535) throw usageError('--port wants a number from 0 to 65535')
    const readOnly = args.flag('read-only')
    const tokenFile = args.text('token-file')
    const host = args.text('host')
    const hosts = args.texts('allow-host')
    const logger = loggerFor(context)

    const store = fileStore(folder, { logger })
    try {
      const server = await serve(store, {
        port,
        logger,
        origins: args.texts('origin'),
        ...(host !== undefined && { host }),
        ...(hosts.length > 0 && { hosts }),
        ...(readOnly
          ? { write: false as const }
          : { tokenFile: tokenFile === undefined ? tokenFileOf(folder) : resolve(io.cwd, tokenFile) }),
      })
      try {
        const path = server.tokenFile?.path
        if (json)
          print.jsonLine({ url: server.url, board: folder, ...(path !== undefined && { tokenFile: path }) })
        else
          print.data(
            `serving ${folder} at ${server.url}\n${path === undefined ? 'read only' : `the token for writing is in ${path}`}\n`,
          )
        await whenAborted(io.signal)
        print.note('closing')
      } finally {
        await server.close()
      }
    } finally {
      await store.close()
    }
  },
}

async function boardFolder({ io, args }: CommandContext): Promise<string> {
  const named = args.text('board')
  if (named !== undefined) return resolve(io.cwd, named)
  const loaded = await loadConfig(io.cwd, args.text('config'))
  if (loaded?.config.board !== undefined) return resolve(loaded.folder, loaded.config.board)
  throw usageError('say where the board is: --board FOLDER; it is made when it is missing')
}

function loggerFor({ print }: CommandContext): Logger {
  const shown = (message: string, details: Parameters<Logger['warn']>[1] = {}): string =>
    [message, ...Object.entries(details).map(([name, value]) => `${name}=${String(value)}`)].join(' ')
  return {
    debug() {},
    info: () => {},
    warn: (message, details) => print.warning(shown(message, details)),
    error: (message, details) =>
      print.error(new NoticeboardError('internal', shown(message, details)), {
        command: 'serve',
        json: false,
      }),
  }
}
