import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import { errorMessage } from '../../core/built-ins.js'
import { fileStore } from '../../node/index.js'
import { serve } from '../../server/index.js'
import { strategyOf } from '../strategy-of.js'
import { openClients, type Clients } from './clients.js'
import { endProcess } from './end-process.js'
import type { PartAnswer, PartCalls, PartQuestion } from './part-calls.js'

/** The channel to the process that started this one. */
export interface PartChannel {
  /** False once the process that started this one is gone. */
  readonly connected?: boolean
  on(event: 'message', listener: (question: PartQuestion) => void): unknown
  once(event: 'disconnect', listener: () => void): unknown
  send?(answer: PartAnswer): unknown
}

/**
 * Is a process of a comparison, a server, clients, a guard or a simulation, until whoever started it
 * is gone. What it holds then is nobody's any more, so the caller ends the process.
 *
 * ```ts
 * await bePart(process)
 * ```
 */
export async function bePart(channel: PartChannel): Promise<void> {
  let clients: Clients | undefined
  let guarded: readonly number[] = []
  const answerTo = async ({
    id,
    ask,
    given,
  }: PartQuestion): Promise<PartCalls[keyof PartCalls]['answer']> => {
    switch (ask) {
      case 'serve': {
        const { folder, port, heartbeatMs } = given
        const server = await serve(fileStore(folder), {
          port,
          heartbeatMs,
          controller: false,
          tokenFile: `${folder}/token`,
        })
        return { url: server.url, port: server.port, token: server.token ?? '' }
      }
      case 'follow':
        clients = openClients(given)
        await clients.start()
        return null
      case 'restart':
        await clients?.restart()
        return null
      case 'guard':
        guarded = given.pids
        return null
      case 'simulate': {
        const { name, shape, ...options } = given
        // Loaded only here: else it shares a chunk with what pages carry.
        const { simulateModel } = await import('../simulation/simulate-model.js')
        return simulateModel(
          { name, shape, strategy: transport => strategyOf(shape, transport) },
          {
            ...options,
            signal: new AbortController().signal,
            onStep: step => void channel.send?.({ id, step }),
          },
        )
      }
      case 'look':
        if (clients === undefined)
          throw new NoticeboardError('internal', 'a process of the run has no clients to look at')
        return clients.look(given.round)
    }
  }
  channel.on('message', question => {
    answerTo(question).then(
      answer => channel.send?.({ id: question.id, answer }),
      (error: unknown) =>
        channel.send?.({
          id: question.id,
          error: errorMessage(error),
          code: isNoticeboardError(error) ? error.code : undefined,
        }),
    )
  })
  // Whoever started this process may have gone while it was still loading, which nobody heard.
  if (channel.connected !== false)
    await new Promise<void>(resolve => void channel.once('disconnect', resolve))
  for (const pid of guarded) endProcess(pid)
}
