import { whenAborted } from '../../async/signals.js'
import { serve } from '../../server/index.js'
import type { CommandContext } from '../command.js'
import { serveMetrics } from '../metrics-server.js'
import { withServedStore } from './open-store.js'
import type { ServePlan } from './plan.js'
import { sayServing } from './say.js'

/** Serves a board by this process, until it is interrupted. */
export async function serveAlone(context: CommandContext, plan: ServePlan): Promise<void> {
  const { io, print } = context
  const { metricsPort } = plan
  await withServedStore(context, plan, async store => {
    const server = await serve(store, plan.options)
    try {
      const metrics =
        metricsPort === undefined
          ? undefined
          : await serveMetrics(store, { port: metricsPort, load: () => server.handler.load })
      try {
        sayServing(context, plan, { url: server.url, metrics: metrics?.url })
        await whenAborted(io.signal)
        print.note('closing')
      } finally {
        await metrics?.close()
      }
    } finally {
      await server.close()
    }
  })
}
