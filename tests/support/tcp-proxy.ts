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
  close(): Promise<void>
}

export async function tcpProxy(target: () => number): Promise<TcpProxy> {
  const sockets = new Set<Socket>()
  const keep = (socket: Socket): Socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    return socket
  }
  const listener = createServer(socket => {
    const onward = keep(connect(target(), '127.0.0.1'))
    keep(socket).pipe(onward).pipe(socket)
    socket.on('close', () => onward.destroy())
    onward.on('close', () => socket.destroy())
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
    async close() {
      if (listener.listening) await cut()
      await release()
    },
  }
}
