import { readdir } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { NoticeboardError } from '../contracts/errors.js'
import type { Namespace } from '../contracts/names.js'
import { namesProxy } from '../core/proxy-variable.js'
import type { Fetch, Logger } from '../contracts/system.js'
import { fileStore } from '../node/board/file-store.js'
import { inWords, systemErrorCode } from '../node/disk/system-error.js'
import { httpStore } from '../transports/http/index.js'
import { suggest } from './arguments.js'
import type { Io } from './io.js'
import { observedStore, type CommandStore } from './observed-store.js'
import type { BoardAddress } from './settings.js'

/** Somebody sits and waits: one more try for a connection that was lost, and then they are told. */
export const CLI_RETRIES = 1

/** A board that is open for one command. */
export interface OpenBoard {
  readonly store: CommandStore
  /** For people. */
  readonly name: string
  close(): Promise<void>
}

/** Which board, and what it is reached with. */
export interface BoardQuery {
  readonly io: Pick<Io, 'env' | 'system' | 'fetch' | 'doing' | 'asking'>
  readonly address: BoardAddress
  /** Whether a board may be made where there is none. Default false. */
  readonly create?: boolean
  /** Hears what a folder's own store has to say. Default: nobody. */
  readonly logger?: Logger
}

/**
 * Opens a board. A folder must be one already unless the user says `--create`, so that a mistyped
 * one is not made.
 */
export async function openBoard(query: BoardQuery): Promise<OpenBoard> {
  const {
    io: { env, system = {}, asking, fetch = await fetchAround(env, asking), doing },
    address,
    create = false,
    logger,
  } = query
  if (address.type === 'url') {
    const { url, token } = address
    return {
      store: observed(httpStore(url, { token, fetch, system }), doing),
      name: url,
      close: async () => {},
    }
  }
  if (!create) await assertBoard(address.folder)
  const store = fileStore(address.folder, { system, ...(logger !== undefined && { logger }) })
  return { store: observed(store, doing), name: address.folder, close: () => store.close() }
}

/**
 * The names of all namespaces of a board, in order. Throws `unsupported` where it cannot list them.
 */
export async function namespacesOf(
  { store, name }: Pick<OpenBoard, 'store' | 'name'>,
  signal: AbortSignal,
): Promise<readonly Namespace[]> {
  if (store.namespaces === undefined)
    throw new NoticeboardError('unsupported', `${name} cannot list its namespaces; name one`)
  return [...(await store.namespaces(signal))].sort()
}

/**
 * What asks servers: through proxies where the environment names some, and else the global `fetch`.
 *
 * ```ts
 * const { fetch = await fetchAround(io.env) } = io
 * ```
 */
export async function fetchAround(env: Io['env'], asking?: Io['asking']): Promise<Fetch | undefined> {
  if (!namesProxy(name => env[name])) return undefined
  const [{ proxiedFetch }, { readProxies }] = await Promise.all([
    import('./proxy/proxied-fetch.js'),
    import('./proxy/proxy-settings.js'),
  ])
  const find = readProxies(env)
  return proxiedFetch(target => {
    const proxy = find(target)
    asking?.(proxy?.variable)
    return proxy
  })
}

function observed(store: CommandStore, doing: Io['doing']): CommandStore {
  return doing === undefined ? store : observedStore(store, doing)
}

/** Opens a board for a piece of work, and closes it whatever comes of that. */
export async function withBoard<T>(query: BoardQuery, work: (board: OpenBoard) => Promise<T>): Promise<T> {
  const board = await openBoard(query)
  try {
    return await work(board)
  } finally {
    await board.close()
  }
}

/**
 * Throws `not-found` where a folder is no board, which is what a mistyped name and a volume that is
 * not mounted look like: a fleet that is published to on an empty board goes two ways. Throws
 * `unavailable` where the folder cannot be read.
 *
 * ```ts
 * await assertBoard('/var/lib/board')
 * ```
 */
export async function assertBoard(folder: string): Promise<void> {
  const names = await namesIn(folder)
  if (names?.includes('private') === true) return
  // A mirror has the public half alone.
  if (names?.includes('public') === true && (await namesIn(join(folder, 'public')))?.includes('v1')) return
  const around = names === undefined ? ((await namesIn(dirname(folder)).catch(() => [])) ?? []) : []
  const meant = suggest(basename(folder), around, `${dirname(folder)}/`)
  throw new NoticeboardError(
    'not-found',
    `there is no board in ${folder}${meant === '' ? '; w' : `${meant} W`}here a new board is to be made: noticeboard serve --create --board FOLDER`,
  )
}

/** What a folder holds; undefined where there is none. */
async function namesIn(folder: string): Promise<readonly string[] | undefined> {
  try {
    return await readdir(folder)
  } catch (error) {
    const code = systemErrorCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw inWords(error, `read the board folder ${folder}`)
  }
}
