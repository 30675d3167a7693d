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
  /**
   * Of these, how many have a transport, and so connections, of their own; the others share one.
   */
  readonly separate: number
  /** Readers beside them that ask for the stream and do not read. */
  readonly stalled: number
  /** After so many publishes the first measure is taken. */
  readonly warmUp: number
  /** After so many in all the second. */
  readonly publishes: number
  /** How long a measure may take until it is quiet, in milliseconds; 60,000 unless given. */
  readonly settleMs?: number
  /** Keeps every document that a client ever ran: a leak on purpose, which has to be seen. */
  readonly leaky?: boolean
  /** About how long a document is, in bytes; 600 unless given. */
  readonly documentBytes?: number
  /**
   * Lets V8 optimise the clients, for a large scale: a third faster, and code that grows for as
   * long as there is something left to compile, which does not count beside the heap of thousands
   * of clients.
   */
  readonly optimised?: boolean
  readonly onProgress?: (published: number, publishes: number) => void
}

/** The negative control: clients that keep what they ran, which has to be seen. */
export const LEAK_ON_PURPOSE: SoakOptions = {
  clients: 10,
  separate: 2,
  stalled: 0,
  warmUp: 10,
  publishes: 40,
  settleMs: 5_000,
  leaky: true,
  documentBytes: 60_000,
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
  /** What the readers ask for that do not read. */
  readonly stalledNamespace: string
}

export interface ServerSettings {
  readonly folder: string
}

const STALLED_NAMESPACE = 'soak/stalled'

/**
 * Large enough that a reader who stalls fills its buffers, and those of the system, long before the
 * end.
 */
const STALLED_BYTES = 60_000

/**
 * Publishes to many clients for a long time, and measures both ends early and late. Both processes
 * are gone when it resolves.
 */
export async function runSoak(options: SoakOptions): Promise<SoakResult> {
  const {
    clients: count,
    separate,
    stalled,
    warmUp,
    publishes,
    settleMs = 60_000,
    leaky = false,
    optimised = false,
    documentBytes = 600,
    onProgress,
  } = options
  const root = await mkdtemp(join(tmpdir(), 'noticeboard-soak-'))
  // Published from here, so that the server holds nothing but what serving takes.
  const board = await openBoard(join(root, 'board'), { documentBytes })
  const large = await openBoard(join(root, 'board'), {
    documentBytes: STALLED_BYTES,
    namespace: STALLED_NAMESPACE,
  })
  const server = start('./server.worker.js', { folder: board.folder }, false)
  let clients: Worker | undefined
  try {
    const { url } = (await server.answer('ready')) as { readonly url: string }
    await Promise.all([board.publish(), large.publish()])
    const settings = {
      url,
      namespace: NAMESPACE,
      stalledNamespace: STALLED_NAMESPACE,
      clients: count,
      separate,
      stalled,
      leaky,
    }
    clients = start('./clients.worker.js', settings, optimised)
    await clients.answer('ready')

    let published = 0
    const publishUntil = async (wanted: number): Promise<void> => {
      while (published < wanted) {
        published += 1
        const [{ sequence }] = await Promise.all([board.publish(), large.publish()])
        await clients?.ask({ type: 'expect', sequence }, 'current')
        onProgress?.(published, publishes)
      }
    }
    await publishUntil(Math.ceil(0.9 * warmUp))
    // Measured once for nothing: code that runs only then is compiled, and takes its room, before
    // the first measure that counts.
    await settled(clients, server, settleMs)
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
    await large.close()
    await rm(root, { recursive: true, force: true })
  }
}

interface Both {
  readonly clients: Measure
  readonly server: Measure
}

/**
 * The least of several measures, since what is open for a moment comes and goes: until nothing less
 * was seen a few times in a row and, with a measure to compare with, there are as few handles as
 * there. After the time it is what it is.
 */
async function settled(clients: Worker, server: Worker, settleMs: number, like?: Both): Promise<Both> {
  const giveUp = performance.now() + settleMs
  let least: Both | undefined
  let same = 0
  for (;;) {
    const before = least
    const now = {
      clients: (await clients.ask({ type: 'measure' }, 'measured')) as Measure,
      server: (await server.ask({ type: 'measure' }, 'measured')) as Measure,
    }
    least =
      before === undefined
        ? now
        : { clients: leastOf(before.clients, now.clients), server: leastOf(before.server, now.server) }
    same = before !== undefined && sameHandles(before, least) ? same + 1 : 0
    if (performance.now() > giveUp) return least
    if (same >= QUIET && (like === undefined || noMore(least, like))) return least
    // Connections that are kept for a while in case that another request comes are closed in
    // between.
    await new Promise(resolve => setTimeout(resolve, 1_500))
  }
}

/**
 * After so many measures that found nothing less the least is believed: together as long as idle
 * connections are kept.
 */
const QUIET = 6

function leastOf(a: Measure, b: Measure): Measure {
  const handles: Record<string, number> = {}
  for (const [name, count] of Object.entries(a.handles)) {
    const fewer = Math.min(count, b.handles[name] ?? 0)
    if (fewer > 0) handles[name] = fewer
  }
  return { heapBytes: Math.min(a.heapBytes, b.heapBytes), handles }
}

function sameHandles(a: Both, b: Both): boolean {
  return noMore(a, b) && noMore(b, a)
}

function noMore(a: Both, b: Both): boolean {
  const fits = (one: Measure, other: Measure): boolean =>
    Object.entries(one.handles).every(([name, count]) => count <= (other.handles[name] ?? 0))
  return fits(a.clients, b.clients) && fits(a.server, b.server)
}

/** How many times what it was a heap has become. */
export function growthOf(before: Measure, after: Measure): number {
  return after.heapBytes / before.heapBytes
}

interface Worker {
  /** Sends a question and waits for its answer. */
  ask(question: object, type: string): Promise<unknown>
  answer(type: string): Promise<unknown>
  kill(): Promise<void>
}

function start(worker: string, settings: object, optimised: boolean): Worker {
  const child: ChildProcess = fork(
    fileURLToPath(new URL(worker, import.meta.url)),
    [JSON.stringify(settings)],
    {
      execArgv: [
        '--expose-gc',
        '--no-flush-bytecode',
        '--max-semi-space-size=64',
        ...(optimised ? [] : ['--no-opt']),
      ],
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
