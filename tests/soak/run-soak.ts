import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { NAMESPACE, openBoard } from '../chaos/board.js'

export interface SoakOptions {
  /** Clients in the one process. */
  readonly clients: number
  /** Of these, how many have a transport, and so connections, of their own; the others share one. */
  readonly separate: number
  /** Readers beside them that ask for the stream and do not read. */
  readonly stalled: number
  /** After so many publishes the first measure is taken. */
  readonly warmUp: number
  /** After so many in all the second. */
  readonly publishes: number
  /** How long it may take until as many handles are open as at the first measure, in milliseconds; 60,000 unless given. */
  readonly settleMs?: number
  /** Keeps every document that a client ever ran: a leak on purpose, which has to be seen. */
  readonly leaky?: boolean
  readonly onProgress?: (published: number, publishes: number) => void
}

/** What a process held after some publishes. */
export interface Measure {
  readonly heapBytes: number
  readonly handles: Readonly<Record<string, number>>
}

export interface SoakResult {
  readonly clients: { readonly before: Measure; readonly after: Measure }
  readonly server: { readonly before: Measure; readonly after: Measure }
}

export interface ClientsSettings extends Required<
  Pick<SoakOptions, 'clients' | 'separate' | 'stalled' | 'leaky'>
> {
  readonly url: string
  readonly namespace: string
}

export interface ServerSettings {
  readonly folder: string
}

/** Large enough that a reader who stalls fills its buffers, and those of the system, long before the end. */
const DOCUMENT_BYTES = 60_000

/** Publishes to many clients for a long time, and measures both ends early and late. Both processes are gone when it resolves. */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const {
    clients: count,
    separate,
    stalled,
    warmUp,
    publishes,
    settleMs = 60_000,
    leaky = false,
    onProgress,
  } = options
  const root = await mkdtemp(join(tmpdir(), 'noticeboard-soak-'))
  // Published from here, so that the server holds nothing but what serving takes.
  const board = await openBoard(join(root, 'board'), DOCUMENT_BYTES)
  const server = start('./server.worker.js', { folder: board.folder })
  let clients: Worker | undefined
  try {
    const { url } = (await server.answer('ready')) as { readonly url: string }
    await board.publish()
    clients = start('./clients.worker.js', {
      url,
      namespace: NAMESPACE,
      clients: count,
      separate,
      stalled,
      leaky,
    })
    await clients.answer('ready')

    let published = 0
    const publishUntil = async (wanted: number): Promise<void> => {
      while (published < wanted) {
        published += 1
        const { sequence } = await board.publish()
        await clients?.ask({ type: 'expect', sequence }, 'current')
        onProgress?.(published, publishes)
      }
    }
    await publishUntil(warmUp)
    const early = await settled(clients, server, settleMs)
    await publishUntil(publishes)
    const late = await settled(clients, server, settleMs, early)
    return {
      clients: { before: early.clients, after: late.clients },
      server: { before: early.server, after: late.server },
    }
  } finally {
    await Promise.all([server.kill(), clients?.kill()])
    await board.close()
    await rm(root, { recursive: true, force: true })
  }
}

interface Both {
  readonly clients: Measure
  readonly server: Measure
}

/**
 * Measures when nothing is under way: connections that wait to be used again are closed after some seconds. Twice the same in a row
 * is quiet; with a measure to compare with, so is what has the same handles. After the time it is what it is.
 */
async function settled(clients: Worker, server: Worker, settleMs: number, like?: Both): Promise<Both> {
  const giveUp = performance.now() + settleMs
  let before: Both | undefined
  for (;;) {
    const now = {
      clients: (await clients.ask({ type: 'measure' }, 'measured')) as Measure,
      server: (await server.ask({ type: 'measure' }, 'measured')) as Measure,
    }
    const quiet = like ?? before
    if (performance.now() > giveUp || (quiet !== undefined && sameHandles(quiet, now))) return now
    before = now
    // As long as idle connections are kept, so that two measures of them are not the same by chance.
    await new Promise(resolve => setTimeout(resolve, like === undefined ? 4_500 : 1_000))
  }
}

function sameHandles(a: Both, b: Both): boolean {
  return spell(a.clients) === spell(b.clients) && spell(a.server) === spell(b.server)
}

const spell = ({ handles }: Measure): string => JSON.stringify(Object.entries(handles).toSorted())

interface Worker {
  /** Sends a question and waits for its answer. */
  ask(question: object, type: string): Promise<unknown>
  answer(type: string): Promise<unknown>
  kill(): Promise<void>
}

function start(worker: string, settings: object): Worker {
  const child: ChildProcess = fork(
    fileURLToPath(new URL(worker, import.meta.url)),
    [JSON.stringify(settings)],
    {
      // Without the optimising compiler, whose code grows for as long as there is something left to compile.
      execArgv: ['--expose-gc', '--no-opt', '--no-flush-bytecode'],
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    },
  )
  const gone = once(child, 'exit')
  const answer = (type: string): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const hear = (message: unknown): void => {
        if ((message as { type: string }).type !== type) return
        child.off('message', hear)
        child.off('exit', lost)
        resolve(message)
      }
      const lost = (): void => reject(new Error(`${worker} ended before it answered`))
      child.on('message', hear)
      child.once('exit', lost)
    })
  return {
    answer,
    ask(question, type) {
      const answered = answer(type)
      child.send(question)
      return answered
    },
    async kill() {
      child.kill('SIGKILL')
      if (child.exitCode === null && child.signalCode === null) await gone
    },
  }
}
