import { once } from 'node:events'
import { readdir, readlink } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'

/**
 * They are shared out in turn, so of two connections one comes to each of two processes; more are
 * for processes that are busy.
 */
const MOST_TRIES = 100

/** One connection is made at a time: each is known by what is new at the process that takes it. */
let before: Promise<unknown> = Promise.resolve()

/**
 * A connection to one of several processes that share the connections to one port of this machine:
 * whichever comes to another process is ended. `pids` are all of those that may take it, and nobody
 * else may connect to them.
 */
export function connectionTo(
  pid: number,
  { port, pids }: { readonly port: number; readonly pids: readonly number[] },
): Promise<Socket> {
  const connecting = before.then(() => connectUntil(pid, { port, pids }))
  before = connecting.catch(() => {})
  return connecting
}

async function connectUntil(
  pid: number,
  { port, pids }: { readonly port: number; readonly pids: readonly number[] },
): Promise<Socket> {
  for (let left = MOST_TRIES; left > 0; left -= 1) {
    const known = new Set((await Promise.all(pids.map(socketsOf))).flat())
    const socket = connect(port, '127.0.0.1')
    await once(socket, 'connect')
    // What becomes of it is seen below, and then by its owner.
    socket.on('error', () => {})
    if ((await takerOf(socket, { known, pids })) === pid) return socket
    socket.resetAndDestroy()
  }
  throw new Error(`of ${MOST_TRIES} connections to port ${port} none came to process ${pid}`)
}

/** Waits until one of the processes has a socket that none of them had. */
async function takerOf(
  socket: Socket,
  { known, pids }: { readonly known: ReadonlySet<string>; readonly pids: readonly number[] },
): Promise<number> {
  const { remotePort } = socket
  while (!socket.destroyed) {
    for (const pid of pids) if ((await socketsOf(pid)).some(each => !known.has(each))) return pid
    // On its way from the process that shares connections out.
    await new Promise(resolve => setTimeout(resolve, 1))
  }
  throw new Error(`a connection to port ${remotePort} ended before a process took it`)
}

/** The sockets that a process has open, each with a number of its own. */
async function socketsOf(pid: number): Promise<readonly string[]> {
  const folder = `/proc/${pid}/fd`
  const targets = (await readdir(folder)).map(fd =>
    // One that was closed since they were listed.
    readlink(`${folder}/${fd}`).catch(() => ''),
  )
  return (await Promise.all(targets)).filter(target => target.startsWith('socket:'))
}
