import cluster from 'node:cluster'
import { onAbort, whenAborted } from '../../async/signals.js'
import { createMember } from '../../server/together/member.js'
import { serveWith } from '../../server/serve.js'
import { readSystem } from '../../system/system.js'
import type { CommandContext } from '../command.js'
import { asError, statusOf, type ExitStatus } from '../exit.js'
import { processMetrics } from '../metrics-server.js'
import { withServedStore } from './open-store.js'
import type { ServePlan } from './plan.js'
import { channelOver, PORT_VARIABLE, type FromWorker, type ToWorker, type Wired } from './worker-messages.js'

/** How often a worker tells how much it has taken, in milliseconds. */
const TELL_MS = 1_000

/**
 * Serves a board as one of several processes, until it is interrupted or told to end. What keeps it
 * from that it tells the process that started it, which says it.
 */
export async function serveAsWorker(context: CommandContext, plan: ServePlan): Promise<ExitStatus | void> {
  const { io } = context
  const channel = channelOver<FromWorker, ToWorker>(process as Wired)
  const closing = new AbortController()
  const end = (): void => closing.abort()
  const forget = onAbort(io.signal, end)
  const measure = plan.metricsPort === undefined ? undefined : processMetrics()
  const leave = channel.listen(message => {
    if (message.type === 'close') end()
    if (message.type === 'measure') void answerMeasure(message.id)
  })
  const answerMeasure = async (id: number): Promise<void> => {
    const metrics = (await (await measure)?.()) ?? []
    await channel.send({ type: 'measured', id, metrics })
  }

  try {
    await withServedStore(context, plan, store => work(store))
  } catch (thrown) {
    const error = asError(thrown)
    await channel.send({
      type: 'failed',
      code: error.code,
      message: error.message,
      cannotListen: isListening(error.cause),
    })
    return statusOf(error)
  } finally {
    leave()
    forget()
    cluster.worker?.disconnect()
  }

  async function work(store: Parameters<Parameters<typeof withServedStore>[2]>[0]): Promise<void> {
    const { clock } = readSystem('serve', io.system)
    const member = createMember({
      channel: channel as Parameters<typeof createMember>[0]['channel'],
      clock,
      ...(plan.workers !== undefined && { processes: plan.workers }),
    })
    try {
      const port = Number(io.env[PORT_VARIABLE] ?? plan.options.port)
      const server = await serveWith(
        member.over(store),
        { ...plan.options, port, controller: false },
        member.shared,
      )
      let cancel: (() => void) | undefined
      const tell = (): void => {
        const { instances: _, maxInstances: __, ...load } = server.handler.load
        member.tell(load)
        cancel = clock.after(TELL_MS, tell)
      }
      try {
        await channel.send({ type: 'serving', url: server.url })
        tell()
        await whenAborted(closing.signal)
      } finally {
        cancel?.()
        await server.close()
        await member.flush()
      }
    } finally {
      member.close()
    }
  }
}

/** Whether it is the address that was refused, of all that a server begins with. */
function isListening(cause: unknown): boolean {
  const call = (cause as { readonly syscall?: unknown } | undefined)?.syscall
  return call === 'listen' || call === 'bind'
}
