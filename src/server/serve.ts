import { createServer, type Server as HttpServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { hostname } from 'node:os'
import { settlesWithin } from '../async/deadline.js'
import { NoticeboardError } from '../contracts/errors.js'
import type { Random } from '../contracts/system.js'
import type { Store, Transport } from '../contracts/transport.js'
import { checkOptions } from '../core/options.js'
import { readSystem } from '../system/system.js'
import { canAppend } from '../contracts/capabilities.js'
import { createController, type Controller, type ControllerOptions } from '../controller/index.js'
import { hearingStore } from './hearing-store.js'
import { descriptorLimit } from './descriptor-limit.js'
import {
  assembleHandler,
  isWritable,
  type Assembled,
  type CloseOptions,
  type Handler,
  type Shared,
} from './handler.js'
import { trimPrefix } from './http/mount.js'
import { HANDLER_OPTIONS, type HandlerOptions } from './options.js'
import { readOrCreateToken } from './token-file.js'

/** How a server listens, beside how the board is served. */
export interface ServeOptions extends HandlerOptions {
  /**
   * The TCP port to listen on. Default 0, which takes a free one; {@link Server.port} says which.
   */
  readonly port?: number | undefined
  /** The address to listen on. Default `127.0.0.1`: nobody outside of this machine. */
  readonly host?: string | undefined
  /**
   * Moves the rollouts of the board on; what gates and policies of yours they need, and who
   * is told of them, is given here.
   * Default: it runs where the board can be written; false leaves it to another process.
   */
  readonly controller?: false | ServedController | undefined
  /**
   * Where the token for writing is kept; made at the first start, with mode 0600. Default: none;
   * without it and without `write` the server only reads.
   */
  readonly tokenFile?: string | undefined
}

/** The controller of a server. */
export type ServedController = Pick<ControllerOptions, 'policies' | 'gates' | 'listeners' | 'name' | 'lookMs'>

/** A server that listens. */
export interface Server extends AsyncDisposable {
  /** Its address, for `http(url)`; with the prefix. */
  readonly url: string
  readonly host: string
  /** The TCP port that it listens on. */
  readonly port: number
  /**
   * The token for writing; undefined when nothing can be written. Not to be printed: name
   * {@link tokenFile} instead.
   */
  readonly token: string | undefined
  /** The file that the token is in, and whether it was made at this start. */
  readonly tokenFile: { readonly path: string; readonly created: boolean } | undefined
  readonly handler: Handler
  /**
   * As {@link Handler.close}; then stops listening and ends every connection. The store stays open.
   *
   * ```ts
   * process.once('SIGTERM', () => void server.close())
   * ```
   */
  close(options?: CloseOptions): Promise<void>
}

/**
 * Serves a board over HTTP, by default to this machine alone. A relay is the same over a transport:
 * `serve(cached(http(upstream)))`. Throws `invalid-option`, and `unavailable` when the address is
 * taken.
 *
 * ```ts
 * const server = await serve(fileStore('/var/lib/noticeboard'), { port: 4600, write: { token } })
 * console.log(server.url)
 * await server.close()
 * ```
 */
export function serve(transport: Transport | Store, options: ServeOptions = {}): Promise<Server> {
  return serveWith(transport, options)
}

/** As {@link serve}, with what it keeps together with other processes that serve the same board. */
export async function serveWith(
  transport: Transport | Store,
  options: ServeOptions,
  shared?: Shared,
): Promise<Server> {
  checkOptions('serve()', options, {
    ...HANDLER_OPTIONS,
    port: true,
    host: true,
    tokenFile: true,
    controller: true,
  })
  const { host = '127.0.0.1', port = 0 } = options
  const { clock, random } = readSystem('serve()', options.system)
  const kept = await keptToken(options, random)
  const write = options.write ?? (kept === undefined ? undefined : { token: kept.token })
  const descriptors = descriptorLimit()
  const { handler, source, reports } = assembleHandler(
    transport,
    {
      maxConnections: Math.min(50_000, Math.max(1, descriptors - SPARE_DESCRIPTORS)),
      ...options,
      write,
      hosts: options.hosts ?? [isEverywhere(host) ? hostname() : urlHost(host)],
    },
    shared,
  )

  const server = createServer(
    { headersTimeout: 10_000, requestTimeout: 30_000, connectionsCheckingInterval: 5_000 },
    handler.node,
  )
  // Whoever comes beyond that is hung up on: without a descriptor for its own files a server cannot
  // read its board.
  if (Number.isFinite(descriptors)) server.maxConnections = Math.max(1, descriptors - OWN_DESCRIPTORS)
  server.on('upgrade', handler.upgrade)
  await listen(server, { host, port })
  const { port: actual } = server.address() as AddressInfo
  const store = canAppend(transport) ? transport : undefined
  const controller = isWritable({ ...options, write }, store)
    ? startController(source, { ...options, reports })
    : undefined

  let closing: Promise<void> | undefined
  const shut = async (closeOptions: CloseOptions): Promise<void> => {
    await controller?.close()
    const closed = new Promise<void>(resolve => server.close(() => resolve()))
    await handler.close(closeOptions)
    server.closeIdleConnections()
    // What was answered is on its way; whoever does not take it is not waited for.
    if (!(await settlesWithin(closed, { clock, timeoutMs: LAST_BYTES_MS }))) server.closeAllConnections()
    await closed
  }
  const close = async (closeOptions: CloseOptions = {}): Promise<void> => {
    checkOptions('close()', closeOptions, { drainMs: true, graceMs: true })
    closing ??= shut(closeOptions)
    return closing
  }

  return {
    url: `http://${urlHost(host)}:${actual}${trimPrefix(options.prefix ?? '/')}`,
    host,
    port: actual,
    token: write === undefined || write === false ? undefined : write.token,
    tokenFile: kept === undefined ? undefined : { path: kept.path, created: kept.created },
    handler,
    close,
    [Symbol.asyncDispose]: () => close(),
  }
}

/**
 * The controller over what a server hears; undefined where none is wanted, or there is no list of
 * namespaces.
 */
export function startController(
  transport: Transport | Store,
  { controller = {}, system, logger, reports }: ServeOptions & Pick<Assembled, 'reports'>,
): Controller | undefined {
  if (controller === false || !canAppend(transport) || transport.namespaces === undefined) return undefined
  return createController({
    name: `controller of ${hostname()}`,
    ...controller,
    store: hearingStore(transport, reports),
    ...(system !== undefined && { system }),
    ...(logger !== undefined && { logger }),
  })
}

interface KeptToken {
  readonly path: string
  readonly token: string
  readonly created: boolean
}

/** The token in the file that was named; undefined when none was, or when `write` says it all. */
async function keptToken(
  { write, tokenFile: path }: ServeOptions,
  random: Random,
): Promise<KeptToken | undefined> {
  if (write !== undefined || path === undefined) return undefined
  return { path, ...(await readOrCreateToken(path, random)) }
}

/**
 * Of the descriptors that a process may open: how many event streams leave to all else, and
 * connections to the process's own files.
 */
const SPARE_DESCRIPTORS = 1_000
const OWN_DESCRIPTORS = 500

/** How long last answers may take to reach their readers, in milliseconds. */
const LAST_BYTES_MS = 1_000

/**
 * Connections that wait to be accepted: with Node's 511 a fleet that reconnects at once is partly
 * left hanging.
 */
const BACKLOG = 4_096

function listen(
  server: HttpServer,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', error => {
      const code = 'code' in error && typeof error.code === 'string' ? error.code : error.name
      const advice =
        code === 'EADDRINUSE'
          ? 'another process listens there; choose another port'
          : 'choose another host or port'
      reject(
        new NoticeboardError('unavailable', `cannot listen on ${host}:${port} (${code}): ${advice}`, {
          cause: error,
        }),
      )
    })
    server.listen({ host, port, backlog: BACKLOG }, resolve)
  })
}

function isEverywhere(host: string): boolean {
  return host === '0.0.0.0' || host === '::' || host === ''
}

function urlHost(host: string): string {
  if (host === '0.0.0.0' || host === '') return '127.0.0.1'
  if (host === '::') return '[::1]'
  return host.includes(':') ? `[${host}]` : host
}
