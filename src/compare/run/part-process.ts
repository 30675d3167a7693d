import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { NoticeboardError } from '../../contracts/errors.js'
import { PART_WORD, type PartAnswer, type PartCalls } from './part-calls.js'

/** A process of a real run, which ends when this one does. */
export interface Part {
  readonly pid: number
  ask<Name extends keyof PartCalls>(
    what: Name,
    given: PartCalls[Name]['given'],
  ): Promise<PartCalls[Name]['answer']>
  /** Ends it as a crash does. */
  kill(): Promise<void>
}

/**
 * Starts a process of a real run. `cli` is the file of the command line. It is ended by its own id,
 * and ends by itself when the channel to this process closes.
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
  const child = spawn(process.execPath, [cli, PART_WORD], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
  const waiting = new Map<number, { resolve(value: unknown): void; reject(reason: Error): void }>()
  let asked = 0
  let gone = false
  const fail = (): void => {
    gone = true
    const error = new NoticeboardError('unavailable', 'a process of the run ended, or did not start')
    for (const { reject } of waiting.values()) reject(error)
    waiting.clear()
  }
  child.on('message', (message: PartAnswer) => {
    const entry = waiting.get(message.id)
    waiting.delete(message.id)
    if ('error' in message) entry?.reject(new NoticeboardError('unavailable', message.error))
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
    ask: <Name extends keyof PartCalls>(what: Name, given: PartCalls[Name]['given']) =>
      new Promise<PartCalls[Name]['answer']>((resolve, reject) => {
        asked += 1
        waiting.set(asked, { resolve: value => resolve(value as PartCalls[Name]['answer']), reject })
        if (gone) return fail()
        child.send({ id: asked, ask: what, given })
      }),
    kill,
  }
}
