import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { holdPort } from './held-port.js'

/** A way to a server that can be cut. */
export interface TcpProxy {
  readonly port: number
  /** Ends every connection, by a reset unless told otherwise, and refuses new ones until `heal`. */
  cut(how?: 'reset' | 'end'): Promise<void>
  heal(): Promise<void>
  /** Lets every connection live on, and brings nothing more over it. New ones work. */
  stall(): void
  /**
   * Lets every connection live on and new ones begin, and holds back what comes over them, both
   * ways, until `thaw`.
   */
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

/** Starts one. `target` gives the port that a new connection leads to, or its far end. */
export async function tcpProxy(target: () => number | Promise<Socket>): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const pairs = new Set<readonly [Socket, Socket]>()
  let frozen = false
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const join = ([near, far]: readonly [Socket, Socket]): void => void near.pipe(far).pipe(near)
  const lead = (near: Socket, far: Socket): void => {
    const pair = [near, keep(far)] as const
    // It may have been cut while its far end was looked for.
    if (near.destroyed) return void far.destroy()
    pairs.add(pair)
    if (!frozen) join(pair)
    near.on('close', () => {
      pairs.delete(pair)
      far.destroy()
    })
    far.on('close', () => near.destroy())
  }
  const listener = createServer(socket => {
    const near = keep(socket)
    const found = target()
    if (typeof found === 'number') return lead(near, connect(found, '127.0.0.1'))
    found.then(far => lead(near, far)).catch(() => near.destroy())
  })
  const { port, release } = await holdPort()
  const listen = async (): Promise<void> => {
    listener.listen(port, '127.0.0.1')
    await once(listener, 'listening')
  }
  await listen()
  const cut = async (how: 'reset' | 'end' = 'reset'): Promise<void> => {
    const closed = new Promise(resolve => listener.close(resolve))
    for (const socket of sockets) {
      if (how === 'reset') socket.resetAndDestroy()
      else socket.destroySoon()
    }
    await closed
  }
  return {
    port,
    cut,
    heal: listen,
    stall() {
      for (const socket of sockets) socket.unpipe().pause()
    },
    freeze() {
      frozen = true
      for (const socket of sockets) socket.unpipe().pause()
    },
    thaw() {
      frozen = false
      for (const pair of pairs) join(pair)
    },
    async close() {
      if (listener.listening) await cut()
      await release()
    },
  }
}
