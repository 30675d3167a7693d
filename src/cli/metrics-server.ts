import type Prom from 'prom-client'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { NoticeboardError } from '../contracts/errors.js'
import type { Store } from '../contracts/transport.js'
import { boardMetrics, type ServerLoad } from '../metrics/index.js'

/** Where Prometheus finds the metrics of a board. */
export interface MetricsServer {
  readonly url: string
  close(): Promise<void>
}

/**
 * Serves `/metrics` of a board and of this process, to this machine alone: they name the namespaces, which
 * readers of the board cannot list. Throws `unsupported` without the package prom-client, and `unavailable`
 * when the port is taken.
 */
export async function serveMetrics(
  store: Store,
  { port, load }: { readonly port: number; readonly load: () => ServerLoad },
): Promise<MetricsServer> {
  const prom = await loadProm()
  const register = new prom.Registry()
  prom.collectDefaultMetrics({ register })
  boardMetrics(store, { prom, register, load })
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('the metrics are at /metrics\n')
      return
    }
    register.metrics().then(
      text => response.writeHead(200, { 'Content-Type': register.contentType }).end(text),
      () => response.writeHead(500, { 'Content-Type': 'text/plain' }).end('the metrics could not be read\n'),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', error =>
      reject(
        new NoticeboardError(
          'unavailable',
          `cannot listen on 127.0.0.1:${port} for metrics; choose another --metrics-port`,
          { cause: error },
        ),
      ),
    )
    server.listen({ host: '127.0.0.1', port }, resolve)
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/metrics`,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function loadProm(): Promise<typeof Prom> {
  try {
    const module = await import('prom-client')
    return module.default ?? module
  } catch (error) {
    throw new NoticeboardError(
      'unsupported',
      '--metrics-port needs the package prom-client beside this one: npm install prom-client',
      { cause: error },
    )
  }
}
