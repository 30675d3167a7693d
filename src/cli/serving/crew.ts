import cluster, { type Worker } from 'node:cluster'
import { createBackoff } from '../../async/backoff.js'
import { settlesWithin } from '../../async/deadline.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Clock, Logger, Random } from '../../contracts/system.js'
import type { Channel } from '../../server/together/messages.js'
import { channelOver, type FromWorker, type ToWorker, type Wired } from './worker-messages.js'

/** How long workers may take to say goodbye before they are ended, in milliseconds. */
const GOODBYE_MS = 20_000

/** The channel of a worker, from the process that started it. */
export type WorkerChannel = Channel<ToWorker, FromWorker>

/** The workers of a server. */
export interface Crew {
  /**
   * Resolves to the address that all of them serve at, once each does. Rejects with what keeps one
   * from it.
   */
  readonly serving: Promise<string>
  /** Rejects when they cannot go on; never resolves. */
  readonly failed: Promise<never>
  /** Tells all of them to end, which say goodbye to their clients, and waits for it. */
  close(): Promise<void>
}

export interface CrewOptions {
  readonly count: number
  readonly env: Readonly<Record<string, string>>
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Hears of each worker that starts; what it returns is called when that one is gone. */
  readonly joined: (channel: WorkerChannel) => () => void
}

/**
 * Starts so many workers of this program, with the arguments that it was started with itself. One
 * that dies is started again, after a delay that grows while it goes on dying. One that cannot
 * begin to serve, or has lost the address, ends all.
 */
export function startCrew({ count, env, clock, random, logger, joined }: CrewOptions): Crew {
  const closing = new AbortController()
  const live = new Set<Worker>()
  const ends = new Set<Promise<void>>()
  let fail: (error: NoticeboardError) => void = () => {}
  const failed = new Promise<never>((_resolve, reject) => (fail = reject))
  // Whoever starts them may be in the middle of something else.
  failed.catch(() => {})

  /** Runs one worker to its end; resolves to why it failed, where it said so. */
  const runOnce = (served: (url: string) => void): Promise<Ended> => {
    const worker = cluster.fork(env)
    const channel = channelOver<ToWorker, FromWorker>(worker as unknown as Wired)
    const leave = joined(channel)
    let failure: Ended['failure']
    const stopListening = channel.listen(message => {
      if (message.type === 'serving') served(message.url)
      if (message.type === 'failed') failure = message
    })
    live.add(worker)
    const ended = new Promise<Ended>(resolve => {
      worker.once('exit', (status: number | null, signal: string | null) => {
        live.delete(worker)
        stopListening()
        leave()
        resolve({ pid: worker.process.pid, by: signal ?? `status ${status}`, failure })
      })
    })
    // A worker whose program cannot be started at all; its exit follows.
    worker.on('error', () => {})
    if (closing.signal.aborted) void channel.send({ type: 'close' })
    return ended
  }

  /** Keeps one place filled. */
  const keep = async (place: number, firstServed: (url: string) => void): Promise<void> => {
    const backoff = createBackoff({ clock, random })
    let hasServed = false
    while (!closing.signal.aborted) {
      const { pid, by, failure } = await runOnce(url => {
        hasServed = true
        backoff.succeeded()
        firstServed(url)
      })
      if (closing.signal.aborted) return
      if (failure !== undefined && (failure.cannotListen || !hasServed))
        return fail(new NoticeboardError(failure.code, failure.message))
      const waitMs = Math.round(backoff.failed())
      logger.error(`worker ${place} ended and is started again`, {
        process: pid,
        by,
        afterMs: waitMs,
        ...(failure !== undefined && { reason: failure.message }),
      })
      await clock.sleep(waitMs, closing.signal)
    }
  }

  const places = Array.from(
    { length: count },
    (_, index) =>
      new Promise<string>(resolve => {
        ends.add(keep(index + 1, resolve))
      }),
  )
  const serving = new Promise<string>((resolve, reject) => {
    void Promise.all(places).then(([url = '']) => resolve(url))
    failed.catch(reject)
  })

  const close = async (): Promise<void> => {
    closing.abort()
    for (const worker of live)
      void channelOver<ToWorker, FromWorker>(worker as unknown as Wired).send({ type: 'close' })
    const gone = Promise.all(ends)
    if (await settlesWithin(gone, { clock, timeoutMs: GOODBYE_MS })) return
    for (const worker of live) worker.process.kill('SIGKILL')
    await gone
  }

  return { serving, failed, close }
}

interface Ended {
  readonly pid: number | undefined
  readonly by: string
  readonly failure: (FromWorker & { readonly type: 'failed' }) | undefined
}
