import { createServer, type IncomingMessage, type RequestListener } from 'node:http'
import { createServer as createRawServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

export const never = new AbortController().signal
export const NAMESPACE = 'checkout/prod'
export const DIGEST = 'a'.repeat(64)

/** A real server that answers as the test says; it ends with the test. */
export async function scripted(
  listener: RequestListener,
): Promise<{ readonly url: string; readonly requests: IncomingMessage[] }> {
  const requests: IncomingMessage[] = []
  const server = createServer((req, res) => {
    requests.push(req)
    listener(req, res)
  })
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: await listen(server), requests }
}

/**
 * A server that speaks bytes: for what no HTTP library would send. Gives the open sockets that
 * brought a request; Node's fetch keeps another one at hand for some seconds after one was torn
 * down.
 */
export async function raw(onRequest: (socket: Socket, head: string) => void): Promise<RawServer> {
  const all = new Set<Socket>()
  const open = new Set<Socket>()
  const server = createRawServer(socket => {
    all.add(socket)
    socket.on('close', () => {
      all.delete(socket)
      open.delete(socket)
    })
    socket.on('error', () => {})
    let head = ''
    socket.on('data', chunk => {
      head += chunk.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      const whole = head
      head = ''
      open.add(socket)
      onRequest(socket, whole)
    })
  })
  onTestFinished(() => {
    for (const socket of all) socket.destroy()
    server.close()
  })
  return {
    url: await listen(server),
    open,
    close: () => new Promise(resolve => server.close(() => resolve())),
  }
}

export interface RawServer {
  readonly url: string
  readonly open: Set<Socket>
  close(): Promise<void>
}

/** Resolves when a condition holds; looks once a turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise(resolve => setImmediate(resolve))
}

async function listen(server: Server): Promise<string> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
