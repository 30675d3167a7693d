import type { Channel, FromMember, ToMember } from '../../../../../src/server/together/messages.js'
import type { SimProcess } from '../../../../../src/sim/process.js'
import { never } from '../../../../support/session.js'
import type { SceneStage } from '../scene.js'

/** How long a message may be on its way, in milliseconds. */
export const WAY_MS = 20

/** Both ends of what lies between a worker and the process that started it. */
export interface Pipe {
  readonly atWorker: Channel<FromMember, ToMember>
  readonly atFirst: Channel<ToMember, FromMember>
}

/**
 * Messages come in order and as JSON carries them, each some milliseconds later. What was sent
 * comes though its sender has died since, and what comes to the dead is gone.
 */
export function pipeBetween(
  stage: Pick<SceneStage, 'clock' | 'dice'>,
  { worker, first }: { readonly worker: SimProcess; readonly first: SimProcess },
): Pipe {
  const toFirst = oneWay<FromMember>(stage, worker, first)
  const toWorker = oneWay<ToMember>(stage, first, worker)
  return {
    atWorker: { send: toFirst.send, listen: toWorker.listen },
    atFirst: { send: toWorker.send, listen: toFirst.listen },
  }
}

function oneWay<Message>(
  { clock, dice }: Pick<SceneStage, 'clock' | 'dice'>,
  from: SimProcess,
  to: SimProcess,
): Channel<Message, Message> {
  const hearers = new Set<(message: Message) => void>()
  let before: Promise<void> = Promise.resolve()
  return {
    send(message) {
      const text = JSON.stringify(message)
      before = before.then(async () => {
        await clock.sleep(dice.between(1, WAY_MS), never)
        to.when(() => {
          for (const hear of hearers) hear(JSON.parse(text) as Message)
        })
      })
      return from.gate(before)
    },
    listen(hear) {
      hearers.add(hear)
      return () => void hearers.delete(hear)
    },
  }
}
