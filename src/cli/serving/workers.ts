import { createServer, type AddressInfo } from 'node:net'
import { abortable } from '../../async/signals.js'
import { assembleHandler } from '../../server/handler.js'
import { startController } from '../../server/serve.js'
import { createDesk } from '../../server/together/desk.js'
import { readSystem } from '../../system/system.js'
import type { CommandContext } from '../command.js'
import { timedLoggerFor } from '../logger.js'
import { serveMetrics } from '../metrics-server.js'
import { startCrew } from './crew.js'
import { createMeasures } from './measures.js'
import { withServedStore } from './open-store.js'
import type { ServePlan } from './plan.js'
import { sayServing } from './say.js'
import { PORT_VARIABLE } from './worker-messages.js'

/**
 * Serves a board by several processes at one address, until it is interrupted. This one serves
 * nothing: it shares the connections out, keeps the reports that all of them hear, moves the
 * rollouts on, tells the metrics, and starts a worker that died again.
 */
export async function serveByWorkers(context: CommandContext, plan: ServePlan, count: number): Promise<void> {
  const { io, print } = context
  const { metricsPort, readOnly } = plan
  const { port: wanted, host, tokenFile: _, controller: served, ...options } = plan.options
  const logger = timedLoggerFor(context)
  const { clock, random } = readSystem('serve', io.system)
  await withServedStore(context, plan, async store => {
    const { handler, source, reports } = assembleHandler(store, { ...options, write: false })
    const desk = createDesk({ reports })
    const measures = createMeasures(clock)
    const port = wanted === 0 ? await freePort(host) : wanted
    const crew = startCrew({
      count,
      env: { [PORT_VARIABLE]: String(port) },
      clock,
      random,
      logger,
      joined(channel) {
        const leaves = [desk.join(channel as Parameters<typeof desk.join>[0]), measures.join(channel)]
        return () => leaves.forEach(leave => leave())
      },
    })
    try {
      const url = await abortable(crew.serving, io.signal)
      const controller = readOnly
        ? undefined
        : startController(source, { ...options, controller: served, reports })
      try {
        const metrics =
          metricsPort === undefined
            ? undefined
            : await serveMetrics(store, {
                port: metricsPort,
                load: () => ({ ...handler.load, ...desk.load }),
                others: measures.all,
              })
        try {
          sayServing(context, plan, { url, metrics: metrics?.url })
          await abortable(crew.failed, io.signal)
        } finally {
          await metrics?.close()
        }
      } finally {
        await controller?.close()
      }
    } catch (error) {
      if (!io.signal.aborted) throw error
      print.note('closing')
    } finally {
      await crew.close()
      await handler.close()
    }
  })
}

/** A port that is free now, for all workers to listen on: each by itself would take another one. */
async function freePort(host = '127.0.0.1'): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port: 0 }, resolve)
  })
  const { port } = server.address() as AddressInfo
  await new Promise<void>(resolve => server.close(() => resolve()))
  return port
}
