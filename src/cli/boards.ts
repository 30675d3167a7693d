import { stat } from 'node:fs/promises'
import { NoticeboardError } from '../contracts/errors.js'
import type { Store, WatchTransport } from '../contracts/transport.js'
import { fileStore } from '../node/board/file-store.js'
import { httpStore } from '../transports/http/index.js'
import type { Io } from './io.js'
import type { BoardAddress } from './settings.js'

/** Somebody sits and waits: one more try for a connection that was lost, and then they are told. */
export const CLI_RETRIES = 1

/** A board that is open for one command. */
export interface OpenBoard {
  readonly store: Store & WatchTransport
  /** For people. */
  readonly name: string
  close(): Promise<void>
}

/** Which board, and what it is reached with. */
export interface BoardQuery {
  readonly io: Pick<Io, 'system' | 'fetch'>
  readonly address: BoardAddress
}

/** Opens a board. A folder must be there already, so that a mistyped one is not made; `serve` makes them. */
export async function openBoard({ io: { system = {}, fetch }, address }: BoardQuery): Promise<OpenBoard> {
  if (address.type === 'url') {
    const { url, token } = address
    return {
      store: httpStore(url, { token, fetch, system }),
      name: url,
      close: async () => {},
    }
  }
  if (!(await isFolder(address.folder))) {
    throw new NoticeboardError(
      'not-found',
      `there is no board folder ${address.folder}: noticeboard serve --board FOLDER makes one`,
    )
  }
  const store = fileStore(address.folder, { system })
  return { store, name: address.folder, close: () => store.close() }
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

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    // Missing or closed to us: either way there is no board that can be used.
    return false
  }
}
