import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { NoticeboardError } from '../../contracts/errors.js'
import { PART_WORD, type PartAnswer, type PartCalls } from './part-calls.js'

/** A process of a comparison, which ends when this one does. */
export interface Part {
  readonly pid: number
  /** `onStep` is called with each step of what takes its time. */
  ask<Name extends keyof PartCalls>(
    what: Name,
    given: PartCalls[Name]['given'],
    onStep?: (step: string) => void,
  ): Promise<PartCalls[Name]['answer']>
  /** Ends it as a crash does. */
  kill(): Promise<void>
}

/** Who waits for an answer. */
interface Waiting {
  resolve(value: unknown): void
  reject(reason: Error): void
  onStep(step: string): void
}

/**
 * Starts a process of a comparison. `cli` is the file of the command line. It is ended by its own
 * id, and ends by itself when the channel to this process closes.
 *
 * ```ts
 * const part = startPart(cli)
 * try {
 *   await part.ask('serve', { folder, port: 0, heartbeatMs: 15_000 })
 * } finally {
 *   await part.kill()
 * }
 * ```
 */
export function startPart(cli: string): Part {
  const child = spawn(process.execPath, [cli, PART_WORD], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    // A shape may hold what JSON has no number for.
    serialization: 'advanced',
  })
  const waiting = new Map<number, Waiting>()
  let asked = 0
  let gone = false
  const fail = (): void => {
    gone = true
    const error = new NoticeboardError('unavailable', 'a process of the comparison ended, or did not start')
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  child.on('message', (message: PartAnswer) => {
    const entry = waiting.get(message.id)
    if ('step' in message) return entry?.onStep(message.step)
    waiting.delete(message.id)
    if ('error' in message) entry?.reject(new NoticeboardError(message.code ?? 'unavailable', message.error))
    else entry?.resolve(message.answer)
  })
  child.once('error', fail)
  child.once('exit', fail)
  const kill = async (): Promise<void> => {
    if (gone || child.pid === undefined) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  }
  return {
    pid: child.pid ?? 0,
    ask: <Name extends keyof PartCalls>(
      what: Name,
      given: PartCalls[Name]['given'],
      onStep: (step: string) => void = () => {},
    ) =>
      new Promise<PartCalls[Name]['answer']>((resolve, reject) => {
        asked += 1
        waiting.set(asked, { resolve: value => resolve(value as PartCalls[Name]['answer']), reject, onStep })
        if (gone) return fail()
        child.send({ id: asked, ask: what, given })
      }),
    kill,
  }
}
