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

/** What is served as metrics, and where. */
export interface MetricsServerOptions {
  readonly port: number
  readonly load: () => ServerLoad
  /**
   * The metrics of other processes that serve the same board, in prom-client's own form, which are
   * summed up; none by default.
   */
  readonly others?: () => Promise<readonly (readonly object[])[]>
}

/**
 * Measures this process for another one that tells it. Throws `unsupported` without the package
 * prom-client.
 *
 * ```ts
 * const measure = await processMetrics()
 * const metrics = await measure()
 * ```
 */
export async function processMetrics(): Promise<() => Promise<readonly object[]>> {
  const prom = await loadProm()
  const register = new prom.Registry()
  prom.collectDefaultMetrics({ register })
  return () => register.getMetricsAsJSON()
}

/**
 * Serves `/metrics` of a board and of this process, to this machine alone: they name the
 * namespaces, which readers of the board cannot list. Throws `unsupported` without the package
 * prom-client, and `unavailable` when the port is taken.
 */
export async function serveMetrics(
  store: Store,
  { port, load, others }: MetricsServerOptions,
): Promise<MetricsServer> {
  const prom = await loadProm()
  const register = new prom.Registry()
  prom.collectDefaultMetrics({ register })
  boardMetrics(store, { prom, register, load })
  const textOf = async (): Promise<string> => {
    if (others === undefined) return register.metrics()
    const all = await Promise.all([register.getMetricsAsJSON(), others()])
    return prom.AggregatorRegistry.aggregate([all[0], ...all[1]] as object[]).metrics()
  }
  const server = createServer((request, response) => {
    if (request.url?.split('?')[0] !== '/metrics') {
      response.writeHead(404, { 'Content-Type': 'text/plain' }).end('the metrics are at /metrics\n')
      return
    }
    textOf().then(
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
