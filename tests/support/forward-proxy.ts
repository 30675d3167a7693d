import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import { connect, type AddressInfo, type Socket } from 'node:net'
import { onTestFinished } from 'vitest'

/**
 * A forwarding proxy as companies have one: it makes plain requests itself, and passes on
 * connections (CONNECT).
 */
export interface ForwardProxy {
  readonly port: number
  /**
   * What it was asked for, as it stood in the first line: `GET http://board.test/v1/…`,
   * `CONNECT board.test:443`.
   */
  readonly asked: string[]
  /** The credentials that came with the last request. */
  readonly credentials: () => string | undefined
  /** Answers everything with this status, once that is set. */
  refuseWith(status: number): void
}

/**
 * Starts one on a port of 127.0.0.1 that knows names of its own: `{ 'board.test': 8420 }` is a port
 * of this machine. A name that it does not know is answered with 502, as proxies do.
 */
export async function startForwardProxy(names: Readonly<Record<string, number>>): Promise<ForwardProxy> {
  const asked: string[] = []
  const sockets = new Set<Socket>()
  let credentials: string | undefined
  let refusal: number | undefined
  const note = (req: IncomingMessage): void => {
    asked.push(`${req.method} ${req.url}`)
    credentials = req.headers['proxy-authorization']
  }
  const server = createServer((req, res) => {
    note(req)
    const { hostname } = new URL(req.url ?? '', 'http://nowhere.test')
    const port = names[hostname]
    if (refusal !== undefined || port === undefined) return void res.writeHead(refusal ?? 502).end('no')
    const { pathname, search } = new URL(req.url ?? '')
    const { 'proxy-authorization': _own, ...headers } = req.headers
    const passed = request(
      { host: '127.0.0.1', port, method: req.method, path: `${pathname}${search}`, headers },
      answer => {
        res.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(res)
      },
    )
    passed.on('error', () => res.destroy())
    res.on('close', () => passed.destroy())
    req.pipe(passed)
  })
  server.on('connect', (req: IncomingMessage, socket: Socket) => {
    note(req)
    const port = names[(req.url ?? '').replace(/:\d+$/, '')]
    if (refusal !== undefined || port === undefined)
      return void socket.end(`HTTP/1.1 ${refusal ?? 502} No\r\n\r\n`)
    const passed = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\n\r\n')
      socket.pipe(passed).pipe(socket)
    })
    for (const [end, other] of [
      [socket, passed],
      [passed, socket],
    ] as const) {
      sockets.add(end)
      end.on('error', () => other.destroy())
      end.on('close', () => other.destroy())
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.closeAllConnections()
    server.close()
  })
  return {
    port: (server.address() as AddressInfo).port,
    asked,
    credentials: () => credentials,
    refuseWith(status) {
      refusal = status
    },
  }
}
